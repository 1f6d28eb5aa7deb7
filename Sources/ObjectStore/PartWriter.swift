import AWSProtocol
import GRDB

/// A part of a multipart upload on its way into the store. Nothing of it remains if it is dropped before `finish`.
public struct PartWriter: Sendable {
    /// The upload it belongs to.
    public let upload: MultipartUpload
    let store: ObjectStore
    let file: IncomingFile
    let number: Int

    /// Appends bytes.
    /// - Throws: `ObjectStoreError.tooLarge`, `.outOfSpace`, `.file`.
    public func write(_ bytes: [UInt8]) async throws {
        do { try await file.write(bytes) } catch { throw ObjectStoreError.translating(error) }
    }

    /// Stores the part in place of the one that has its number.
    /// - Throws: `ObjectStoreError`: `.sizeMismatch`, `.digestMismatch`, `.noSuchUpload`, `.outOfSpace`.
    public func finish(expecting expected: ExpectedBody = ExpectedBody()) async throws -> StoredPart {
        let digests: BodyDigests
        do { digests = try await file.close(expecting: expected) } catch { throw ObjectStoreError.translating(error) }
        let part = StoredPart(
            number: number, byteCount: digests.byteCount, entityTag: Hexadecimal.encode(digests.md5),
            checksum: digests.checksums[upload.algorithm] ?? [], modified: ObjectStore.now(), file: file.name)
        let upload = upload
        try await store.writing(file) { database in
            _ = try MultipartUpload.require(database, bucket: upload.bucket, upload.key, upload.id)
            return ((), released: try part.put(database, upload: upload.id))
        }
        return part
    }
}

extension ObjectStore {
    /// The numbers that a part can have.
    public static let partNumbers = 1...10_000

    /// Begins to store a part.
    /// - Parameters:
    ///   - number: one of `partNumbers`.
    ///   - checksums: the algorithms of checksums that will be compared.
    ///   - hashesContent: whether the SHA-256 that a signature covers will be compared.
    ///   - byteCount: how many bytes will come, if that is known: a full disk shows before they do.
    /// - Throws: `ObjectStoreError`: `.noSuchBucket`, `.noSuchUpload`, `.invalidPartNumber`, `.checksumAlgorithmMismatch`,
    ///   `.tooLarge`, `.outOfSpace`.
    public func beginPart(
        bucket: String, key: ObjectKey, upload id: String, number: Int, checksums: [ChecksumAlgorithm] = [],
        hashesContent: Bool = false, byteCount: Int? = nil
    ) async throws -> PartWriter {
        guard Self.partNumbers.contains(number) else { throw ObjectStoreError.invalidPartNumber(number) }
        let upload = try await upload(bucket, key, id)
        if let chosen = upload.chosenAlgorithm, let other = checksums.first(where: { $0 != chosen }) {
            throw ObjectStoreError.checksumAlgorithmMismatch(expected: chosen, found: other)
        }
        let file = try await newFile(
            DigestSet(Set(checksums + [upload.algorithm]), hashesContent: hashesContent), byteCount: byteCount)
        return PartWriter(upload: upload, store: self, file: file, number: number)
    }
}
