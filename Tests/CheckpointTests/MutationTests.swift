import JSON
import TestSupport
import Testing

@testable import Checkpoint

@Suite("Mutated files")
struct MutationTests {
    private func mutate(_ original: [UInt8], _ random: inout ConversionTests.Random) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 1...6, using: &random) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: index)
            case 2: bytes.insert(Array("{}[]\",:09-eE.\\".utf8).randomElement(using: &random) ?? 0, at: index)
            default: bytes.removeLast(Int.random(in: 0...bytes.count / 4, using: &random))
            }
        }
        return bytes
    }

    @Test("three thousand damaged indexes never trap and never name a path")
    func index() throws {
        let original = try fixtureBytes("checkpoints/d1-base/hf-bf16-sharded/model.safetensors.index.json")
        var random = ConversionTests.Random(state: 1)
        for _ in 0..<3_000 {
            let (index, findings) = ShardIndex.parse(mutate(original, &random), path: "x")
            #expect(index != nil || !findings.isEmpty)
            for entry in index?.weightMap ?? [] { #expect(!entry.shard.contains("/")) }
        }
    }

    @Test("ten thousand damaged tokenizers never trap")
    func tokenizer() {
        let original = Array(
            #"{"version":"1.0","added_tokens":[{"id":3,"content":"<|x|>","special":true}],"normalizer":null,"model":{"type":"BPE","vocab":{"a":0,"\u0120b":1},"merges":[["a","b"]]}}"#
                .utf8)
        var random = ConversionTests.Random(state: 2)
        for _ in 0..<10_000 {
            let probe = try? TokenizerProbe.read(mutate(original, &random))
            #expect(probe.map { $0.largestID >= -1 } ?? true)
        }
    }
}
