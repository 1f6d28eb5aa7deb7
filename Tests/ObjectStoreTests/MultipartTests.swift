import AWSProtocol
import Crypto
import Foundation
import ObjectStore
import OutcropNumerics
import Testing

@Suite("Multipart uploads")
struct MultipartTests {
    private let key: ObjectKey

    init() throws { key = try ObjectKey("big") }

    private func reference(_ part: StoredPart) -> PartReference {
        PartReference(number: part.number, entityTag: part.entityTag)
    }

    @Test("Parts in any order become one object, which has one file")
    func complete() async throws {
        let test = try await TestStore()
        let upload = try await test.store.createUpload("bucket", key, attributes: .init(metadata: [.init("a", "b")]))
        var random = SeededGenerator(state: 5)
        let bytes = [1: random.bytes(1_000_000), 2: random.bytes(12), 7: random.bytes(3)]
        var parts: [Int: StoredPart] = [:]
        for number in [7, 1, 2] { parts[number] = try await test.store.putPart(upload, number, bytes[number] ?? []) }
        parts[2] = try await test.store.putPart(upload, 2, bytes[2] ?? [])
        let listed = try await test.store.parts("bucket", key, upload.id)
        #expect(listed.parts.map(\.number) == [1, 2, 7] && listed.parts == [1, 2, 7].compactMap { parts[$0] })
        let references = listed.parts.map(reference)
        let object = try await test.store.completeUpload("bucket", key, upload.id, Completion(parts: references))
        let whole = (bytes[1] ?? []) + (bytes[2] ?? []) + (bytes[7] ?? [])
        let digests = [1, 2, 7].flatMap { Array(Insecure.MD5.hash(data: bytes[$0] ?? [])) }
        let tag = Insecure.MD5.hash(data: digests).map { String(format: "%02x", $0) }.joined() + "-3"
        #expect(object.entityTag == tag && object.partSizes == [1_000_000, 12, 3])
        #expect(object.attributes.metadata == [.init("a", "b")])
        #expect(try await test.store.bytes("bucket", key) == whole)
        var hasher = Checksum(.crc64nvme)
        hasher.update(whole)
        #expect(object.checksum.value == Data(hasher.finish()).base64EncodedString())
        #expect(object.checksum.type == .fullObject)
        #expect(try test.files("files").count == 1)
        // Asked again, it answers the same; with other parts, it does not know the upload.
        let again = try await test.store.completeUpload("bucket", key, upload.id, Completion(parts: references))
        #expect(again == object)
        await #expect(throws: ObjectStoreError.noSuchUpload(upload.id)) {
            try await test.store.completeUpload(
                "bucket", key, upload.id, Completion(parts: Array(references.dropLast())))
        }
    }

    @Test("A composite checksum is that of the parts' checksums")
    func composite() async throws {
        let test = try await TestStore()
        let upload = try await test.store.createUpload("bucket", key, algorithm: .sha256)
        let bodies = [[UInt8](repeating: 1, count: 20), [UInt8](repeating: 2, count: 5)]
        var references: [PartReference] = []
        for (index, body) in bodies.enumerated() {
            references.append(reference(try await test.store.putPart(upload, index + 1, body)))
        }
        references[0].checksum = Array(SHA256.hash(data: bodies[0]))
        let object = try await test.store.completeUpload("bucket", key, upload.id, Completion(parts: references))
        let digest = SHA256.hash(data: bodies.flatMap { Array(SHA256.hash(data: $0)) })
        #expect(object.checksum.value == Data(digest).base64EncodedString() + "-2")
        #expect(object.checksum.type == .composite && object.checksum.algorithm == .sha256)
    }

    @Test("A part may be named with a checksum that only its own upload used")
    func otherChecksum() async throws {
        let test = try await TestStore()
        let upload = try await test.store.createUpload("bucket", key)
        var part = reference(try await test.store.putPart(upload, 1, [1, 2]))
        part.checksum = Checksum.of([3], .crc64nvme)
        await #expect(throws: ObjectStoreError.invalidPart(number: 1)) {
            try await test.store.completeUpload("bucket", key, upload.id, Completion(parts: [part]))
        }
        part.checksum = Checksum.of([1, 2], .crc32)
        #expect(
            try await test.store.completeUpload("bucket", key, upload.id, Completion(parts: [part])).byteCount == 2)
    }

    @Test(
        "Checksums of parts combine to that of the whole",
        arguments: [
            ChecksumAlgorithm.crc32, .crc32c, .crc64nvme,
        ])
    func combined(algorithm: ChecksumAlgorithm) async throws {
        let test = try await TestStore()
        let upload = try await test.store.createUpload("bucket", key, algorithm: algorithm, type: .fullObject)
        var random = SeededGenerator(state: 9)
        var (whole, references): ([UInt8], [PartReference]) = ([], [])
        for number in 1...4 {
            let body = random.bytes(10 + number * 331)
            whole += body
            references.append(reference(try await test.store.putPart(upload, number, body)))
        }
        var hasher = Checksum(algorithm)
        hasher.update(whole)
        let expected = hasher.finish()
        await #expect(throws: ObjectStoreError.self) {
            try await test.store.completeUpload(
                "bucket", key, upload.id,
                Completion(parts: references, checksum: .init(algorithm, expected.reversed())))
        }
        let object = try await test.store.completeUpload(
            "bucket", key, upload.id, Completion(parts: references, checksum: .init(algorithm, expected)))
        #expect(object.checksum.value == Data(expected).base64EncodedString())
    }

    @Test("A wrong list of parts is refused and can be corrected")
    func wrongLists() async throws {
        let test = try await TestStore()
        let store = test.store
        let upload = try await store.createUpload("bucket", key)
        let small = reference(try await store.putPart(upload, 1, [1]))
        let next = reference(try await store.putPart(upload, 2, [UInt8](repeating: 2, count: 10)))
        func complete(_ parts: [PartReference], byteCount: Int? = nil) async throws -> StoredObject {
            try await store.completeUpload("bucket", key, upload.id, Completion(parts: parts, byteCount: byteCount))
        }
        await #expect(throws: ObjectStoreError.partTooSmall(number: 1, byteCount: 1, minimum: 10)) {
            try await complete([small, next])
        }
        await #expect(throws: ObjectStoreError.invalidPartOrder) { try await complete([next, small]) }
        await #expect(throws: ObjectStoreError.invalidPartOrder) { try await complete([next, next]) }
        await #expect(throws: ObjectStoreError.invalidPart(number: 3)) {
            try await complete([next, PartReference(number: 3, entityTag: next.entityTag)])
        }
        await #expect(throws: ObjectStoreError.invalidPart(number: 2)) {
            try await complete([PartReference(number: 2, entityTag: small.entityTag)])
        }
        await #expect(throws: ObjectStoreError.self) { try await complete([]) }
        await #expect(throws: ObjectStoreError.sizeMismatch(expected: 3, found: 10)) {
            try await complete([next], byteCount: 3)
        }
        // One part alone may be small and need not be the first; parts that are not named are given up.
        #expect(try await complete([next]).partSizes == [10])
        #expect(try await store.bytes("bucket", key) == [UInt8](repeating: 2, count: 10))
        #expect(try test.files("files").count == 1)
    }

    @Test("An aborted upload is gone with its parts, also those still under way")
    func abort() async throws {
        let test = try await TestStore()
        let upload = try await test.store.createUpload("bucket", key)
        try await test.store.putPart(upload, 1, [1])
        let late = try await test.store.beginPart(bucket: "bucket", key: key, upload: upload.id, number: 2)
        try await test.store.abortUpload("bucket", key, upload.id)
        await #expect(throws: ObjectStoreError.noSuchUpload(upload.id)) { try await late.finish() }
        await #expect(throws: ObjectStoreError.noSuchUpload(upload.id)) {
            try await test.store.abortUpload("bucket", key, upload.id)
        }
        #expect(try test.files("files").isEmpty && test.files("incoming").isEmpty)
    }

    @Test("Completing the same upload many times at once makes one object")
    func concurrentCompletion() async throws {
        let test = try await TestStore()
        let upload = try await test.store.createUpload("bucket", key)
        var references: [PartReference] = []
        for number in 1...20 {
            let part = try await test.store.putPart(upload, number, [UInt8](repeating: 3, count: 100_000))
            references.append(reference(part))
        }
        let completion = Completion(parts: references)
        let (store, key) = (test.store, key)
        let objects = try await withThrowingTaskGroup(of: StoredObject.self) { group in
            for _ in 0..<8 {
                group.addTask { try await store.completeUpload("bucket", key, upload.id, completion) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(objects.count == 8 && objects.allSatisfy { $0 == objects[0] })
        #expect(try test.files("files").count == 1)
    }

    @Test("Unusual requests are refused")
    func refusals() async throws {
        let test = try await TestStore()
        let upload = try await test.store.createUpload("bucket", key, algorithm: .crc32)
        for number in [0, 10_001, -1] {
            await #expect(throws: ObjectStoreError.invalidPartNumber(number)) {
                try await test.store.beginPart(bucket: "bucket", key: key, upload: upload.id, number: number)
            }
        }
        await #expect(throws: ObjectStoreError.checksumAlgorithmMismatch(expected: .crc32, found: .sha1)) {
            try await test.store.beginPart(
                bucket: "bucket", key: key, upload: upload.id, number: 1, checksums: [.sha1])
        }
        await #expect(throws: ObjectStoreError.noSuchUpload(upload.id)) {
            try await test.store.beginPart(bucket: "bucket", key: ObjectKey("other"), upload: upload.id, number: 1)
        }
        await #expect(throws: ObjectStoreError.self) {
            try await test.store.createUpload("bucket", key, algorithm: .sha1, type: .fullObject)
        }
        await #expect(throws: ObjectStoreError.self) {
            try await test.store.createUpload("bucket", key, algorithm: .crc64nvme, type: .composite)
        }
    }

    @Test("Uploads and parts are listed page by page")
    func listing() async throws {
        let test = try await TestStore()
        var ids: [String: [String]] = [:]
        for name in ["a", "b/1", "b/2", "c"] {
            for _ in 0..<3 {
                ids[name, default: []].append(try await test.store.createUpload("bucket", ObjectKey(name)).id)
            }
            ids[name]?.sort()
        }
        var (found, query, id): ([String], ListQuery, String?) = ([], ListQuery(limit: 2), nil)
        while true {
            let page = try await test.store.uploads("bucket", query, afterID: id)
            for case .item(let upload) in page.entries {
                found.append(upload.id)
                (query.after, id) = (upload.key.bytes, upload.id)
            }
            guard page.isTruncated else { break }
            #expect(page.entries.count == 2)
        }
        #expect(found == ["a", "b/1", "b/2", "c"].flatMap { ids[$0] ?? [] })
        let grouped = try await test.store.uploads("bucket", ListQuery(delimiter: [UInt8(ascii: "/")]))
        #expect(grouped.entries.count == 7)
        let upload = try await test.store.upload("bucket", ObjectKey("a"), ids["a"]?[0] ?? "")
        for number in [1, 3, 5] { try await test.store.putPart(upload, number, [1]) }
        let page = try await test.store.parts("bucket", upload.key, upload.id, after: 1, limit: 1)
        #expect(page.parts.map(\.number) == [3] && page.isTruncated)
    }
}
