import AWSProtocol
import Foundation
import GRDB
import OutcropNumerics
import Synchronization

/// What a client says about the object that a multipart upload is to become.
public struct Completion: Sendable, Equatable {
    /// The parts to take, in ascending order.
    public var parts: [PartReference]
    /// The size that it expects.
    public var byteCount: Int?
    /// The checksum of all bytes that it expects.
    public var checksum: ExpectedBody.Checksum?
    /// What must be so.
    public var condition: WriteCondition

    /// A completion.
    public init(
        parts: [PartReference], byteCount: Int? = nil, checksum: ExpectedBody.Checksum? = nil,
        condition: WriteCondition = .none
    ) {
        self.parts = parts
        self.byteCount = byteCount
        self.checksum = checksum
        self.condition = condition
    }
}

extension ObjectStore {
    /// Makes an object of a multipart upload. Asked again after it has succeeded, it answers the same, for a day.
    ///
    /// The work goes on when the request that asked for it is cancelled: the client will ask again.
    /// - Throws: `ObjectStoreError`: `.noSuchUpload`, `.invalidPart`, `.invalidPartOrder`, `.partTooSmall`, `.tooLarge`,
    ///   `.sizeMismatch`, `.digestMismatch`, `.checksumAlgorithmMismatch`, `.preconditionFailed`, `.outOfSpace`.
    public func completeUpload(
        _ bucket: String, _ key: ObjectKey, _ id: String, _ completion: Completion
    ) async throws -> StoredObject {
        while true {
            // One at a time: what the second would copy is gone when the first has succeeded, which it sees then.
            let (task, isOurs) = assemblies.withLock { assemblies in
                if let running = assemblies[id] { return (running, false) }
                let task = Task {
                    // Before the task is over: who waits for it must not find it here again.
                    defer { self.assemblies.withLock { $0[id] = nil } }
                    return try await self.assemble(bucket, key, id, completion)
                }
                assemblies[id] = task
                return (task, true)
            }
            let result = await task.result
            if isOurs { return try result.get() }
        }
    }

    private func assemble(
        _ bucket: String, _ key: ObjectKey, _ id: String, _ completion: Completion
    ) async throws -> StoredObject {
        var last: Assembly?
        while true {
            let assembly: Assembly
            do {
                assembly = try await plan(bucket, key, id, completion)
            } catch ObjectStoreError.noSuchUpload {
                return try await completed(bucket, key, id, completion)
            }
            guard assembly.parts != last?.parts else {
                throw ObjectStoreError.damaged(bucket: bucket, key: key, reason: "the file of a part is missing")
            }
            last = assembly
            do {
                return try await finish(assembly, completion.condition)
            } catch is PartsChanged {
                continue
            }
        }
    }

    /// A part was uploaded again meanwhile.
    private struct PartsChanged: Error {}

    private func plan(
        _ bucket: String, _ key: ObjectKey, _ id: String, _ completion: Completion
    ) async throws -> Assembly {
        let (upload, parts) = try await read { database in
            let upload = try MultipartUpload.require(database, bucket: bucket, key, id)
            return (upload, try upload.parts(database))
        }
        let assembly = try Assembly(upload, completion.parts, of: parts, limits: limits)
        if let count = completion.byteCount, count != assembly.byteCount {
            throw ObjectStoreError.sizeMismatch(expected: count, found: assembly.byteCount)
        }
        if let expected = completion.checksum {
            guard expected.algorithm == upload.algorithm else {
                throw ObjectStoreError.checksumAlgorithmMismatch(
                    expected: upload.algorithm, found: expected.algorithm)
            }
            if let found = assembly.fullChecksum, found != expected.value {
                throw ObjectStoreError.digestMismatch(
                    .checksum(expected.algorithm), expected: expected.value, found: found)
            }
        }
        return assembly
    }

    /// Puts the parts' bytes into one file and makes it the object.
    private func finish(_ assembly: Assembly, _ condition: WriteCondition) async throws -> StoredObject {
        if assembly.parts.count == 1, let part = assembly.parts.first {
            // The only part's file becomes the object's.
            let object = assembly.object(file: part.file)
            return try await writeReleasing { try Self.commit($0, assembly, object, condition) }
        }
        let file = try await concatenate(assembly)
        let object = assembly.object(file: file.name)
        return try await writing(file) { try Self.commit($0, assembly, object, condition) }
    }

    private func concatenate(_ assembly: Assembly) async throws -> IncomingFile {
        let folder = folder
        do {
            let file = try await FileWork.run {
                try folder.checkSpace(for: assembly.byteCount)
                let file = try IncomingFile(
                    in: folder, digests: DigestSet([], hashesContent: false), limit: Int.max)
                for part in assembly.parts {
                    try file.append(RandomAccessFile(path: folder.complete(part.file)))
                }
                return file
            }
            _ = try await file.close(expecting: ExpectedBody(byteCount: assembly.byteCount))
            return file
        } catch let error as FileError where error.isNotFound {
            throw PartsChanged()
        } catch {
            throw ObjectStoreError.translating(error)
        }
    }

    private static func commit(
        _ database: Database, _ assembly: Assembly, _ object: StoredObject, _ condition: WriteCondition
    ) throws -> (StoredObject, released: [String]) {
        let upload = assembly.upload
        _ = try MultipartUpload.require(database, bucket: upload.bucket, upload.key, upload.id)
        let current = Set(try upload.parts(database).map(\.file))
        guard assembly.parts.allSatisfy({ current.contains($0.file) }) else { throw PartsChanged() }
        let released = try object.put(database, if: condition) + upload.delete(database)
        let now = Self.now()
        try database.execute(sql: "DELETE FROM completion WHERE finished < ?", arguments: [now - 86_400])
        try database.execute(
            sql: "INSERT INTO completion SELECT ?, id, ?, ?, ? FROM bucket WHERE name = ?",
            arguments: [upload.id, Data(upload.key.bytes), object.entityTag, now, upload.bucket])
        return (object, released)
    }

    /// The object that an upload has become, if it was made of the same parts and is still there.
    private func completed(
        _ bucket: String, _ key: ObjectKey, _ id: String, _ completion: Completion
    ) async throws -> StoredObject {
        let entityTag = Assembly.entityTag(of: completion.parts.map(\.entityTag))
        return try await read { database in
            let row = try Self.require(database, bucket: bucket)
            let isKnown = try Bool.fetchOne(
                database,
                sql:
                    "SELECT EXISTS (SELECT 1 FROM completion WHERE upload = ? AND bucket = ? AND key = ? AND etag = ?)",
                arguments: [id, row, Data(key.bytes), entityTag])
            guard isKnown == true, let object = try StoredObject.find(database, bucket: row, name: bucket, key),
                object.entityTag.utf8.elementsEqual(entityTag.utf8)
            else { throw ObjectStoreError.noSuchUpload(id) }
            return object
        }
    }
}
