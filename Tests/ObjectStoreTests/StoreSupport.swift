import Foundation
import ObjectStore
import OutcropNumerics
import TestSupport

/// A store in a folder of the test's own, with limits that small bodies reach.
struct TestStore: Sendable {
    let folder: TemporaryFolder
    let store: ObjectStore

    static var limits: ObjectStore.Limits {
        var limits = ObjectStore.Limits()
        limits.partByteCount = 10
        limits.bodyByteCount = 3 << 20
        return limits
    }

    init(bucket: String? = "bucket") async throws {
        folder = try TemporaryFolder()
        store = try await ObjectStore.open(folder.join("objects"), limits: Self.limits)
        if let bucket { try await store.createBucket(bucket) }
    }

    /// Names of files in one of the store's folders.
    func files(_ name: String) throws -> [String] {
        try FileSystem.names(inFolder: folder.join("objects/" + name))
    }

    /// Waits until files that were dropped are gone.
    func settled() async throws -> Bool {
        for _ in 0..<200 {
            if try files("incoming").isEmpty { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }
}

extension ObjectStore {
    /// Stores an object whole.
    @discardableResult
    func put(
        _ bucket: String, _ key: String, _ bytes: [UInt8], attributes: ObjectAttributes = ObjectAttributes(),
        expecting expected: ExpectedBody = ExpectedBody(), if condition: WriteCondition = .none
    ) async throws -> StoredObject {
        let writer = try await beginObject(
            bucket: bucket, key: ObjectKey(key), attributes: attributes, checksums: expected.checksums.map(\.algorithm),
            hashesContent: expected.contentSHA256 != nil, byteCount: expected.byteCount)
        try await writer.write(bytes)
        return try await writer.finish(expecting: expected, if: condition)
    }

    /// Stores a part.
    @discardableResult
    func putPart(_ upload: MultipartUpload, _ number: Int, _ bytes: [UInt8]) async throws -> StoredPart {
        let writer = try await beginPart(bucket: upload.bucket, key: upload.key, upload: upload.id, number: number)
        try await writer.write(bytes)
        return try await writer.finish()
    }

    /// All bytes of an object, or of a range.
    func bytes(_ bucket: String, _ key: ObjectKey, _ range: Range<Int>? = nil) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await piece in try await open(bucket, key).body(range) { bytes += piece }
        return bytes
    }

    /// The names on a page of a listing; groups have a `*` behind them.
    func names(_ bucket: String, _ query: ListQuery) async throws -> [String] {
        try await list(bucket, query).entries.map { entry in
            switch entry {
            case .item(let object): object.key.description
            case .commonPrefix(let prefix): String(decoding: prefix, as: UTF8.self) + "*"
            }
        }
    }
}

/// Numbers that are the same in every run.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        // SplitMix64.
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }
}
