import ObjectStore
import TestSupport
import Testing

/// Random operations on a store and on a dictionary, which must agree at every step.
@Suite("Random operations")
struct RandomOperationTests {
    private struct Model {
        var objects: [String: [UInt8]] = [:]
        var uploads: [String: (key: String, parts: [Int: [UInt8]])] = [:]
    }

    private static let keys = ["a", "a/b", "a/b/c", "..", "ü", "a//", "z"]

    @Test("A store does what a dictionary does", arguments: [1, 2, 3])
    func agree(seed: UInt64) async throws {
        let test = try await TestStore()
        var store = test.store
        var random = SeededGenerator(state: seed)
        var model = Model()
        for step in 0..<300 {
            let key = Self.keys.randomElement(using: &random) ?? "a"
            switch Int.random(in: 0..<12, using: &random) {
            case 0...3:
                let bytes = random.bytes(Int.random(in: 0...2000, using: &random))
                try await store.put("bucket", key, bytes)
                model.objects[key] = bytes
            case 4:
                try await store.delete("bucket", [ObjectKey(key), ObjectKey("absent")])
                model.objects[key] = nil
            case 5:
                let target = Self.keys.randomElement(using: &random) ?? "a"
                guard let bytes = model.objects[key] else { continue }
                let source = try await store.object("bucket", ObjectKey(key))
                _ = try await store.copy(source, to: "bucket", ObjectKey(target), attributes: source.attributes)
                model.objects[target] = bytes
            case 6:
                let upload = try await store.createUpload("bucket", ObjectKey(key))
                model.uploads[upload.id] = (key, [:])
            case 7...9:
                guard let id = model.uploads.keys.min(), let key = model.uploads[id]?.key else { continue }
                let (number, bytes) = (Int.random(in: 1...4, using: &random), random.bytes(15))
                let upload = try await store.upload("bucket", ObjectKey(key), id)
                try await store.putPart(upload, number, bytes)
                model.uploads[id]?.parts[number] = bytes
            case 10:
                try await end(&model, store, complete: Bool.random(using: &random))
            default:
                // Another process's view, which goes on from here.
                store = try await ObjectStore.open(test.folder.join("objects"), limits: TestStore.limits)
            }
            try await compare(model, store, step)
        }
        for id in model.uploads.keys {
            try await store.abortUpload("bucket", ObjectKey(model.uploads[id]?.key ?? ""), id)
        }
        try await store.delete("bucket", Self.keys.map { try ObjectKey($0) })
        #expect(try test.files("files").isEmpty)
        #expect(try await test.settled())
    }

    private func end(_ model: inout Model, _ store: ObjectStore, complete: Bool) async throws {
        guard let id = model.uploads.keys.min(), let upload = model.uploads[id] else { return }
        let key = try ObjectKey(upload.key)
        guard complete, !upload.parts.isEmpty else {
            try await store.abortUpload("bucket", key, id)
            model.uploads[id] = nil
            return
        }
        let parts = try await store.parts("bucket", key, id).parts
        let references = parts.map { PartReference(number: $0.number, entityTag: $0.entityTag) }
        _ = try await store.completeUpload("bucket", key, id, Completion(parts: references))
        model.objects[upload.key] = upload.parts.sorted { $0.key < $1.key }.flatMap(\.value)
        model.uploads[id] = nil
    }

    private func compare(_ model: Model, _ store: ObjectStore, _ step: Int) async throws {
        let names = try await store.names("bucket", ListQuery())
        let expected = model.objects.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(names == expected, "after step \(step)")
        let page = try await store.uploads("bucket")
        #expect(page.entries.count == model.uploads.count, "after step \(step)")
        guard let key = expected.randomElement() else { return }
        #expect(try await store.bytes("bucket", ObjectKey(key)) == model.objects[key], "\(key) after step \(step)")
    }
}
