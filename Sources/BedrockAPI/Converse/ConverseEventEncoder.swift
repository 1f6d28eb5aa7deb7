import APISupport
import AWSProtocol
import Conversation
import JSON

/// Frames the events of a turn: `messageStart`, the blocks one behind the other, `messageStop`, `metadata`.
struct ConverseEventEncoder: EventEncoder {
    private var turn = TurnBlocks()
    private let maximumTokens: Int?
    private let stopwatch: Stopwatch
    private var isOpen = false

    /// - Parameter maximumTokens: the request's limit.
    init(maximumTokens: Int?, _ stopwatch: Stopwatch) {
        self.maximumTokens = maximumTokens
        self.stopwatch = stopwatch
    }

    mutating func begin() -> [UInt8] { Self.frame("messageStart") { $0.append(raw: "{\"role\":\"assistant\"}") } }

    mutating func encode(_ event: ConversationEvent, source: Int) -> [UInt8] {
        let before = turn.blocks.count
        turn.add(event)
        let stop = turn.blocks.count > before ? closeBlock(before - 1) : []
        isOpen = isOpen || turn.blocks.count > before
        switch event {
        case .promptProgress, .finished: return []
        case .reasoning(let text):
            return stop
                + delta { writer in
                    writer.append(raw: "{\"reasoningContent\":{\"text\":")
                    writer.append(string: text)
                    writer.append(raw: "}}")
                }
        case .content(let text, _):
            guard !text.isEmpty else { return [] }
            return stop
                + delta { writer in
                    writer.append(raw: "{\"text\":")
                    writer.append(string: text)
                    writer.append(raw: "}")
                }
        case .toolCallStarted(_, let id, let name): return stop + start(id: id, name: name)
        case .toolCallArguments(_, let text):
            return delta { writer in
                writer.append(raw: "{\"toolUse\":{\"input\":")
                writer.append(string: text)
                writer.append(raw: "}}")
            }
        }
    }

    mutating func end() -> [UInt8] {
        let stop = closeBlock(turn.blocks.count - 1)
        guard let summary = turn.summary else { return stop }
        let reason = StopReason(summary, maximumTokens: maximumTokens, hasMalformedCall: turn.hasMalformedCall)
        let latency = stopwatch.milliseconds
        return stop
            + Self.frame("messageStop") { writer in
                writer.append(raw: "{\"stopReason\":")
                writer.append(string: reason.rawValue)
                writer.append(raw: "}")
            }
            + Self.frame("metadata") { writer in
                writer.append(raw: "{")
                writer.append(usage: summary.usage, latency: latency)
                writer.append(raw: "}")
            }
    }

    func silence() -> [UInt8] { EventFrame.keepAlive.bytes }

    mutating func fail(_ error: any Error) -> [UInt8] {
        let error = BedrockError(error)
        return EventFrame.exception(error.code.streamMember, error.body).bytes
    }

    private func start(id: String, name: String) -> [UInt8] {
        Self.frame("contentBlockStart") { writer in
            writer.append(raw: "{\"start\":{\"toolUse\":{\"toolUseId\":")
            writer.append(string: id)
            writer.append(raw: ",\"name\":")
            writer.append(string: name)
            writer.append(raw: "}},\"contentBlockIndex\":")
            writer.append(turn.blocks.count - 1)
            writer.append(raw: "}")
        }
    }

    private func delta(_ write: (inout JSONWriter) -> Void) -> [UInt8] {
        Self.frame("contentBlockDelta") { writer in
            writer.append(raw: "{\"delta\":")
            write(&writer)
            writer.append(raw: ",\"contentBlockIndex\":")
            writer.append(turn.blocks.count - 1)
            writer.append(raw: "}")
        }
    }

    private mutating func closeBlock(_ index: Int) -> [UInt8] {
        guard isOpen else { return [] }
        isOpen = false
        return Self.frame("contentBlockStop") { writer in
            writer.append(raw: "{\"contentBlockIndex\":")
            writer.append(index)
            writer.append(raw: "}")
        }
    }

    private static func frame(_ type: String, _ write: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        write(&writer)
        return EventFrame.event(type, writer.bytes).bytes
    }
}
