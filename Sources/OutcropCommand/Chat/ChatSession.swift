import Conversation
import Harmony
import JSON
import OutcropNumerics
import Synchronization

/// A conversation at the terminal: what was said, the settings that commands change, and the answer in progress.
final class ChatSession {
    private let model: TerminalModel
    private let answers: AnswerArguments
    private let input = InputLines()
    private let isInteractive: Bool
    private let style = TerminalStyle.standardError
    private var instructions: String?
    private var effort: ReasoningEffort?
    private var messages: [ConversationMessage] = []
    /// The answer in progress, which Ctrl-C stops.
    private let answering = CurrentTask()

    init(model: TerminalModel, answers: AnswerArguments) {
        self.model = model
        self.answers = answers
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
        { [answering, style] in
            if !answering.cancel() { writeError("\n" + style.dim("/exit or Ctrl-D ends") + "\n>>> ") }
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
        answering.set(task)
        let answer = await task.value
        answering.set(nil)
        if let failure = answer.failure {
            // A question that could not be answered is not part of the conversation.
            messages.removeLast()
            guard isInteractive else { throw failure }
            return remark("\(failure)")
        }
        if task.isCancelled { remark("[stopped]") }
        if answer.summary?.reason == .length { remark("[the limit of tokens is reached]") }
        messages.append(answer.message)
    }
}

/// The answer in progress, shared with the thread that sees Ctrl-C.
private final class CurrentTask: Sendable {
    private let task = Mutex<Task<Answer, Never>?>(nil)

    func set(_ new: Task<Answer, Never>?) { task.withLock { $0 = new } }

    /// Cancels the task; false if there is none.
    func cancel() -> Bool {
        task.withLock { task in
            task?.cancel()
            return task != nil
        }
    }
}
