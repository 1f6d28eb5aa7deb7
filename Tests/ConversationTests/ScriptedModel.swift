import Conversation
import Generation
import Harmony
import JSON
import TestSupport
import Testing
import Tokenizer

/// A model whose output is written by the test.
struct ScriptedModel {
    let generator: ScriptedGenerator
    let encoding: HarmonyEncoding
    let service: ConversationService

    /// - Parameter outputs: one per generation, with control tokens as text; the last is repeated.
    init(_ outputs: [String], memory: TurnMemory = TurnMemory()) throws {
        let tokenizer = try BytePairTokenizer.o200kHarmony()
        try self.init(
            scripts: outputs.map { ScriptedGenerator.Script(tokenizer.encode($0, allowedSpecial: .all)) },
            memory: memory)
    }

    init(scripts: [ScriptedGenerator.Script], memory: TurnMemory = TurnMemory()) throws {
        encoding = try HarmonyEncoding(tokenizer: try BytePairTokenizer.o200kHarmony())
        generator = ScriptedGenerator(scripts)
        let served = ServedModel(
            id: "scriptedmode", names: ["scripted"], generator: generator, encoding: encoding, created: 1)
        service = ConversationService(served, memory: memory, date: CalendarDate(unixSeconds: 1_754_438_400))
    }

    /// Everything that an answer consisted of.
    struct Answer: Equatable {
        var content = ""
        var reasoning = ""
        var calls: [ToolCall] = []
        var tokens: [TokenLogprob] = []
        var summary: ConversationSummary?
    }

    func answer(_ request: ConversationRequest) async throws -> Answer {
        var answer = Answer()
        for try await event in try service.respond(to: request) {
            switch event {
            case .promptProgress: break
            case .reasoning(let text): answer.reasoning += text
            case .content(let text, let tokens):
                answer.content += text
                answer.tokens += tokens
            case .toolCallStarted(let index, let id, let name):
                #expect(index == answer.calls.count)
                answer.calls.append(ToolCall(id: id, name: name, arguments: ""))
            case .toolCallArguments(let index, let text): answer.calls[index].arguments += text
            case .finished(let summary): answer.summary = summary
            }
        }
        return answer
    }

    func answer(_ text: String, tools: [ToolDefinition] = [], stop: [String] = []) async throws -> Answer {
        try await answer(
            ConversationRequest(id: "test", messages: [.init(.user, text)], tools: tools, stop: stop))
    }

    /// The text of the prompt of a generation.
    func prompt(_ index: Int) throws -> String {
        String(decoding: try encoding.tokenizer.decode(generator.requests[index].prompt), as: UTF8.self)
    }

    static let weather = ToolDefinition(
        name: "get_weather", description: "Weather of a place.",
        parameters: ["type": "object", "properties": ["place": ["type": "string"]]])
}
