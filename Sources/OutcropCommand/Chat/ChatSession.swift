import Conversation
import Harmony
import JSON
import OutcropNumerics
import Synchronization

/// A conversation at the terminal: what was said, the settings that commands change, and the answer in progress.
final class ChatSession {
    private let model: TerminalModel
    private let answers: AnswerArguments
    private let input: InputLines
    private let isInteractive: Bool
    private let style = TerminalStyle.standardError
    private var instructions: String?
    private var effort: ReasoningEffort?
    private var messages: [ConversationMessage] = []
    /// What Ctrl-C stops.
    private let turn: CurrentTurn

    init(model: TerminalModel, answers: AnswerArguments) {
        self.model = model
        self.answers = answers
        let turn = CurrentTurn()
        self.turn = turn
        input = InputLines(arrived: turn.begin)
        isInteractive = TerminalStyle.isInputTerminal && TerminalStyle.standardOutput.isTerminal
        instructions = answers.system
        effort = answers.effort
    }

    /// Reads and answers until the input ends or `/exit`.
    /// - Throws: why an answer failed, when nobody is there to try again.
    func run() async throws {
        let interrupts = isInteractive ? InterruptHandler(interrupted) : nil
        defer { withExtendedLifetime(interrupts) {} }
        if isInteractive { remark("\(model.name): /help lists the commands, Ctrl-D ends") }
        while true {
            turn.end()
            prompt(">>> ")
            guard let line = await input.nextMessage(continuing: { prompt("... ") }) else {
                prompt("\n")
                break
            }
            if try await !act(on: ChatInput(line)) { break }
        }
    }

    /// What Ctrl-C does: it stops the answer, not the program.
    private var interrupted: @Sendable () -> Void {
        { [turn, style] in
            if !turn.cancel() { writeError("\n" + style.dim("/exit or Ctrl-D ends") + "\n>>> ") }
        }
    }

    private func prompt(_ text: String) {
        if isInteractive { writeOutput(text) }
    }

    private func remark(_ text: String) { writeError(style.dim(text) + "\n") }

    /// Carries out a line; false ends the chat.
    private func act(on line: ChatInput) async throws -> Bool {
        switch line {
        case .empty: break
        case .message(let text): try await answer(text)
        case .effort(let name): changeEffort(name)
        case .system(let text):
            instructions = text
            remark(text == nil ? "no instructions" : "instructions set")
        case .save(let path): save(path)
        case .clear:
            messages = []
            remark("a new conversation")
        case .help: writeError(ChatInput.commandList)
        case .exit: return false
        case .unknown(let command): remark("there is no command \(command): /help lists them")
        }
        return true
    }

    private func changeEffort(_ name: String?) {
        if let name {
            guard let effort = ReasoningEffort(rawValue: name.lowercased()) else {
                return remark("the effort is low, medium or high, not '\(name)'")
            }
            self.effort = effort
        }
        remark("effort \((effort ?? .medium).rawValue)")
    }

    private var conversation: [ConversationMessage] {
        (instructions.map { [ConversationMessage(.system, $0)] } ?? []) + messages
    }

    private func save(_ path: String?) {
        guard let path else { return remark("/save FILE") }
        let object: JSONValue = ["model": .string(model.name), "messages": .array(conversation.map(\.json))]
        do {
            try AtomicFile.write(Array((object.serialized(pretty: true) + "\n").utf8), to: path)
            remark("saved to \(path)")
        } catch {
            remark("\(error)")
        }
    }

    /// Asks the model and prints its answer; Ctrl-C stops it and keeps what there is.
    private func answer(_ text: String) async throws {
        messages.append(ConversationMessage(.user, text))
        let request = answers.request(conversation, effort: effort)
        let printer = TurnPrinter(showsReasoning: answers.reasoning ?? true)
        let task = Task { [model] in await Answer.read(request, from: model, printer: printer) }
        turn.run(task)
        let answer = await task.value
        if let failure = answer.failure {
            // A question that could not be answered is not part of the conversation.
            messages.removeLast()
            guard isInteractive else { throw failure }
            return remark("\(failure)")
        }
        if task.isCancelled { remark("[stopped]") }
        if answer.summary?.reason == .length { remark("[the limit of tokens is reached]") }
        // Nothing was said: neither is the question part of the conversation.
        if answer.isEmpty { messages.removeLast() } else { messages.append(answer.message) }
    }
}

/// What Ctrl-C can stop, shared with the thread that sees it: from the moment that a line is there until the next is awaited.
private final class CurrentTurn: Sendable {
    private enum State {
        case idle
        case starting(isCancelled: Bool)
        case answering(Task<Answer, Never>)
    }

    private let state = Mutex(State.idle)

    /// A line is there.
    func begin() {
        state.withLock { if case .idle = $0 { $0 = .starting(isCancelled: false) } }
    }

    /// The answer begins; a Ctrl-C since `begin` stops it at once.
    func run(_ task: Task<Answer, Never>) {
        state.withLock {
            if case .starting(isCancelled: true) = $0 { task.cancel() }
            $0 = .answering(task)
        }
    }

    /// Nothing is going on.
    func end() { state.withLock { $0 = .idle } }

    /// Stops the turn; false if nothing is going on.
    func cancel() -> Bool {
        state.withLock {
            switch $0 {
            case .idle: return false
            case .starting: $0 = .starting(isCancelled: true)
            case .answering(let task): task.cancel()
            }
            return true
        }
    }
}
