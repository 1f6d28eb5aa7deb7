import AWSProtocol
import Foundation
import GRDB

extension ObjectStore {
    /// Begins a multipart upload, which lasts until it is completed or aborted.
    /// - Parameters:
    ///   - algorithm: the checksum that the client chose; nil: CRC-64/NVME of the whole object.
    ///   - type: what the object's checksum is to be of; nil: of the whole object where the algorithm allows no other or none
    ///     was chosen, else of the parts' checksums, as at Amazon.
    /// - Throws: `ObjectStoreError.noSuchBucket`, `.invalidAttributes`, `.metadataTooLarge`.
    public func createUpload(
        _ bucket: String, _ key: ObjectKey, attributes: ObjectAttributes = ObjectAttributes(),
        algorithm: ChecksumAlgorithm? = nil, type: ChecksumType? = nil
    ) async throws -> MultipartUpload {
        try attributes.check()
        let type = type ?? algorithm?.usualType ?? .fullObject
        if let algorithm, !algorithm.allows(type) {
            throw ObjectStoreError.invalidAttributes(
                reason:
                    "The \(type.rawValue) checksum type cannot be used with the \(algorithm.rawValue) checksum algorithm."
            )
        }
        let upload = MultipartUpload(
            id: StoreFolder.randomName(length: 40), bucket: bucket, key: key, initiated: Self.now(),
            chosenAlgorithm: algorithm, checksumType: type, attributes: attributes)
        try await write { try upload.insert($0) }
        return upload
    }

    /// A multipart upload that is neither completed nor aborted.
    /// - Throws: `ObjectStoreError.noSuchBucket`, `.noSuchUpload`.
    public func upload(_ bucket: String, _ key: ObjectKey, _ id: String) async throws -> MultipartUpload {
        try await read { try MultipartUpload.require($0, bucket: bucket, key, id) }
    }

    /// Aborts a multipart upload and frees its parts. Parts that are still being written come to nothing.
    /// - Throws: `ObjectStoreError.noSuchBucket`, `.noSuchUpload`.
    public func abortUpload(_ bucket: String, _ key: ObjectKey, _ id: String) async throws {
        try await writeReleasing { database in
            ((), released: try MultipartUpload.require(database, bucket: bucket, key, id).delete(database))
        }
    }

    /// A page of an upload's parts, in the order of their numbers.
    /// - Parameters:
    ///   - number: only parts with greater numbers.
    ///   - limit: the most parts, at least 0.
    /// - Throws: `ObjectStoreError.noSuchBucket`, `.noSuchUpload`.
    public func parts(
        _ bucket: String, _ key: ObjectKey, _ id: String, after number: Int = 0, limit: Int = 1000
    ) async throws -> (upload: MultipartUpload, parts: [StoredPart], isTruncated: Bool) {
        try await read { database in
            let upload = try MultipartUpload.require(database, bucket: bucket, key, id)
            let parts = try upload.parts(database, after: number, limit: limit + 1)
            return (upload, Array(parts.prefix(limit)), limit > 0 && parts.count > limit)
        }
    }

    /// A page of a bucket's multipart uploads, in the order of their keys, then of their ids.
    /// - Parameters:
    ///   - query: prefix, delimiter and limit; `after` is the key marker.
    ///   - id: of the last upload of the key `query.after` that is not wanted any more; nil: none of that key is.
    /// - Throws: `ObjectStoreError.noSuchBucket`.
    public func uploads(
        _ bucket: String, _ query: ListQuery = ListQuery(), afterID id: String? = nil
    ) async throws -> ListPage<MultipartUpload> {
        try await read { database in
            let row = try Self.require(database, bucket: bucket)
            var page = ListPage<MultipartUpload>(entries: [], isTruncated: false)
            let rows = try Row.fetchCursor(
                database, sql: "SELECT * FROM upload WHERE bucket = ? AND key >= ? ORDER BY key, id",
                arguments: [row, Data(id == nil ? query.start : query.firstUploadKey)])
            var last: [UInt8]?
            while query.limit > 0, let row = try rows.next() {
                let upload = try MultipartUpload(row, bucket: bucket)
                guard upload.key.bytes.starts(with: query.prefix) else { break }
                if let id, upload.key.bytes == query.after, upload.id <= id { continue }
                let group = query.commonPrefix(of: upload.key.bytes)
                if let group, group == last { continue }
                last = group
                guard page.entries.count < query.limit else {
                    page.isTruncated = true
                    break
                }
                page.entries.append(group.map { .commonPrefix($0) } ?? .item(upload))
            }
            return page
        }
    }
}

extension ListQuery {
    /// The first key to look at if uploads of the key `after` itself may follow.
    fileprivate var firstUploadKey: [UInt8] { after.lexicographicallyPrecedes(prefix) ? prefix : after }
}
