/// What is stored with an object beside its bytes, and returned as it came.
public struct ObjectAttributes: Sendable, Equatable {
    /// A name with its value.
    public struct Field: Sendable, Equatable {
        /// The name.
        public var name: String
        /// The value.
        public var value: String

        /// A name with its value.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The most bytes of user metadata, names and values together. Amazon's limit is 2 KiB, other servers take more.
    public static let maximumMetadataByteCount = 8 << 10
    /// The most tags of an object.
    public static let maximumTagCount = 10

    /// HTTP header fields such as `content-type`, names in lower case.
    public var headers: [Field]
    /// User metadata: names without `x-amz-meta-`, in lower case.
    public var metadata: [Field]
    /// Tags.
    public var tags: [Field]

    /// Attributes of an object.
    public init(headers: [Field] = [], metadata: [Field] = [], tags: [Field] = []) {
        self.headers = headers
        self.metadata = metadata
        self.tags = tags
    }

    /// - Throws: `ObjectStoreError.invalidAttributes`, `.metadataTooLarge`.
    func check() throws(ObjectStoreError) {
        let fields = headers + metadata + tags
        guard fields.allSatisfy({ !$0.name.utf8.contains(0) && !$0.value.utf8.contains(0) }) else {
            throw .invalidAttributes(reason: "headers, user metadata and tags may not hold NUL")
        }
        let count = metadata.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
        guard count <= Self.maximumMetadataByteCount else {
            throw .metadataTooLarge(byteCount: count, limit: Self.maximumMetadataByteCount)
        }
        try Self.check(tags: tags)
    }

    /// Source: "Categorizing your objects using tags" in the Amazon S3 User Guide.
    /// - Throws: `ObjectStoreError.invalidAttributes`.
    static func check(tags: [Field]) throws(ObjectStoreError) {
        guard tags.count <= maximumTagCount else {
            throw .invalidAttributes(reason: "an object can have \(maximumTagCount) tags, not \(tags.count)")
        }
        for (index, tag) in tags.enumerated() {
            guard (1...128).contains(tag.name.unicodeScalars.count), tag.value.unicodeScalars.count <= 256 else {
                throw .invalidAttributes(reason: "a tag's key has 1 to 128 characters, its value at most 256")
            }
            guard !tag.name.utf8.contains(0), !tag.value.utf8.contains(0) else {
                throw .invalidAttributes(reason: "a tag may not hold NUL")
            }
            let isRepeated = tags[..<index].contains { $0.name.utf8.elementsEqual(tag.name.utf8) }
            guard !isRepeated else { throw .invalidAttributes(reason: "two tags have the same key") }
        }
    }
}

extension [ObjectAttributes.Field] {
    /// Names and values, each followed by NUL, which none of them holds.
    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        for field in self {
            bytes += field.name.utf8
            bytes.append(0)
            bytes += field.value.utf8
            bytes.append(0)
        }
        return bytes
    }

    /// Reads what `encoded` wrote.
    init(encoded bytes: [UInt8]) {
        let texts = bytes.split(separator: 0, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        self = stride(from: 0, to: texts.count - 2, by: 2).map { .init(texts[$0], texts[$0 + 1]) }
    }
}
