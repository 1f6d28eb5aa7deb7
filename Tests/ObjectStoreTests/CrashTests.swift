import Foundation
import ObjectStore
import OutcropNumerics
import Synchronization
import TestSupport
import Testing

@Suite("Crashes", .serialized)
struct CrashTests {
    @Test("A killed process loses nothing that it acknowledged and leaves nothing else", arguments: [20, 90, 250, 400])
    func kill(milliseconds: Int) async throws {
        let folder = try TemporaryFolder()
        let path = folder.path
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [path = path as String, milliseconds = milliseconds as Int] in
            try await work(in: path, until: milliseconds)
        }
        let store = try await ObjectStore.open(path + "/objects", limits: TestStore.limits)
        let acknowledged = try String(contentsOfFile: path + "/acknowledged", encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        for line in acknowledged {
            let parts = line.split(separator: " ")
            let (key, size) = (try ObjectKey(String(parts[0])), try #require(Int(parts[1])))
            let bytes = try await store.bytes("bucket", key)
            #expect(bytes.count == size && bytes.allSatisfy { $0 == bytes.first })
        }
        #expect(try FileSystem.names(inFolder: path + "/objects/incoming").isEmpty)
        #expect(try FileSystem.names(inFolder: path + "/objects/sessions").count == 1)
        // What is left is objects and the parts of an upload that may go on.
        var named = 0
        for case .item(let upload) in try await store.uploads("bucket").entries {
            named += try await store.parts("bucket", upload.key, upload.id).parts.count
        }
        for case .item(let object) in try await store.list("bucket").entries {
            named += 1
            #expect(try await store.bytes("bucket", object.key).count == object.byteCount)
        }
        #expect(try FileSystem.names(inFolder: path + "/objects/files").count == named)
    }

    @Test("Files of a process that lives are left alone, those of a dead one are not")
    func sessions() async throws {
        let test = try await TestStore()
        let writer = try await test.store.beginObject(bucket: "bucket", key: ObjectKey("k"))
        try await writer.write([1, 2])
        let left = test.folder.join("objects/incoming/dead-1")
        try AtomicFile.write([1], to: left)
        try AtomicFile.write([1], to: test.folder.join("objects/files/dead-2"))
        try AtomicFile.write([], to: test.folder.join("objects/sessions/dead"))
        let second = try await ObjectStore.open(test.folder.join("objects"))
        #expect(FileSystem.status(of: left) == nil)
        #expect(try test.files("incoming").count == 1)
        #expect(try test.files("files").isEmpty)
        #expect(try test.files("sessions").count == 2)
        let object = try await writer.finish()
        #expect(try await second.bytes("bucket", object.key) == [1, 2])
        #expect(try await second.sweep() == 0)
    }
}

/// Stores objects, replaces them, completes uploads, and notes what is acknowledged, until it is killed.
private func work(in path: String, until milliseconds: Int) async throws {
    let store = try await ObjectStore.open(path + "/objects", limits: TestStore.limits)
    try await store.createBucket("bucket")
    let log = try AcknowledgementLog(path + "/acknowledged")
    DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) {
        Foundation.kill(getpid(), SIGKILL)
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
        for worker in 0..<3 {
            group.addTask { [store, log] in
                for round in 0... {
                    let bytes = [UInt8](repeating: UInt8(worker + 1), count: 100 + worker * 300_000 + round)
                    try log.add(await store.put("bucket", "k\(worker)-\(round)", bytes))
                    let upload = try await store.createUpload("bucket", ObjectKey("m\(worker)-\(round)"))
                    var parts: [PartReference] = []
                    for number in 1...3 {
                        let part = try await store.putPart(upload, number, bytes)
                        parts.append(PartReference(number: number, entityTag: part.entityTag))
                    }
                    try log.add(
                        await store.completeUpload("bucket", upload.key, upload.id, Completion(parts: parts)))
                }
            }
        }
        try await group.waitForAll()
    }
}

/// What a process says that it has stored: a line per object.
private final class AcknowledgementLog: Sendable {
    private let file: Mutex<FileHandle>

    init(_ path: String) throws {
        try Data().write(to: URL(fileURLWithPath: path))
        file = Mutex(try #require(FileHandle(forWritingAtPath: path)))
    }

    func add(_ object: StoredObject) throws {
        let line = Data("\(object.key) \(object.byteCount)\n".utf8)
        try file.withLock { try $0.write(contentsOf: line) }
    }
}
