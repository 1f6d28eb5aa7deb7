import Generation
import Harmony

/// Answers conversations with one model.
public struct ConversationService: Sendable {
    /// The model.
    public let model: ServedModel
    private let memory: TurnMemory
    private let date: String

    /// A service for one model.
    ///
    /// - Parameters:
    ///   - memory: what the model wrote earlier.
    ///   - date: the day that the model is told when a request says none. The same for as long as the service lives, so that
    ///     the beginning of every prompt stays the same and is computed once.
    public init(_ model: ServedModel, memory: TurnMemory = TurnMemory(), date: CalendarDate = .today) {
        self.model = model
        self.memory = memory
        self.date = date.description
    }

    /// The tokens that a request becomes.
    public func prompt(for request: ConversationRequest) throws(ConversationError) -> [Int32] {
        if request.stop.contains(where: \.utf8.isEmpty) { throw .emptyStopText }
        switch request.toolChoice {
        case .auto, .none: break
        case .required: throw .needsConstrainedDecoding("tool_choice 'required'")
        case .function(let name): throw .needsConstrainedDecoding("tool_choice with the function '\(name)'")
        }
        let prompt = try PromptBuilder(request, memory: memory, defaultDate: date).prompt()
        return HarmonyRenderer(model.encoding).renderPrompt(prompt)
    }

    /// Starts answering.
    ///
    /// - Throws: `ConversationError` if the request cannot become a prompt, `GenerationError` if the generator cannot take it.
    public func respond(to request: ConversationRequest) throws -> ConversationTurn {
        try respond(to: request, prompt: try prompt(for: request))
    }

    /// Starts one of several answers to the same request.
    ///
    /// - Parameters:
    ///   - prompt: the tokens that `prompt(for:)` made of the request.
    ///   - choice: which of several answers to the same request this is; answers with a seed differ by it.
    /// - Throws: `GenerationError` if the generator cannot take the request.
    public func respond(
        to request: ConversationRequest, prompt: [Int32], choice: Int = 0
    ) throws -> ConversationTurn {
        var sampling = request.sampling
        sampling.seed = sampling.seed.map { $0 &+ UInt64(choice) }
        let generation = GenerationRequest(
            id: choice == 0 ? request.id : "\(request.id)-\(choice)", prompt: prompt, sampling: sampling,
            maximumTokens: request.maximumTokens, stopTokens: model.stopTokens.union(request.stopTokens),
            ignoresStopTokens: request.ignoresStopTokens, topLogprobs: request.topLogprobs,
            isAdmitted: choice > 0, client: request.client)
        let callable = request.toolChoice == .none ? [] : request.tools.map(\.name)
        let assembler = TurnAssembler(encoding: model.encoding, functions: callable, stop: request.stop)
        return try ConversationTurn(
            generator: model.generator, request: generation, assembler: assembler, memory: memory)
    }
}
