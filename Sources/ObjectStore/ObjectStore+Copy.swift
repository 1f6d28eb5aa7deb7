import AWSProtocol
import GRDB

extension ObjectStore {
    /// Stores an object's bytes under another key too, or again under its own. No byte is copied: both have one file.
    /// - Parameters:
    ///   - source: the object. The copy fails if it is not the current one any more.
    ///   - attributes: what is stored with the copy.
    ///   - algorithm: the checksum wanted for the copy; nil keeps the source's.
    /// - Throws: `ObjectStoreError.noSuchBucket`, `.noSuchKey`, `.preconditionFailed`, `.invalidAttributes`.
    public func copy(
        _ source: StoredObject, to bucket: String, _ key: ObjectKey, attributes: ObjectAttributes,
        algorithm: ChecksumAlgorithm? = nil, if condition: WriteCondition = .none
    ) async throws -> StoredObject {
        try attributes.check()
        let checksum = try await checksum(of: source, algorithm ?? source.checksum.algorithm)
        let copy = StoredObject(
            bucket: bucket, key: key, byteCount: source.byteCount, entityTag: source.entityTag, modified: Self.now(),
            checksum: checksum, partSizes: source.partSizes, attributes: attributes, file: source.file)
        return try await writeReleasing { database in
            let current = try StoredObject.require(database, bucket: source.bucket, source.key)
            // Only the current object's file is sure to be there.
            guard current.file == source.file else { throw ObjectStoreError.preconditionFailed(.matches) }
            return (copy, released: try copy.put(database, if: condition))
        }
    }

    /// The checksum that an object has, or that of another algorithm, for which it is read.
    private func checksum(of object: StoredObject, _ algorithm: ChecksumAlgorithm) async throws -> StoredChecksum {
        guard algorithm != object.checksum.algorithm else { return object.checksum }
        var hasher = Checksum(algorithm)
        for try await piece in try await open(object.bucket, object.key).body() { hasher.update(piece) }
        return StoredChecksum(
            algorithm: algorithm, type: .fullObject, value: Base64.encode(hasher.finish()))
    }
}
