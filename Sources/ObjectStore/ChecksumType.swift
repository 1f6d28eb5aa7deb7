import AWSProtocol

/// What the checksum of an object is of.
public enum ChecksumType: String, Sendable, Equatable {
    /// Of its bytes.
    case fullObject = "FULL_OBJECT"
    /// Of its parts' checksums, one after the other.
    case composite = "COMPOSITE"
}

extension ChecksumAlgorithm {
    /// What the checksum of a multipart upload is of that says nothing about it.
    public var usualType: ChecksumType { self == .crc64nvme ? .fullObject : .composite }

    /// Whether multipart uploads can have such a checksum.
    ///
    /// Source: "Checking object integrity for data uploads" in the Amazon S3 User Guide.
    public func allows(_ type: ChecksumType) -> Bool {
        switch type {
        case .fullObject: isCombinable
        case .composite: self != .crc64nvme
        }
    }

    /// The checksum of parts in a row; nil if it does not follow from theirs.
    func combined(_ parts: [StoredPart]) -> [UInt8]? {
        guard var whole = parts.first?.checksum else { return nil }
        for part in parts.dropFirst() {
            guard let next = combine(whole, part.checksum, secondByteCount: part.byteCount) else { return nil }
            whole = next
        }
        return whole
    }
}
