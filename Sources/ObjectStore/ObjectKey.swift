/// The name of an object in its bucket: 1 to 1,024 bytes of UTF-8 without NUL, and nothing more. Slashes, `..` and empty parts
/// mean nothing; two keys are the same if their bytes are.
public struct ObjectKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The most bytes of a key.
    public static let maximumByteCount = 1024

    /// The key's bytes.
    public let bytes: [UInt8]

    /// Checks a key.
    /// - Throws: `ObjectStoreError.invalidKey`, `.keyTooLong`.
    public init(_ bytes: [UInt8]) throws(ObjectStoreError) {
        guard !bytes.isEmpty else { throw .invalidKey(reason: "it is empty") }
        guard bytes.count <= Self.maximumByteCount else { throw .keyTooLong(byteCount: bytes.count) }
        guard !bytes.contains(0) else { throw .invalidKey(reason: "it holds NUL") }
        guard String(validating: bytes, as: UTF8.self) != nil else { throw .invalidKey(reason: "it is not UTF-8") }
        self.bytes = bytes
    }

    /// Checks a key given as text.
    /// - Throws: `ObjectStoreError.invalidKey`, `.keyTooLong`.
    public init(_ text: String) throws(ObjectStoreError) {
        try self.init(Array(text.utf8))
    }

    /// A key that was checked before it was stored.
    init(stored bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The key as text.
    public var description: String { String(decoding: bytes, as: UTF8.self) }

    /// The order of listings: by bytes.
    public static func < (first: ObjectKey, second: ObjectKey) -> Bool {
        first.bytes.lexicographicallyPrecedes(second.bytes)
    }
}
