import AWSProtocol
import GRDB

/// An object on its way into the store. Nothing of it remains if it is dropped before `finish`.
public struct ObjectWriter: Sendable {
    let store: ObjectStore
    let file: IncomingFile
    let bucket: String
    let key: ObjectKey
    let attributes: ObjectAttributes
    let algorithm: ChecksumAlgorithm

    /// Appends bytes.
    /// - Throws: `ObjectStoreError.tooLarge`, `.outOfSpace`, `.file`.
    public func write(_ bytes: [UInt8]) async throws {
        do { try await file.write(bytes) } catch { throw ObjectStoreError.translating(error) }
    }

    /// Stores the object in place of what has its key.
    /// - Throws: `ObjectStoreError`: `.sizeMismatch`, `.digestMismatch`, `.noSuchBucket`, `.preconditionFailed`, `.outOfSpace`.
    public func finish(
        expecting expected: ExpectedBody = ExpectedBody(), if condition: WriteCondition = .none
    ) async throws -> StoredObject {
        let digests: BodyDigests
        do { digests = try await file.close(expecting: expected) } catch { throw ObjectStoreError.translating(error) }
        let object = StoredObject(
            bucket: bucket, key: key, byteCount: digests.byteCount, entityTag: Hexadecimal.encode(digests.md5),
            modified: ObjectStore.now(),
            checksum: StoredChecksum(
                algorithm: algorithm, type: .fullObject,
                value: Base64.encode(digests.checksums[algorithm] ?? [])),
            partSizes: [], attributes: attributes, file: file.name)
        try await store.writing(file) { database in
            ((), released: try object.put(database, if: condition))
        }
        return object
    }
}

extension ObjectStore {
    /// Begins to store an object.
    /// - Parameters:
    ///   - attributes: what is stored with it.
    ///   - checksums: the algorithms of checksums that will be compared; the first is stored, CRC-64/NVME if there is none.
    ///   - hashesContent: whether the SHA-256 that a signature covers will be compared.
    ///   - byteCount: how many bytes will come, if that is known: a full disk shows before they do.
    /// - Throws: `ObjectStoreError`: `.noSuchBucket`, `.invalidAttributes`, `.metadataTooLarge`, `.tooLarge`, `.outOfSpace`.
    public func beginObject(
        bucket: String, key: ObjectKey, attributes: ObjectAttributes = ObjectAttributes(),
        checksums: [ChecksumAlgorithm] = [], hashesContent: Bool = false, byteCount: Int? = nil
    ) async throws -> ObjectWriter {
        try attributes.check()
        _ = try await self.bucket(bucket)
        let algorithm = checksums.first ?? .crc64nvme
        let file = try await newFile(
            DigestSet(Set(checksums + [algorithm]), hashesContent: hashesContent), byteCount: byteCount)
        return ObjectWriter(
            store: self, file: file, bucket: bucket, key: key, attributes: attributes, algorithm: algorithm)
    }

    /// Creates a file for a body.
    /// - Throws: `ObjectStoreError.tooLarge`, `.outOfSpace`, `.file`.
    func newFile(_ digests: DigestSet, byteCount: Int?) async throws -> IncomingFile {
        let (folder, limit) = (folder, limits.bodyByteCount)
        if let byteCount, byteCount > limit { throw ObjectStoreError.tooLarge(limit: limit) }
        do {
            return try await FileWork.run {
                try folder.checkSpace(for: byteCount ?? 0)
                return try IncomingFile(in: folder, digests: digests, limit: limit)
            }
        } catch {
            throw ObjectStoreError.translating(error)
        }
    }

    /// Commits records that name a file. It stays if the records do, or may; else it is removed.
    /// - Throws: `ObjectStoreError`.
    func writing<Value: Sendable>(
        _ file: IncomingFile, _ body: @escaping @Sendable (Database) throws -> (Value, released: [String])
    ) async throws -> Value {
        do {
            let value = try await writeReleasing(body)
            file.keep()
            return value
        } catch ObjectStoreError.index(let reason) {
            // The commit itself may have failed halfway: whether a record names the file shows at the next start.
            file.keep()
            throw ObjectStoreError.index(reason: reason)
        } catch {
            await file.discard()
            throw error
        }
    }
}
