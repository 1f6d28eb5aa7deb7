import Conversation
import Generation
import Harmony
import TestSupport
import Testing
import Tokenizer

@Suite struct ConversationTurnTests {
    @Test("reasoning and answer are told apart and counted")
    func reasoningAndAnswer() async throws {
        let model = try ScriptedModel([
            "<|channel|>analysis<|message|>Think.<|end|><|start|>assistant<|channel|>final<|message|>Hello!<|return|>"
        ])
        let answer = try await model.answer("Hi")
        #expect(answer.reasoning == "Think.")
        #expect(answer.content == "Hello!")
        let summary = try #require(answer.summary)
        #expect(summary.reason == .stop)
        #expect(summary.repairs == 0)
        #expect(summary.usage.reasoningTokens == 2)
        #expect(summary.usage.completionTokens == 14)
        #expect(summary.usage.promptTokens == model.generator.requests[0].prompt.count)
    }

    @Test("the prompt tells identity, date, effort, instructions and the question")
    func prompt() async throws {
        let model = try ScriptedModel(["<|channel|>final<|message|>ok<|return|>"])
        _ = try await model.answer(
            ConversationRequest(
                id: "t",
                messages: [.init(.system, "Be brief."), .init(.developer, "Be kind."), .init(.user, "Hi <|end|>")],
                effort: .high, date: "2024-02-29"))
        #expect(
            try model.prompt(0) == """
                <|start|>system<|message|>You are ChatGPT, a large language model trained by OpenAI.
                Knowledge cutoff: 2024-06
                Current date: 2024-02-29

                Reasoning: high

                # Valid channels: analysis, commentary, final. Channel must be included for every message.<|end|>\
                <|start|>developer<|message|># Instructions

                Be brief.

                Be kind.<|end|><|start|>user<|message|>Hi <|end|><|end|><|start|>assistant
                """)
        #expect(!model.generator.requests[0].prompt.dropLast(3).suffix(3).contains(model.encoding.end))
    }

    @Test(
        "a line of the instructions can set the effort, and a field beats it",
        arguments: [
            ("Reasoning: high", nil, "high", nil), ("reasoning:  LOW\nBe brief.", nil, "low", "Be brief."),
            ("Be brief.\n\nReasoning: high\n", ReasoningEffort.low, "low", "Be brief."),
            ("Reasoning: extreme", nil, "medium", "Reasoning: extreme"),
        ] as [(String, ReasoningEffort?, String, String?)])
    func effortLine(_ system: String, _ field: ReasoningEffort?, _ effort: String, _ kept: String?) async throws {
        let model = try ScriptedModel(["<|channel|>final<|message|>ok<|return|>"])
        _ = try await model.answer(
            ConversationRequest(id: "t", messages: [.init(.system, system), .init(.user, "Hi")], effort: field))
        let prompt = try model.prompt(0)
        #expect(prompt.contains("\n\nReasoning: \(effort)\n\n#"))
        #expect(prompt.contains("developer") == (kept != nil))
        if let kept { #expect(prompt.contains("# Instructions\n\n\(kept)<|end|>")) }
    }

    @Test("a preamble and the answer are both content, apart")
    func preamble() async throws {
        let model = try ScriptedModel([
            "<|channel|>commentary<|message|>One moment.<|end|><|start|>assistant<|channel|>final<|message|>Done.<|return|>"
        ])
        #expect(try await model.answer("Hi").content == "One moment.\n\nDone.")
    }

    @Test(
        "a call is recognised wherever its recipient stands, whatever ends it",
        arguments: [
            "<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{\"place\":\"Rome\"}<|call|>",
            " to=functions.get_weather<|channel|>commentary json<|message|>{\"place\":\"Rome\"}<|call|>",
            "<|channel|>analysis to=functions.get_weather code<|message|>{\"place\":\"Rome\"}<|return|>",
            "<|channel|>commentary to=get_weather<|message|>{\"place\":\"Rome\"}<|return|>",
            "<|channel|>commentary to=functions.get_weather<|channel|>json<|message|>{\"place\":\"Rome\"}<|call|>",
        ])
    func calls(_ output: String) async throws {
        let model = try ScriptedModel([output])
        let answer = try await model.answer("Weather?", tools: [ScriptedModel.weather])
        #expect(answer.calls.map(\.name) == ["get_weather"])
        #expect(answer.calls.first?.arguments == "{\"place\":\"Rome\"}")
        #expect(answer.calls.first?.id.hasPrefix("call_") == true)
        #expect(answer.content == "")
        #expect(answer.summary?.reason == .toolCalls)
    }

    @Test("a call of a function that nobody declared still reaches the client, by its name")
    func undeclaredFunction() async throws {
        let model = try ScriptedModel(["<|channel|>commentary to=functions.other<|message|>{}<|call|>"])
        let answer = try await model.answer("Hi", tools: [ScriptedModel.weather])
        #expect(answer.calls.map(\.name) == ["other"])
    }

    @Test("without functions a call's body is content")
    func callWithoutFunctions() async throws {
        let model = try ScriptedModel(["<|channel|>commentary to=browser.search<|message|>{\"q\":1}<|call|>"])
        let answer = try await model.answer("Hi")
        #expect(answer.calls.isEmpty)
        #expect(answer.content == "{\"q\":1}")
        #expect(answer.summary?.reason == .stop)
    }

    @Test("with tool_choice none the model is not told of functions, and required is refused")
    func toolChoice() async throws {
        let model = try ScriptedModel(["<|channel|>final<|message|>ok<|return|>"])
        var request = ConversationRequest(
            id: "t", messages: [.init(.user, "Hi")], tools: [ScriptedModel.weather], toolChoice: .none)
        _ = try await model.answer(request)
        #expect(try !model.prompt(0).contains("get_weather"))
        request.toolChoice = .required
        #expect(throws: ConversationError.needsConstrainedDecoding("tool_choice 'required'")) {
            try model.service.respond(to: request)
        }
    }

    @Test("the limit of tokens ends in length, also within reasoning")
    func length() async throws {
        let model = try ScriptedModel(["<|channel|>analysis<|message|>I think and think and think<|end|>"])
        let answer = try await model.answer(
            ConversationRequest(id: "t", messages: [.init(.user, "Hi")], maximumTokens: 6))
        #expect(answer.summary?.reason == .length)
        #expect(answer.content == "")
        #expect(answer.reasoning == "I think and")
        #expect(answer.summary?.usage.completionTokens == 6)
        #expect(answer.summary?.usage.reasoningTokens == 3)
    }

    @Test("a turn that ends behind its reasoning is made to write its answer")
    func forcedFinal() async throws {
        let model = try ScriptedModel([
            "<|channel|>analysis<|message|>Done thinking.<|return|>", "The answer.<|return|>",
        ])
        let answer = try await model.answer("Hi")
        #expect(answer.reasoning == "Done thinking.")
        #expect(answer.content == "The answer.")
        #expect(answer.summary?.reason == .stop)
        #expect(
            try model.prompt(1).hasSuffix(
                "<|start|>assistant<|channel|>analysis<|message|>Done thinking.<|end|>"
                    + "<|start|>assistant<|channel|>final<|message|>"))
        #expect(answer.summary?.usage.promptTokens == model.generator.requests[0].prompt.count)
    }

    @Test("a turn that runs into nonsense behind its reasoning is made to write its answer")
    func forcedFinalAfterNonsense() async throws {
        let model = try ScriptedModel([
            "<|channel|>analysis<|message|>Hm.<|end|> nonsense and more nonsense", "The answer.<|return|>",
        ])
        let answer = try await model.answer("Hi")
        #expect(answer.reasoning == "Hm.")
        #expect(answer.content == "The answer.")
        #expect(model.generator.requests.count == 2)
    }

    @Test("a turn of one stop token is made to write its answer, but only once")
    func forcedFinalOnce() async throws {
        let model = try ScriptedModel(["<|return|>"])
        let answer = try await model.answer("Hi")
        #expect(answer.content == "")
        #expect(model.generator.requests.count == 2)
        #expect(try model.prompt(1).hasSuffix("<|start|>assistant<|channel|>final<|message|>"))
        #expect(answer.summary?.usage.completionTokens == 2)
    }

    @Test("a stop text ends the answer, across tokens, and cancels the generation")
    func stopText() async throws {
        let tokenizer = try BytePairTokenizer.o200kHarmony()
        let ids = tokenizer.encode(
            "<|channel|>analysis<|message|>not STOP here<|end|><|start|>assistant<|channel|>final<|message|>one ST",
            allowedSpecial: .all)
        let model = try ScriptedModel(scripts: [
            .init(
                ids + tokenizer.encodeOrdinary("OP two three"), delay: .milliseconds(1), isEndless: true,
                cachedTokens: 3)
        ])
        let answer = try await model.answer("Hi", stop: ["STOP"])
        #expect(answer.reasoning == "not STOP here")
        #expect(answer.content == "one ")
        #expect(answer.summary?.reason == .stop)
        #expect(answer.summary?.usage.cachedTokens == 3)
        for _ in 0..<200 where model.generator.running > 0 { try await Task.sleep(for: .milliseconds(5)) }
        #expect(model.generator.cancelled == ["test"])
    }

    @Test("what a turn has taken is known at any time, also when it fails")
    func usageSoFar() async throws {
        let tokenizer = try BytePairTokenizer.o200kHarmony()
        let ids = tokenizer.encode("<|channel|>analysis<|message|>one two", allowedSpecial: .all)
        let model = try ScriptedModel(scripts: [.init(ids, failure: .failed("no pages"), cachedTokens: 3)])
        let request = ConversationRequest(id: "t", messages: [.init(.user, "Hi")])
        var events = try model.service.respond(to: request).makeAsyncIterator()
        #expect(events.usage == .zero)
        guard case .promptProgress = try await events.next() else { throw CancellationError() }
        let prompt = model.generator.requests[0].prompt.count
        #expect(events.usage == TokenUsage(promptTokens: prompt, cachedTokens: 3))
        await #expect(throws: GenerationError.failed("no pages")) {
            while try await events.next() != nil {}
        }
        #expect(
            events.usage
                == TokenUsage(
                    promptTokens: prompt, cachedTokens: 3, completionTokens: ids.count, reasoningTokens: 2))
    }

    @Test("dropping a turn before or while it is read cancels the generation")
    func dropping() async throws {
        let model = try ScriptedModel(scripts: [.init([1], delay: .milliseconds(1), isEndless: true)])
        let request = ConversationRequest(id: "t", messages: [.init(.user, "Hi")])
        _ = try model.service.respond(to: request)
        for try await event in try model.service.respond(to: request) where event != .reasoning("") { break }
        for _ in 0..<200 where model.generator.running > 0 { try await Task.sleep(for: .milliseconds(5)) }
        #expect(model.generator.running == 0)
        #expect(model.generator.cancelled.count == 2)
    }

    @Test("cancelling the reading task cancels the generation")
    func cancelling() async throws {
        let model = try ScriptedModel(scripts: [.init([1], prefill: .seconds(60))])
        let task = Task { try await model.answer("Hi") }
        while model.generator.running == 0 { try await Task.sleep(for: .milliseconds(1)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        for _ in 0..<200 where model.generator.running > 0 { try await Task.sleep(for: .milliseconds(5)) }
        #expect(model.generator.running == 0)
    }

    @Test("the generator's error is the turn's")
    func failure() async throws {
        let model = try ScriptedModel(scripts: [.init([1, 2], failure: .failed("no pages"))])
        await #expect(throws: GenerationError.failed("no pages")) { try await model.answer("Hi") }
    }

    @Test("log-probabilities come with the answer's tokens only, and with the text that they end in")
    func logprobs() async throws {
        let tokenizer = try BytePairTokenizer.o200kHarmony()
        let text = "caf\u{E9} \u{1F9D1}\u{200D}\u{1F680}!"
        let model = try ScriptedModel([
            "<|channel|>analysis<|message|>x y<|end|><|start|>assistant<|channel|>final<|message|>\(text)<|return|>"
        ])
        let answer = try await model.answer(
            ConversationRequest(id: "t", messages: [.init(.user, "Hi")], stop: ["zzz"], topLogprobs: 1))
        #expect(answer.content == text)
        #expect(answer.tokens.map(\.id) == tokenizer.encodeOrdinary(text))
    }

    @Test("any tokens yield a turn that ends")
    func anyTokens() async throws {
        var random = SeededRandom(seed: 7)
        let special: [Int32] = [
            199_998, 199_999, 200_002, 200_003, 200_005, 200_006, 200_007, 200_008, 200_012, 201_087,
        ]
        let words = try BytePairTokenizer.o200kHarmony().encodeOrdinary(
            " to=functions.get_weather assistant analysis final commentary json {}")
        for _ in 0..<300 {
            let ids = (0..<Int.random(in: 0...40, using: &random)).map { _ -> Int32 in
                switch Int.random(in: 0..<3, using: &random) {
                case 0: special[Int.random(in: 0..<special.count, using: &random)]
                case 1: words[Int.random(in: 0..<words.count, using: &random)]
                default: Int32.random(in: 0..<201_088, using: &random)
                }
            }
            let model = try ScriptedModel(scripts: [.init(ids)])
            let answer = try await model.answer("Hi", tools: [ScriptedModel.weather], stop: ["e"])
            #expect(answer.summary != nil)
            #expect(!answer.content.contains("<|"))
        }
    }
}

/// Numbers that are the same on every run.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
