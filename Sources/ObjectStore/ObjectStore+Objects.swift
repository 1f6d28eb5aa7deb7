import Foundation
import GRDB
import OutcropNumerics

extension ObjectStore {
    /// What is known about an object.
    /// - Throws: `ObjectStoreError.noSuchBucket`, `.noSuchKey`.
    public func object(_ bucket: String, _ key: ObjectKey) async throws -> StoredObject {
        try await read { try StoredObject.require($0, bucket: bucket, key) }
    }

    /// Opens an object for reading.
    /// - Throws: `ObjectStoreError.noSuchBucket`, `.noSuchKey`, `.damaged`, `.file`.
    public func open(_ bucket: String, _ key: ObjectKey) async throws -> OpenObject {
        var object = try await self.object(bucket, key)
        while true {
            do {
                return OpenObject(object, try await openFile(object))
            } catch ObjectStoreError.damaged(_, _, let reason) {
                // Between the look-up and the opening the object may have been replaced, and its file removed.
                let current = try await self.object(bucket, key)
                guard current.file != object.file else {
                    throw ObjectStoreError.damaged(bucket: bucket, key: key, reason: reason)
                }
                object = current
            }
        }
    }

    private func openFile(_ object: StoredObject) async throws -> RandomAccessFile {
        let path = folder.complete(object.file)
        let damaged = { (reason: String) in
            ObjectStoreError.damaged(bucket: object.bucket, key: object.key, reason: reason)
        }
        do {
            let file = try await FileWork.run { try RandomAccessFile(path: path) }
            guard file.byteCount == object.byteCount else {
                throw damaged("its file has \(file.byteCount) bytes instead of \(object.byteCount)")
            }
            return file
        } catch let error as FileError where error.isNotFound {
            throw damaged("its file \(path) is missing")
        } catch {
            throw ObjectStoreError.translating(error)
        }
    }

    /// An object as a plain file.
    /// - Throws: `ObjectStoreError.noSuchBucket`, `.noSuchKey`.
    public func file(_ bucket: String, _ key: ObjectKey) async throws -> ObjectFile {
        let object = try await self.object(bucket, key)
        return ObjectFile(
            path: folder.complete(object.file), byteCount: object.byteCount, entityTag: object.entityTag)
    }

    /// Deletes objects; those that do not exist are as good as deleted.
    /// - Throws: `ObjectStoreError.noSuchBucket`.
    public func delete(_ bucket: String, _ keys: [ObjectKey]) async throws {
        try await writeReleasing { database in
            let row = try Self.require(database, bucket: bucket)
            let statement = try database.cachedStatement(
                sql: "DELETE FROM object WHERE bucket = ? AND key = ? RETURNING file")
            let files = try keys.flatMap { key in
                try String.fetchAll(statement, arguments: [row, Data(key.bytes)])
            }
            return ((), released: files)
        }
    }

    /// Replaces an object's tags.
    /// - Throws: `ObjectStoreError.noSuchBucket`, `.noSuchKey`, `.invalidAttributes`.
    public func setTags(_ bucket: String, _ key: ObjectKey, _ tags: [ObjectAttributes.Field]) async throws {
        try ObjectAttributes.check(tags: tags)
        try await write { database in
            _ = try StoredObject.require(database, bucket: bucket, key)
            try database.execute(
                sql: """
                    UPDATE object SET tags = ? WHERE key = ? AND bucket = (SELECT id FROM bucket WHERE name = ?)
                    """, arguments: [Data(tags.encoded), Data(key.bytes), bucket])
        }
    }
}
