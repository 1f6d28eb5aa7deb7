import Foundation
import Generation
import ModelLibrary
import OutcropNumerics
import Synchronization
import TestSupport
import Testing

@testable import Inference

/// Prefixes outlive the engine, and no file of them can do harm.
@Suite(.serialized, .timeLimit(.minutes(5))) struct PrefixFileTests {
    private final class Reports: Sendable {
        private let texts = Mutex<[String]>([])
        var all: [String] { texts.withLock { $0 } }
        func add(_ text: String) { texts.withLock { $0.append(text) } }
    }

    private let reports = Reports()

    private func prompt(_ seed: UInt64, _ count: Int = 300) -> [Int32] {
        var random = RandomSource(seed: seed)
        return (0..<count).map { _ in Int32(random.next() % 500) }
    }

    /// Runs prompts one after the other in an engine of their own.
    private func run(
        _ artifact: Artifact, _ prompts: [[Int32]], limit: Int? = 64 << 20,
        change: (inout EngineOptions) -> Void = { _ in }
    ) async throws -> [(tokens: [SampledToken], cached: Int)] {
        var options = EngineOptions(precision: .f32)
        options.contextLength = 1024
        options.keyValueBytes = 64 << 20
        options.prefixFileBytes = limit
        options.report = { [reports] in reports.add($0) }
        change(&options)
        let engine = try InferenceEngine(LoadedModel(artifact, options: options))
        defer { engine.shutdown() }
        var results: [(tokens: [SampledToken], cached: Int)] = []
        for prompt in prompts {
            let request = GenerationRequest(id: "test", prompt: prompt, maximumTokens: 4, topLogprobs: 5)
            var result: (tokens: [SampledToken], cached: Int) = ([], -1)
            for try await event in try engine.generate(request) {
                if case .token(let token) = event { result.tokens.append(token) }
                if case .admitted(let count) = event { result.cached = count }
            }
            results.append(result)
        }
        return results
    }

    private func withArtifact(_ body: (Artifact, _ file: URL) async throws -> Void) async throws {
        let (artifact, folder) = try Golden("d1-base").imported()
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(artifact, URL(fileURLWithPath: artifact.folder).appendingPathComponent(PrefixFile.name))
    }

    @Test("a new engine goes on where the last one was, with the same numbers")
    func restart() async throws {
        try await withArtifact { artifact, file in
            let prompts = [prompt(1), prompt(1).prefix(160) + prompt(2), prompt(3, 90)]
            let first = try await run(artifact, prompts)
            #expect(first.map(\.cached) == [0, 160, 0])
            let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            for _ in 0..<2 {
                let again = try await run(artifact, prompts)
                #expect(again.map(\.cached) == [288, 448, 64])
                #expect(again.map(\.tokens) == first.map(\.tokens))
            }
            #expect(reports.all.isEmpty)
            let names = try FileManager.default.contentsOfDirectory(atPath: artifact.folder)
            #expect(!names.contains { $0.contains("partial") || $0.contains("lock") })
        }
    }

    @Test("without the option no file is written or read")
    func off() async throws {
        try await withArtifact { artifact, file in
            _ = try await run(artifact, [prompt(1)], limit: nil)
            #expect(!FileManager.default.fileExists(atPath: file.path))
            _ = try await run(artifact, [prompt(1)])
            #expect(try await run(artifact, [prompt(1)], limit: nil)[0].cached == 0)
        }
    }

    @Test("what was used last is kept when not all fits, and the file stays within its limit")
    func limit() async throws {
        try await withArtifact { artifact, file in
            let limit = 1_500_000
            let prompts = (1...6).map { prompt($0) }
            _ = try await run(artifact, prompts, limit: limit)
            let size = try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int ?? .max
            #expect(size <= limit && size > limit / 2)
            #expect(try await run(artifact, [prompts[5]], limit: limit)[0].cached == 288)
            _ = try await run(artifact, prompts, limit: limit)
            #expect(try await run(artifact, [prompts[0]], limit: limit)[0].cached == 0)
        }
    }

    @Test("a file of another precision or model is not used, and said so")
    func foreign() async throws {
        try await withArtifact { artifact, _ in
            _ = try await run(artifact, [prompt(1)])
            #expect(try await run(artifact, [prompt(1)]) { $0.precision = .fast }[0].cached == 0)
            #expect(reports.all.count == 1 && reports.all[0].contains("another model"))
        }
        try await withArtifact { artifact, file in
            _ = try await run(artifact, [prompt(1)])
            let (other, folder) = try Golden("d2-gqa8").imported()
            defer { try? FileManager.default.removeItem(at: folder) }
            let target = URL(fileURLWithPath: other.folder).appendingPathComponent(PrefixFile.name)
            try FileManager.default.copyItem(at: file, to: target)
            #expect(try await run(other, [prompt(1)])[0].cached == 0)
            #expect(reports.all.count == 2)
        }
    }

    @Test("a damaged file is used up to the damage and never crashes", arguments: 0..<10)
    func damage(seed: UInt64) async throws {
        try await withArtifact { artifact, file in
            let expected = try await run(artifact, [prompt(1), prompt(2)])
            var bytes = [UInt8](try Data(contentsOf: file))
            var random = RandomSource(seed: seed)
            if seed % 2 == 0 {
                bytes.removeLast(1 + Int(random.next() % UInt64(bytes.count - 1)))
            } else {
                // Bits of the beginnings and checksums more often than those of the pages.
                let place = seed % 4 == 1 ? random.next() % 300 : random.next() % UInt64(bytes.count)
                bytes[Int(place)] ^= 1 << UInt8(random.next() % 8)
            }
            try Data(bytes).write(to: file)
            let found = try await run(artifact, [prompt(1), prompt(2)])
            #expect(found.map(\.tokens) == expected.map(\.tokens))
            #expect(reports.all.count == 1, "\(reports.all)")
        }
    }

    @Test("forged beginnings of blocks are refused")
    func forged() throws {
        let layout = PrefixFileLayout(
            identity: 1, vocabularySize: 100, window: 128, fullByteCount: 64, slidingByteCount: 32)
        func bytes(_ header: PrefixFileLayout.BlockHeader, pages: Int) -> [UInt8] {
            var bytes: [UInt8] = []
            PrefixFileLayout.append(header, to: &bytes)
            bytes += [UInt8](repeating: 7, count: pages)
            PrefixFileLayout.seal(&bytes)
            return bytes
        }
        let good = PrefixFileLayout.BlockHeader(parent: 2, hasSliding: true, tokens: Array(0..<32))
        #expect(try layout.block(bytes(good, pages: 96), number: 3) == good)
        #expect(throws: PrefixFileLayout.Damage.block(2)) { try layout.block(bytes(good, pages: 96), number: 2) }
        #expect(throws: PrefixFileLayout.Damage.block(3)) { try layout.block(bytes(good, pages: 64), number: 3) }
        for (parent, token) in [(-2, Int32(1)), (Int.min, 1), (3, 1), (0, 100), (0, -1)] {
            var bad = good
            bad.parent = parent
            bad.tokens[31] = token
            #expect(throws: PrefixFileLayout.Damage.block(3)) { try layout.block(bytes(bad, pages: 96), number: 3) }
        }
        let whole = bytes(good, pages: 96)
        for length in 0..<whole.count {
            #expect(throws: PrefixFileLayout.Damage.block(3)) {
                try layout.block(Array(whole.prefix(length)), number: 3)
            }
        }
        #expect(throws: PrefixFileLayout.Damage.notAPrefixFile) { try layout.check(header: []) }
        try layout.check(header: layout.header)
    }

    @Test("whatever a file with sound checksums says, every page is somewhere once")
    func mutated() {
        // A page of the fuzzer's pools has 128 bytes; the blocks' checksums are made good there.
        let blocks = (0..<4).map { number in
            var bytes: [UInt8] = []
            let tokens = (0..<32).map { Int32(number * 32 + $0) }
            PrefixFileLayout.append(
                .init(parent: number - 1, hasSliding: number % 2 == 1, tokens: tokens), to: &bytes)
            return bytes + [UInt8](repeating: UInt8(number), count: number % 2 == 1 ? 256 : 128)
                + [UInt8](repeating: 0, count: 8)
        }
        #expect(PrefixFileBytes.restore(fuzz: blocks.flatMap { $0 }) == 4)
        var random = RandomSource(seed: 1)
        var counts: Set<Int> = []
        for _ in 0..<2_000 {
            // More blocks than pages at times, some twice, some before their parents.
            var bytes = (0..<random.next() % 12).flatMap { _ in blocks[Int(random.next() % 4)] }
            for _ in 0..<random.next() % 4 where !bytes.isEmpty {
                let place = Int(random.next() % UInt64(bytes.count))
                if random.next() % 8 == 0 { bytes.removeSubrange(place...) } else { bytes[place] ^= 1 }
            }
            guard let count = PrefixFileBytes.restore(fuzz: bytes) else {
                Issue.record("pages were lost or given twice: \(bytes)")
                return
            }
            counts.insert(count)
        }
        #expect(counts.isSuperset(of: 0...5))
    }
}
