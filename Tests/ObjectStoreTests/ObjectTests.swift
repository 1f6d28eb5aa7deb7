import AWSProtocol
import Crypto
import ObjectStore
import OutcropNumerics
import Testing

@Suite("Objects")
struct ObjectTests {
    private let key: ObjectKey
    private let hello = Array("hello\n".utf8)

    init() throws { key = try ObjectKey("a/../b//ü ") }

    @Test("An object comes back with its bytes, entity tag, checksum and attributes")
    func roundTrip() async throws {
        let test = try await TestStore()
        let attributes = ObjectAttributes(
            headers: [.init("content-type", "text/x"), .init("cache-control", "")],
            metadata: [.init("k-1", "v 1")], tags: [.init("t", "")])
        let stored = try await test.store.put("bucket", key.description, hello, attributes: attributes)
        #expect(stored.entityTag == "b1946ac92492d2347c6235b4d2611184")
        #expect(stored.checksum.value == "akP7S61aVgc=" && stored.checksum.algorithm == .crc64nvme)
        #expect(try await test.store.object("bucket", key) == stored)
        #expect(stored.attributes == attributes && stored.byteCount == 6)
        #expect(try await test.store.bytes("bucket", key) == hello)
        #expect(try await test.store.bytes("bucket", key, 1..<3) == Array("el".utf8))
        let file = try await test.store.file("bucket", key)
        #expect(try RandomAccessFile(path: file.path).read(at: 0, count: 6) == hello)
    }

    @Test(
        "Checksums are those that S3 clients compute",
        arguments: [
            (ChecksumAlgorithm.crc32, "NjowIA=="), (.crc64nvme, "akP7S61aVgc="),
            (.sha1, "9XLTlvrpIGYocU+yzgD3LpTyJY8="), (.sha256, "WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM="),
        ])
    func checksums(algorithm: ChecksumAlgorithm, value: String) async throws {
        let test = try await TestStore()
        let writer = try await test.store.beginObject(bucket: "bucket", key: key, checksums: [algorithm])
        try await writer.write(hello)
        #expect(try await writer.finish().checksum.value == value)
    }

    @Test("A large body passes in pieces and comes back in pieces")
    func largeBody() async throws {
        let test = try await TestStore()
        var random = SeededGenerator(state: 1)
        let bytes = random.bytes(2_500_000)
        let writer = try await test.store.beginObject(bucket: "bucket", key: key)
        for start in stride(from: 0, to: bytes.count, by: 70_001) {
            try await writer.write(Array(bytes[start..<min(start + 70_001, bytes.count)]))
        }
        let md5 = Insecure.MD5.hash(data: bytes)
        #expect(try await writer.finish(expecting: ExpectedBody(md5: Array(md5))).byteCount == bytes.count)
        var sizes: [Int] = []
        var whole: [UInt8] = []
        for try await piece in try await test.store.open("bucket", key).body() {
            sizes.append(piece.count)
            whole += piece
        }
        #expect(whole == bytes)
        #expect(sizes.max() == 1 << 20)
    }

    @Test(
        "A body that is not what was announced is refused and leaves nothing",
        arguments: [
            ExpectedBody(byteCount: 7), ExpectedBody(md5: [1]), ExpectedBody(contentSHA256: [2]),
            ExpectedBody(checksums: [.init(.crc32, [0, 0, 0, 0])]), ExpectedBody(checksums: [.init(.sha256, [3])]),
        ])
    func wrongBody(expected: ExpectedBody) async throws {
        let test = try await TestStore()
        await #expect(throws: ObjectStoreError.self) {
            try await test.store.put("bucket", "k", hello, expecting: expected)
        }
        #expect(try test.files("files").isEmpty && test.files("incoming").isEmpty)
        await #expect(throws: ObjectStoreError.noSuchKey(bucket: "bucket", key: try ObjectKey("k"))) {
            try await test.store.object("bucket", ObjectKey("k"))
        }
    }

    @Test("A body that nobody finishes leaves nothing")
    func vanishedClient() async throws {
        let test = try await TestStore()
        do {
            let writer = try await test.store.beginObject(bucket: "bucket", key: key)
            try await writer.write([UInt8](repeating: 1, count: 1 << 20))
            #expect(try test.files("incoming").count == 1)
        }
        #expect(try await test.settled())
    }

    @Test("More bytes than an object may have are refused, announced or not")
    func tooLarge() async throws {
        let test = try await TestStore()
        let limit = TestStore.limits.bodyByteCount
        await #expect(throws: ObjectStoreError.tooLarge(limit: limit)) {
            try await test.store.beginObject(bucket: "bucket", key: key, byteCount: limit + 1)
        }
        await #expect(throws: ObjectStoreError.tooLarge(limit: limit)) {
            try await test.store.put("bucket", "k", [UInt8](repeating: 0, count: limit + 1))
        }
    }

    @Test("A reader keeps what it opened while the object is replaced and deleted")
    func replaceWhileReading() async throws {
        let test = try await TestStore()
        try await test.store.put("bucket", key.description, hello)
        let open = try await test.store.open("bucket", key)
        try await test.store.put("bucket", key.description, [9])
        try await test.store.delete("bucket", [key])
        var bytes: [UInt8] = []
        for try await piece in open.body() { bytes += piece }
        #expect(bytes == hello)
        #expect(try test.files("files").isEmpty)
    }

    @Test("Conditions are checked against what is there at the end")
    func conditions() async throws {
        let test = try await TestStore()
        let first = try await test.store.put("bucket", "k", hello, if: .absent)
        await #expect(throws: ObjectStoreError.preconditionFailed(.absent)) {
            try await test.store.put("bucket", "k", [1], if: .absent)
        }
        await #expect(throws: ObjectStoreError.preconditionFailed(.matches)) {
            try await test.store.put("bucket", "k", [1], if: .matches("no"))
        }
        try await test.store.put("bucket", "k", [1], if: .matches(first.entityTag))
        await #expect(throws: ObjectStoreError.noSuchKey(bucket: "bucket", key: try ObjectKey("n"))) {
            try await test.store.put("bucket", "n", [1], if: .matches("x"))
        }
        #expect(try test.files("files").count == 1)
    }

    @Test("A copy shares the file and outlives the original")
    func copy() async throws {
        let test = try await TestStore()
        let source = try await test.store.put("bucket", "k", hello)
        let (copyKey, attributes) = (try ObjectKey("c"), ObjectAttributes(metadata: [.init("m", "1")]))
        let copy = try await test.store.copy(source, to: "bucket", copyKey, attributes: attributes)
        #expect(copy.entityTag == source.entityTag && copy.attributes == attributes)
        #expect(try test.files("files").count == 1)
        try await test.store.delete("bucket", [source.key])
        #expect(try await test.store.bytes("bucket", copyKey) == hello)
        let other = try await test.store.copy(
            copy, to: "bucket", key, attributes: ObjectAttributes(), algorithm: .sha256)
        #expect(other.checksum.value == "WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=")
        try await test.store.delete("bucket", [copyKey, key])
        #expect(try test.files("files").isEmpty)
        await #expect(throws: ObjectStoreError.noSuchKey(bucket: "bucket", key: copyKey)) {
            try await test.store.copy(copy, to: "bucket", key, attributes: ObjectAttributes())
        }
    }

    @Test("Attributes beyond the limits are refused")
    func attributes() async throws {
        let test = try await TestStore()
        let long = String(repeating: "x", count: 9000)
        let bad = [
            ObjectAttributes(metadata: [.init("a", long)]), ObjectAttributes(headers: [.init("a", "b\0")]),
            ObjectAttributes(tags: (0..<11).map { .init("\($0)", "") }),
            ObjectAttributes(tags: [.init("a", ""), .init("a", "")]), ObjectAttributes(tags: [.init("", "")]),
        ]
        for attributes in bad {
            await #expect(throws: ObjectStoreError.self) {
                try await test.store.put("bucket", "k", hello, attributes: attributes)
            }
        }
        try await test.store.put("bucket", "k", hello)
        try await test.store.setTags("bucket", ObjectKey("k"), [.init("a", "1")])
        #expect(try await test.store.object("bucket", ObjectKey("k")).attributes.tags == [.init("a", "1")])
    }

    @Test("A missing or damaged file is an error of its own")
    func damage() async throws {
        let test = try await TestStore()
        try await test.store.put("bucket", "k", hello)
        let (key, path) = (try ObjectKey("k"), try await test.store.file("bucket", ObjectKey("k")).path)
        try AtomicFile.write([1], to: path)
        await #expect(throws: ObjectStoreError.self) { try await test.store.open("bucket", key) }
        try FileSystem.remove(path)
        await #expect(throws: ObjectStoreError.self) { try await test.store.open("bucket", key) }
    }
}
