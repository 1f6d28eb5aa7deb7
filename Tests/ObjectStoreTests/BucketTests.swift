import ObjectStore
import Testing

@Suite("Buckets and keys")
struct BucketTests {
    @Test(
        "Names follow Amazon's rules",
        arguments: [
            ("abc", true), ("a.b-c.9", true), ("192.168.1", true), ("1.2.3.4567", true),
            (String(repeating: "a", count: 63), true),
            ("ab", false), (String(repeating: "a", count: 64), false), ("Abc", false), ("a_b", false), ("-ab", false),
            ("ab-", false), ("a..b", false), ("192.168.1.1", false), ("xn--abc", false), ("abc-s3alias", false),
            ("ab\u{212A}", false), ("", false), ("ab/", false),
        ])
    func names(name: String, isValid: Bool) {
        #expect(((try? Bucket.check(name: name)) != nil) == isValid)
    }

    @Test("A bucket is created once, listed, and deleted only when it is empty")
    func lifeCycle() async throws {
        let test = try await TestStore(bucket: nil)
        let store = test.store
        try await store.createBucket("b-2")
        try await store.createBucket("b-1")
        await #expect(throws: ObjectStoreError.bucketExists("b-1")) { try await store.createBucket("b-1") }
        #expect(try await store.buckets().map(\.name) == ["b-1", "b-2"])
        let object = try await store.put("b-1", "k", [1])
        let upload = try await store.createUpload("b-1", object.key)
        try await store.putPart(upload, 1, [1])
        await #expect(throws: ObjectStoreError.bucketNotEmpty("b-1")) { try await store.deleteBucket("b-1") }
        try await store.delete("b-1", [object.key])
        try await store.deleteBucket("b-1")
        await #expect(throws: ObjectStoreError.noSuchBucket("b-1")) { try await store.bucket("b-1") }
        #expect(try test.files("files").isEmpty)
        // A bucket of the same name is another bucket.
        try await store.createBucket("b-1")
        await #expect(throws: ObjectStoreError.noSuchUpload(upload.id)) {
            try await store.upload("b-1", object.key, upload.id)
        }
    }

    @Test("A body for a bucket that is deleted meanwhile comes to nothing")
    func deletedMeanwhile() async throws {
        let test = try await TestStore()
        let writer = try await test.store.beginObject(bucket: "bucket", key: ObjectKey("k"))
        try await test.store.deleteBucket("bucket")
        await #expect(throws: ObjectStoreError.noSuchBucket("bucket")) { try await writer.finish() }
        await #expect(throws: ObjectStoreError.noSuchBucket("bucket")) {
            try await test.store.beginObject(bucket: "bucket", key: ObjectKey("k"))
        }
    }

    @Test("A key is any text of 1 to 1,024 bytes without NUL")
    func keys() throws {
        for text in ["a", "..", "../../etc/passwd", "/", "//", "é", "e\u{301}", String(repeating: "a", count: 1024)] {
            #expect(try ObjectKey(text).bytes == Array(text.utf8))
        }
        #expect(throws: ObjectStoreError.keyTooLong(byteCount: 1025)) {
            try ObjectKey(String(repeating: "a", count: 1025))
        }
        for bytes: [UInt8] in [[], [0], [65, 0], [0xFF], [0xC3]] {
            #expect(throws: ObjectStoreError.self) { try ObjectKey(bytes) }
        }
        #expect(try ObjectKey("é") != ObjectKey("e\u{301}"))
    }
}
