import Conversation
import Foundation
import Generation
import Harmony
import TestSupport
import Testing
import Tokenizer
import Usage

@testable import APISupport

/// Answers that end in every way, and what is counted for them.
@Suite(.timeLimit(.minutes(1))) struct MeasuredGenerationTests {
    private static let request = ConversationRequest(id: "test", messages: [.init(.user, "Hi")])
    private let folder: TemporaryFolder
    private let metrics = Metrics()
    private let recorder: UsageRecorder
    private let measuring: GenerationMetrics

    init() throws {
        folder = try TemporaryFolder()
        recorder = try UsageRecorder(dataFolder: folder.path) { Issue.record("\($0)") }
        measuring = GenerationMetrics(metrics, usage: recorder)
    }

    private static func ids(_ text: String) throws -> [Int32] {
        try BytePairTokenizer.o200kHarmony().encode(text, allowedSpecial: .all)
    }

    private func model(_ script: ScriptedGenerator.Script) throws -> (ServedModel, ScriptedGenerator) {
        let generator = ScriptedGenerator([script])
        let encoding = try HarmonyEncoding(tokenizer: try BytePairTokenizer.o200kHarmony())
        let model = ServedModel(
            id: "measuredmode", names: ["measured"], generator: generator, encoding: encoding, created: 1)
        return (model, generator)
    }

    /// What is in the usage records.
    private func counted() async throws -> UsageCounts? {
        await recorder.flush()
        let report = try UsageStore(dataFolder: folder.path).report(
            since: .distantPast.addingTimeInterval(1), until: .now, by: .key)
        #expect(report.rows.count <= 1)
        return report.rows.first?.counts
    }

    private func expectEnd(_ reason: String, _ location: SourceLocation = #_sourceLocation) {
        let ends = metrics.exposition().split(separator: "\n").filter { $0.hasPrefix("vllm:request_success_total") }
        let labels = "model_name=\"measured\",engine=\"0\",finished_reason=\"\(reason)\""
        #expect(ends == ["vllm:request_success_total{\(labels)} 1"], sourceLocation: location)
    }

    /// A metric's value; nil if nothing was observed.
    private func metric(_ name: String) -> Int? {
        let prefix = "\(name){model_name=\"measured\",engine=\"0\"} "
        return metrics.exposition().split(separator: "\n").first { $0.hasPrefix(prefix) }
            .flatMap { Int($0.dropFirst(prefix.count)) }
    }

    /// Runs an answer until so many of its events have come, or to its end.
    private func run<Event>(_ source: @escaping EventStream<Event>.Source, events: Int = .max) async throws {
        let (stream, continuation) = AsyncStream<Event>.makeStream()
        let reader = Task {
            defer { continuation.finish() }
            try await source { continuation.yield($0) }
        }
        var seen = 0
        for await _ in stream {
            seen += 1
            if seen == events { reader.cancel() }
        }
        try await reader.value
    }

    @Test("a finished answer")
    func finished() async throws {
        let ids = try Self.ids(
            "<|channel|>analysis<|message|>a b<|end|><|start|>assistant<|channel|>final<|message|>c<|return|>")
        let (model, generator) = try model(.init(ids, cachedTokens: 3))
        let turn = try ConversationService(model).respond(to: Self.request)
        try await run(measuring.measured(turn, model: model, caller: .anyone))
        let prompt = generator.requests[0].prompt.count
        let tokens = UsageTokens(input: prompt, output: ids.count, cached: 3, reasoning: 2)
        #expect(try await counted() == UsageCounts(requests: 1, tokens: tokens))
        expectEnd("stop")
        #expect(metric("vllm:request_prompt_tokens_sum") == prompt)
        #expect(metric("vllm:request_generation_tokens_sum") == ids.count)
        #expect(metric("vllm:prompt_tokens_cached_total") == 3)
    }

    @Test("an answer that fails is counted as far as it came")
    func failed() async throws {
        let ids = try Self.ids("<|channel|>analysis<|message|>one two three")
        let (model, generator) = try model(.init(ids, failure: .shuttingDown, cachedTokens: 3))
        let turn = try ConversationService(model).respond(to: Self.request)
        await #expect(throws: GenerationError.shuttingDown) {
            try await run(measuring.measured(turn, model: model, caller: .anyone))
        }
        let prompt = generator.requests[0].prompt.count
        let tokens = UsageTokens(input: prompt, output: ids.count, cached: 3, reasoning: 3)
        #expect(try await counted() == UsageCounts(requests: 1, tokens: tokens))
        expectEnd("abort")
        #expect(metric("vllm:request_generation_tokens_sum") == ids.count)
        #expect(metric("vllm:prompt_tokens_cached_total") == 3)
        #expect(metric("vllm:time_to_first_token_seconds_count") == 1)
    }

    @Test("an answer that nobody waits for any more is counted as far as it came", arguments: [true, false])
    func abandoned(_ isTurn: Bool) async throws {
        let ids = try Self.ids("<|channel|>final<|message|>one two three four five six")
        let (model, generator) = try model(
            .init(ids, delay: .milliseconds(1), isEndless: true, cachedTokens: 3))
        await #expect(throws: CancellationError.self) {
            if isTurn {
                let turn = try ConversationService(model).respond(to: Self.request)
                try await run(measuring.measured(turn, model: model, caller: .anyone), events: 5)
            } else {
                let completion = try TextCompletion(
                    TextCompletionRequest(id: "test", prompt: [1, 2, 3, 4]), model: model)
                try await run(measuring.measured(completion, model: model, caller: .anyone), events: 5)
            }
        }
        let counted = try #require(try await counted())
        #expect(counted.requests == 1)
        #expect(counted.tokens.input == generator.requests[0].prompt.count)
        #expect(counted.tokens.cached == 3)
        // The progress of the prompt is an event, too.
        #expect(counted.tokens.output >= 4)
        expectEnd("abort")
        #expect(metric("vllm:request_generation_tokens_sum") == counted.tokens.output)
    }

    @Test("tokens that came before the client left are counted, also those that nobody has read yet")
    func unread() async throws {
        let ids = try Self.ids("<|channel|>final<|message|>one two three four five six")
        let (model, generator) = try model(.init(ids, failure: .shuttingDown))
        let turn = try ConversationService(model).respond(to: Self.request)
        while generator.running > 0 { try await Task.sleep(for: .milliseconds(1)) }
        let source = measuring.measured(turn, model: model, caller: .anyone)
        let reader = Task {
            while !Task.isCancelled { await Task.yield() }
            try await source { _ in }
        }
        reader.cancel()
        await #expect(throws: (any Error).self) { try await reader.value }
        #expect(try await counted()?.tokens.output == ids.count)
    }

    @Test("a prompt that is being computed is counted, one whose turn never came is not", arguments: [true, false])
    func early(_ isAdmitted: Bool) async throws {
        let (model, generator) = try model(
            isAdmitted ? .init([1], prefill: .seconds(600)) : .init([1], queue: .seconds(600)))
        let turn = try ConversationService(model).respond(to: Self.request)
        let source = measuring.measured(turn, model: model, caller: .anyone)
        let (progress, continuation) = AsyncStream<Void>.makeStream()
        let reader = Task { try await source { _ in continuation.yield() } }
        if isAdmitted { _ = await progress.first { _ in true } }
        reader.cancel()
        await #expect(throws: CancellationError.self) { try await reader.value }
        let prompt = generator.requests[0].prompt.count
        #expect(
            try await counted()
                == (isAdmitted ? UsageCounts(requests: 1, tokens: UsageTokens(input: prompt, output: 0)) : nil))
        expectEnd("abort")
        #expect(metric("vllm:request_prompt_tokens_sum") == (isAdmitted ? prompt : nil))
    }
}
