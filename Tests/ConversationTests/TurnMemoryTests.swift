import Generation
import Harmony
import TestSupport
import Testing
import Tokenizer

@testable import Conversation

@Suite struct TurnMemoryTests {
    private static let call =
        "<|channel|>analysis<|message|>Need weather.<|end|><|start|>assistant<|channel|>commentary to=functions.get_weather "
        + "<|constrain|>json<|message|>{\"place\": \"Rome\"}<|call|>"

    /// A model that called a function, its call, and the request that brings the result.
    private func afterCall(
        _ change: (inout ConversationMessage) -> Void = { _ in }
    ) async throws -> (ScriptedModel, ConversationRequest) {
        let model = try ScriptedModel([Self.call, "<|channel|>final<|message|>Sunny.<|return|>"])
        let first = try await model.answer("Weather?", tools: [ScriptedModel.weather])
        var assistant = ConversationMessage(.assistant, "", toolCalls: first.calls)
        change(&assistant)
        let request = ConversationRequest(
            id: "t",
            messages: [
                .init(.user, "Weather?"), assistant, .init(.tool, "sunny", toolCallID: first.calls[0].id),
            ], tools: [ScriptedModel.weather])
        return (model, request)
    }

    @Test("a call and the reasoning before it are repeated token for token, although the client dropped the reasoning")
    func replaysCall() async throws {
        let (model, request) = try await afterCall()
        #expect(try await model.answer(request).content == "Sunny.")
        let tokenizer = model.encoding.tokenizer
        let first = model.generator.requests[0].prompt + tokenizer.encode(Self.call, allowedSpecial: .all)
        #expect(model.generator.requests[1].prompt.starts(with: first))
        #expect(
            try model.prompt(1).hasSuffix(
                "<|call|><|start|>functions.get_weather to=assistant<|channel|>commentary<|message|>sunny<|end|>"
                    + "<|start|>assistant"))
    }

    @Test("a client's own reasoning replaces what is remembered")
    func clientReasoning() async throws {
        let (model, request) = try await afterCall { $0.reasoning = "My own." }
        _ = try await model.answer(request)
        let prompt = try model.prompt(1)
        #expect(prompt.contains("<|channel|>analysis<|message|>My own.<|end|>"))
        #expect(!prompt.contains("Need weather."))
    }

    @Test("a call that the client changed is rendered as it is now, channel first")
    func changedCall() async throws {
        let (model, request) = try await afterCall { $0.toolCalls[0].arguments = "{}" }
        _ = try await model.answer(request)
        let prompt = try model.prompt(1)
        #expect(
            prompt.contains(
                "<|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{}<|call|>"
            ))
        #expect(!prompt.contains("Need weather."))
    }

    @Test("a final answer is repeated token for token, without the reasoning that it closed")
    func replaysFinal() async throws {
        let tokenizer = try BytePairTokenizer.o200kHarmony()
        // Not the tokens that encoding the text gives.
        let odd = "Hello".utf8.flatMap { tokenizer.encodeOrdinary(utf8: [$0]) }
        let ids =
            tokenizer.encode(
                "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>",
                allowedSpecial: .all) + odd + [200_002]
        let model = try ScriptedModel(scripts: [.init(ids)])
        let first = try await model.answer("Hi")
        _ = try await model.answer(
            ConversationRequest(
                id: "t",
                messages: [
                    .init(.user, "Hi"), .init(.assistant, first.content, reasoning: first.reasoning),
                    .init(.user, "More"),
                ]))
        let prompt = model.generator.requests[1].prompt
        let replayed =
            tokenizer.encode("<|start|>assistant<|channel|>final<|message|>", allowedSpecial: .all) + odd + [200_007]
        #expect(prompt.indices.contains { prompt[$0...].starts(with: replayed) })
        #expect(try !model.prompt(1).contains("Hm."))
    }

    @Test("what was used longest ago is forgotten first")
    func forgets() async throws {
        let memory = TurnMemory(tokenCapacity: 40)
        for index in 0..<10 {
            let model = try ScriptedModel(["<|channel|>final<|message|>answer \(index)<|return|>"], memory: memory)
            _ = try await model.answer("Hi")
        }
        #expect(memory.turn(of: ConversationMessage(.assistant, "answer 9")) != nil)
        #expect(memory.turn(of: ConversationMessage(.assistant, "answer 0")) == nil)
    }

    @Test("a result whose call is unknown is refused by name")
    func unknownCall() throws {
        let model = try ScriptedModel(["<|return|>"])
        #expect(throws: ConversationError.unknownToolCall(id: "call_x", message: 1)) {
            try model.service.respond(
                to: ConversationRequest(
                    id: "t", messages: [.init(.user, "Hi"), .init(.tool, "x", toolCallID: "call_x")]))
        }
    }
}
