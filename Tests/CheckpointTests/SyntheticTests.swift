import Foundation
import OutcropNumerics
import Synchronization
import TestSupport
import Testing

@testable import Checkpoint

@Suite("Synthetic checkpoint")
struct SyntheticTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var small: ModelConfiguration {
        var configuration = SyntheticSize.tiny.configuration
        configuration.vocabularySize = 300
        configuration.endTokens = [7]
        configuration.padToken = nil
        return configuration
    }

    private func write(_ name: String, _ kind: LayoutKind, seed: UInt64 = 3, threads: Int = 2) throws -> String {
        let path = folder.join(name)
        try SyntheticCheckpoint.write(
            to: path, configuration: small, layout: kind, seed: seed, shardByteLimit: 100_000, threads: threads)
        return path
    }

    private func contents(_ path: String) throws -> [String: [UInt8]] {
        var result: [String: [UInt8]] = [:]
        for name in try FileSystem.names(inFolder: path) {
            result[name] = [UInt8](try Data(contentsOf: URL(fileURLWithPath: FileSystem.join(path, name))))
        }
        return result
    }

    @Test("cancelled, it removes what it wrote and nothing else")
    func cancelled() throws {
        let path = folder.join("occupied")
        try FileSystem.createFolder(path)
        #expect(try !SyntheticCheckpoint.isOccupied(path) && !SyntheticCheckpoint.isOccupied(folder.join("none")))
        try AtomicFile.write([1], to: FileSystem.join(path, "notes.txt"))
        #expect(try SyntheticCheckpoint.isOccupied(path))
        for target in [path, folder.join("new")] {
            let asked = Atomic<Int>(0)
            #expect(throws: FileError.self) {
                try SyntheticCheckpoint.write(
                    to: target, configuration: small, layout: .huggingFaceMXFP4, seed: 1, shardByteLimit: 100_000,
                    isCancelled: { asked.add(1, ordering: .relaxed).newValue > 3 })
            }
        }
        #expect(try FileSystem.names(inFolder: path) == ["notes.txt"])
        #expect(FileSystem.status(of: folder.join("new")) == nil)
    }

    @Test("a failed write removes what was written before it")
    func failed() throws {
        let path = folder.join("failing")
        // A folder with the name of the only shard: it cannot be created as a file.
        try FileSystem.createFolder(FileSystem.join(path, "model.safetensors"))
        #expect(throws: FileError.self) {
            try SyntheticCheckpoint.write(to: path, configuration: small, layout: .original, seed: 1)
        }
        #expect(try !FileSystem.names(inFolder: path).contains("config.json"))
    }

    @Test("is a valid checkpoint in every layout, in several shards", arguments: LayoutKind.allCases)
    func isValid(kind: LayoutKind) throws {
        let path = try write("a", kind)
        let report = try CheckpointValidator.validate(path: path)
        #expect(report.findings.map(\.code) == [.tokenizerMissing])
        let checkpoint = try Checkpoint(path: path)
        #expect(checkpoint.layout.kind == kind)
        #expect(checkpoint.shards.count > 1)
        var expected = small
        if kind == .original { expected.endTokens = [] }
        #expect(checkpoint.configuration == expected)
    }

    @Test("depends on the seed alone, not on threads", arguments: LayoutKind.allCases)
    func isDeterministic(kind: LayoutKind) throws {
        let one = try contents(try write("a", kind, threads: 1))
        let three = try contents(try write("b", kind, threads: 3))
        let other = try contents(try write("c", kind, seed: 4))
        #expect(one == three)
        #expect(one.keys == other.keys && one != other)
    }

    @Test("the tiny size is complete with the published vocabulary, and reports progress to the end")
    func tiny() throws {
        let path = folder.join("tiny")
        let last = Mutex((0, 0))
        try SyntheticCheckpoint.write(to: path, size: .tiny, layout: .huggingFaceMXFP4, seed: 1) { done, total in
            last.withLock { last in
                #expect(done >= last.0 && done <= total)
                last = (done, total)
            }
        }
        #expect(try CheckpointValidator.validate(path: path).findings.map(\.code) == [.tokenizerPublished])
        let (done, total) = last.withLock { $0 }
        #expect(done > 50_000_000 && total - done < 100_000)
    }

    @Test("the large sizes have the published numbers of bytes")
    func sizes() {
        let plan = { SyntheticCheckpoint.plan($0, $1, seed: 0, shardByteLimit: 5_000_000_000) }
        let mxfp4 = plan(.gptOSS20B, .huggingFaceMXFP4)
        #expect(abs(mxfp4.byteCount - 13_761_000_000) < 10_000_000 && mxfp4.shards.count == 3)
        #expect(abs(plan(.gptOSS120B, .original).byteCount - 65_249_000_000) < 50_000_000)
        let bf16 = plan(.gptOSS20B, .huggingFaceBF16)
        #expect(abs(bf16.byteCount - 41_830_000_000) < 10_000_000)
        #expect(bf16.shards.first?.name.hasPrefix("model-00001-of-000") == true)
    }
}
