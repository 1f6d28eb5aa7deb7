import AWSProtocol

/// What a multipart upload becomes: its parts in order, and the entity tag and checksum that follow from theirs.
struct Assembly: Sendable {
    let upload: MultipartUpload
    let parts: [StoredPart]

    /// Checks the parts that the client names against those that are there.
    /// - Throws: `ObjectStoreError.invalidPart`, `.invalidPartOrder`, `.partTooSmall`, `.tooLarge`.
    init(
        _ upload: MultipartUpload, _ references: [PartReference], of parts: [StoredPart], limits: ObjectStore.Limits
    ) throws(ObjectStoreError) {
        guard zip(references, references.dropFirst()).allSatisfy({ $0.number < $1.number }) else {
            throw .invalidPartOrder
        }
        let byNumber = Dictionary(parts.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
        var chosen: [StoredPart] = []
        var byteCount = 0
        for reference in references {
            guard let part = byNumber[reference.number], reference.matches(part) else {
                throw .invalidPart(number: reference.number)
            }
            chosen.append(part)
            byteCount += part.byteCount
        }
        guard let last = chosen.last else { throw .invalidPart(number: 1) }
        if let small = chosen.first(where: { $0.byteCount < limits.partByteCount && $0.number != last.number }) {
            throw .partTooSmall(number: small.number, byteCount: small.byteCount, minimum: limits.partByteCount)
        }
        guard byteCount <= limits.objectByteCount else { throw .tooLarge(limit: limits.objectByteCount) }
        self.upload = upload
        self.parts = chosen
    }

    var byteCount: Int { parts.reduce(0) { $0 + $1.byteCount } }

    var entityTag: String { Self.entityTag(of: parts.map(\.entityTag)) }

    /// The entity tag that parts with these entity tags make.
    static func entityTag(of parts: [String]) -> String {
        Hexadecimal.encode(MD5Digest.of(parts.flatMap { Hexadecimal.decode($0) ?? [] })) + "-\(parts.count)"
    }

    /// The checksum of the object's bytes; nil if it is of the parts' checksums.
    var fullChecksum: [UInt8]? {
        guard upload.checksumType == .fullObject else { return nil }
        return upload.algorithm.combined(parts)
    }

    var checksum: StoredChecksum {
        StoredChecksum(
            algorithm: upload.algorithm, type: upload.checksumType,
            value: fullChecksum.map(Base64.encode) ?? upload.algorithm.composite(parts.map(\.checksum)))
    }

    /// The object that has the parts' bytes in a file.
    func object(file: String) -> StoredObject {
        StoredObject(
            bucket: upload.bucket, key: upload.key, byteCount: byteCount, entityTag: entityTag,
            modified: ObjectStore.now(), checksum: checksum, partSizes: parts.map(\.byteCount),
            attributes: upload.attributes, file: file)
    }
}

extension PartReference {
    fileprivate func matches(_ part: StoredPart) -> Bool {
        guard entityTag.utf8.elementsEqual(part.entityTag.utf8) else { return false }
        // Why the length: a checksum of another algorithm than the upload's was compared when the part came, and not kept.
        guard let checksum, checksum.count == part.checksum.count else { return true }
        return checksum == part.checksum
    }
}
