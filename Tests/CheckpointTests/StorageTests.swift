import Foundation
import OutcropNumerics
import TestSupport
import Testing

@Suite("Storage")
struct StorageTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("reads exactly what was asked for, or says why not")
    func randomAccess() throws {
        let path = folder.join("a")
        try AtomicFile.write(Array(0...99), to: path)
        let file = try RandomAccessFile(path: path)
        #expect(try file.read(at: 10, count: 5) == [10, 11, 12, 13, 14])
        #expect(try file.read(at: 100, count: 0) == [])
        for (offset, count) in [(99, 2), (101, 0), (-1, 1), (Int.max, 1), (0, 101)] {
            #expect(throws: FileError.self, "\(offset) \(count)") { try file.read(at: offset, count: count) }
        }
    }

    @Test("folders, missing files and empty mappings are typed errors")
    func errors() throws {
        #expect(throws: FileError.self) { try RandomAccessFile(path: folder.path) }
        #expect(throws: FileError.self) { try MappedFile(path: folder.path) }
        let missing = #expect(throws: FileError.self) { try RandomAccessFile(path: folder.join("none")) }
        #expect(missing?.isNotFound == true)
        #expect(missing?.description.hasPrefix("cannot open ") == true)
        try AtomicFile.write([], to: folder.join("empty"))
        #expect(throws: FileError.self) { try MappedFile(path: folder.join("empty")) }
    }

    @Test("a full disk is recognised")
    func fullDisk() throws {
        let error = #expect(throws: FileError.self) {
            try OutputFile(creating: "/dev/full").write([1, 2, 3], at: 0)
        }
        #expect(error?.isOutOfSpace == true)
    }

    @Test("a mapping shows the file's bytes")
    func mapped() throws {
        try AtomicFile.write(Array(0...255), to: folder.join("a"))
        let file = try MappedFile(path: folder.join("a"))
        #expect(file.byteCount == 256 && file.bytes(250..<256) == [250, 251, 252, 253, 254, 255])
    }

    @Test("an atomic write replaces the file and leaves no other")
    func atomic() throws {
        let path = folder.join("a")
        try AtomicFile.write([1], to: path)
        try AtomicFile.write([2, 3], to: path)
        #expect(try FileSystem.names(inFolder: folder.path) == ["a"])
        #expect(try RandomAccessFile(path: path).byteCount == 2)
        #expect(throws: FileError.self) { try AtomicFile.write([1], to: folder.join("none/a")) }
    }

    @Test("a lock excludes others until it is gone")
    func lock() throws {
        var lock = try FileLock.tryLock(folder.path)
        #expect(lock != nil)
        #expect(try FileLock.tryLock(folder.path) == nil)
        lock = nil
        #expect(try FileLock.tryLock(folder.path) != nil)
    }

    @Test("removal takes whole trees and does not follow links")
    func remove() throws {
        try FileSystem.createFolder(folder.join("a/b/c"))
        try FileSystem.createFolder(folder.join("outside"))
        try AtomicFile.write([1], to: folder.join("outside/keep"))
        try FileManager.default.createSymbolicLink(
            atPath: folder.join("a/b/link"), withDestinationPath: folder.join("outside"))
        try FileSystem.remove(folder.join("a"))
        try FileSystem.remove(folder.join("a"))
        #expect(try FileSystem.names(inFolder: folder.path) == ["outside"])
        #expect(FileSystem.status(of: folder.join("outside/keep"))?.byteCount == 1)
    }

    @Test("paths")
    func paths() throws {
        #expect(FileSystem.join("/a", "b") == "/a/b" && FileSystem.join("/", "b") == "/b")
        #expect(FileSystem.parent(of: "/a/b/") == "/a" && FileSystem.parent(of: "/a") == "/")
        #expect(FileSystem.parent(of: "a") == "." && FileSystem.parent(of: "/") == nil)
        #expect((FileSystem.freeBytes(at: "/tmp") ?? 0) > 0)
        #expect(FileSystem.freeBytes(at: "/none") == nil)
    }

    @Test("steps run once each on any number of threads; the first failure stops the rest")
    func parallelSteps() throws {
        struct Stop: Error, Equatable { let index: Int }
        for threads in [1, 2, 5] {
            let counts = Counts()
            try ParallelSteps.run(count: 100, threads: threads, makeWorker: { 0 }) {
                (worker: inout Int, index) throws(Stop) in
                worker += 1
                counts.add(index)
            }
            #expect(counts.values == Dictionary(uniqueKeysWithValues: (0..<100).map { ($0, 1) }))
        }
        #expect(throws: Stop(index: 0)) {
            try ParallelSteps.run(count: 100, threads: 1, makeWorker: { 0 }) {
                (_: inout Int, index) throws(Stop) in throw Stop(index: index)
            }
        }
    }

    private final class Counts: @unchecked Sendable {
        private let lock = NSLock()
        private(set) var values: [Int: Int] = [:]
        func add(_ index: Int) { lock.withLock { values[index, default: 0] += 1 } }
    }
}
