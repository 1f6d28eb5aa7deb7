import Generation
import OutcropNumerics
import Testing

@testable import Inference

/// Prompts longer than the context that the model was first trained for, whose rotations are interpolated.
@Suite(.timeLimit(.minutes(5))) struct LongContextTests {
    @Test("a prompt of 9,000 tokens gives the same answer in chunks of any size, and again from memory")
    func chunks() async throws {
        let prompt = (0..<9_000).map { (index: Int) -> Int32 in Int32((index * 31 + index / 97) % 500) }
        var answers: [[Int32]] = []
        for stepTokens in [2048, 300] {
            let options = EngineOptions(
                precision: .f32, contextLength: 10_000, stepTokens: stepTokens, stepSeconds: nil)
            try await Golden("d1-base").withModel(options) { model in
                let engine = try InferenceEngine(model)
                defer { engine.shutdown() }
                for _ in 0..<2 {
                    let request = GenerationRequest(id: "long", prompt: prompt, maximumTokens: 12)
                    answers.append(try await engine.tokens(of: request))
                }
                #expect(engine.load().prefixHits == 8_992)
            }
        }
        #expect(answers.allSatisfy { $0 == answers[0] })
    }
}
