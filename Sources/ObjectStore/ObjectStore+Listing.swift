import Foundation
import GRDB

extension ObjectStore {
    /// A page of a bucket's objects. Groups of keys that are listed as one cost one look-up each, whatever their size.
    /// - Throws: `ObjectStoreError.noSuchBucket`.
    public func list(_ bucket: String, _ query: ListQuery = ListQuery()) async throws -> ListPage<StoredObject> {
        try await read { database in
            let row = try Self.require(database, bucket: bucket)
            return try Self.page(database, bucket: row, query) { try StoredObject($0, bucket: bucket) }
        }
    }

    private static func page(
        _ database: Database, bucket: Int64, _ query: ListQuery, make: (Row) throws -> StoredObject
    ) throws -> ListPage<StoredObject> {
        var page = ListPage<StoredObject>(entries: [], isTruncated: false)
        guard query.limit > 0 else { return page }
        let statement = try database.makeStatement(
            sql: "SELECT * FROM object WHERE bucket = ? AND key >= ? ORDER BY key")
        // No key is outside the prefix once one was: nil ends the listing.
        var start: [UInt8]? = query.start
        while let from = start {
            start = nil
            let rows = try Row.fetchCursor(statement, arguments: [bucket, Data(from)])
            while let row = try rows.next() {
                let data: Data = row["key"]
                let key = Array(data)
                guard key.starts(with: query.prefix) else { return page }
                guard page.entries.count < query.limit else {
                    page.isTruncated = true
                    return page
                }
                if let group = query.commonPrefix(of: key) {
                    page.entries.append(.commonPrefix(group))
                    start = query.successor(of: group)
                    break
                }
                page.entries.append(.item(try make(row)))
            }
        }
        return page
    }
}
