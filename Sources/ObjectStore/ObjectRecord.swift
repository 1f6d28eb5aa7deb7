import AWSProtocol
import Foundation
import GRDB

/// Rows of the table `object`.
extension StoredObject {
    /// - Throws: `ObjectStoreError.index` if the row was not written by this program.
    init(_ row: Row, bucket: String) throws {
        let key: Data = row["key"]
        self.init(
            bucket: bucket, key: ObjectKey(stored: Array(key)), byteCount: row["size"], entityTag: row["etag"],
            modified: row["modified"],
            checksum: StoredChecksum(
                algorithm: try ChecksumAlgorithm(column: row["algorithm"]),
                type: try ChecksumType(column: row["checksum_type"]), value: row["checksum"]),
            partSizes: Self.sizes(row["part_sizes"]), attributes: ObjectAttributes(row), file: row["file"])
    }

    /// The object; nil if there is none.
    static func find(_ database: Database, bucket: Int64, name: String, _ key: ObjectKey) throws -> StoredObject? {
        try Row.fetchOne(
            database, sql: "SELECT * FROM object WHERE bucket = ? AND key = ?", arguments: [bucket, Data(key.bytes)]
        ).map { try StoredObject($0, bucket: name) }
    }

    /// The object.
    /// - Throws: `ObjectStoreError.noSuchBucket`, `.noSuchKey`.
    static func require(_ database: Database, bucket name: String, _ key: ObjectKey) throws -> StoredObject {
        let bucket = try ObjectStore.require(database, bucket: name)
        guard let object = try find(database, bucket: bucket, name: name, key) else {
            throw ObjectStoreError.noSuchKey(bucket: name, key: key)
        }
        return object
    }

    /// Stores the object in place of what has its key.
    /// - Returns: the file of what had it.
    /// - Throws: `ObjectStoreError.noSuchBucket`, `.noSuchKey`, `.preconditionFailed`.
    func put(_ database: Database, if condition: WriteCondition) throws -> [String] {
        let row = try ObjectStore.require(database, bucket: bucket)
        let old = try Self.find(database, bucket: row, name: bucket, key)
        try condition.check(old, bucket: bucket, key: key)
        try database.execute(
            sql: "INSERT OR REPLACE INTO object VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                row, Data(key.bytes), file, byteCount, entityTag, modified, checksum.algorithm.rawValue,
                checksum.type.rawValue, checksum.value, partSizes.map(String.init).joined(separator: ","),
                Data(attributes.headers.encoded), Data(attributes.metadata.encoded), Data(attributes.tags.encoded),
            ])
        return old.map { [$0.file] } ?? []
    }

    private static func sizes(_ text: String) -> [Int] {
        text.split(separator: ",").compactMap { Int($0) }
    }
}

extension ObjectAttributes {
    /// The attributes of a row of `object` or `upload`.
    init(_ row: Row) {
        let (headers, metadata, tags): (Data, Data, Data) = (row["headers"], row["metadata"], row["tags"])
        self.init(
            headers: .init(encoded: Array(headers)), metadata: .init(encoded: Array(metadata)),
            tags: .init(encoded: Array(tags)))
    }
}

extension RawRepresentable where RawValue == String {
    /// A value that this program wrote.
    /// - Throws: `ObjectStoreError.index` for any other.
    init(column text: String) throws {
        guard let value = Self(rawValue: text) else {
            throw ObjectStoreError.index(reason: "it holds \(text) where a \(Self.self) was expected")
        }
        self = value
    }
}

extension WriteCondition {
    /// - Throws: `ObjectStoreError.noSuchKey`, `.preconditionFailed`.
    func check(_ object: StoredObject?, bucket: String, key: ObjectKey) throws(ObjectStoreError) {
        switch self {
        case .none: return
        case .absent:
            guard object == nil else { throw .preconditionFailed(.absent) }
        case .matches(let entityTag):
            guard let object else { throw .noSuchKey(bucket: bucket, key: key) }
            guard object.entityTag.utf8.elementsEqual(entityTag.utf8) else { throw .preconditionFailed(.matches) }
        }
    }
}
