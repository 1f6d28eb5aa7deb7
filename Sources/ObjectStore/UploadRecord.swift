import AWSProtocol
import Foundation
import GRDB

/// Rows of the table `upload`.
extension MultipartUpload {
    /// - Throws: `ObjectStoreError.index` if the row was not written by this program.
    init(_ row: Row, bucket: String) throws {
        let key: Data = row["key"]
        let algorithm: String? = row["algorithm"]
        self.init(
            id: row["id"], bucket: bucket, key: ObjectKey(stored: Array(key)), initiated: row["initiated"],
            chosenAlgorithm: try algorithm.map { try ChecksumAlgorithm(column: $0) },
            checksumType: try ChecksumType(column: row["checksum_type"]), attributes: ObjectAttributes(row))
    }

    /// The upload.
    /// - Throws: `ObjectStoreError.noSuchBucket`, `.noSuchUpload`.
    static func require(
        _ database: Database, bucket name: String, _ key: ObjectKey, _ id: String
    ) throws -> MultipartUpload {
        let bucket = try ObjectStore.require(database, bucket: name)
        let row = try Row.fetchOne(
            database, sql: "SELECT * FROM upload WHERE id = ? AND bucket = ? AND key = ?",
            arguments: [id, bucket, Data(key.bytes)])
        guard let row else { throw ObjectStoreError.noSuchUpload(id) }
        return try MultipartUpload(row, bucket: name)
    }

    /// - Throws: `ObjectStoreError.noSuchBucket`.
    func insert(_ database: Database) throws {
        let row = try ObjectStore.require(database, bucket: bucket)
        try database.execute(
            sql: "INSERT INTO upload VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                id, row, Data(key.bytes), initiated, chosenAlgorithm?.rawValue, checksumType.rawValue,
                Data(attributes.headers.encoded), Data(attributes.metadata.encoded), Data(attributes.tags.encoded),
            ])
    }

    /// Forgets the upload and its parts.
    /// - Returns: the parts' files.
    func delete(_ database: Database) throws -> [String] {
        let files = try String.fetchAll(database, sql: "SELECT file FROM part WHERE upload = ?", arguments: [id])
        try database.execute(sql: "DELETE FROM upload WHERE id = ?", arguments: [id])
        return files
    }

    /// The parts with numbers above `number`, in order.
    func parts(_ database: Database, after number: Int = 0, limit: Int = Int.max) throws -> [StoredPart] {
        try Row.fetchAll(
            database, sql: "SELECT * FROM part WHERE upload = ? AND number > ? ORDER BY number LIMIT ?",
            arguments: [id, number, limit]
        ).map { StoredPart($0) }
    }
}

/// Rows of the table `part`.
extension StoredPart {
    init(_ row: Row) {
        let checksum: Data = row["checksum"]
        self.init(
            number: row["number"], byteCount: row["size"], entityTag: row["etag"], checksum: Array(checksum),
            modified: row["modified"], file: row["file"])
    }

    /// Stores the part in place of the one that has its number.
    /// - Returns: the file of the one that had it.
    func put(_ database: Database, upload id: String) throws -> [String] {
        let old = try String.fetchAll(
            database, sql: "SELECT file FROM part WHERE upload = ? AND number = ?", arguments: [id, number])
        try database.execute(
            sql: "INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?, ?, ?, ?)",
            arguments: [id, number, file, byteCount, entityTag, Data(checksum), modified])
        return old
    }
}
