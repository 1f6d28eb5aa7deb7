import Tokenizer

/// Parses what the model samples, token by token, into messages. Total: any sequence of ids yields events, none fails.
///
/// One parser is for one turn: it begins behind the prompt's `<|start|>assistant`, and `consume` is told every sampled
/// id, the one at which sampling stopped included; `finish` at the end.
///
/// What the model writes against the format is mended, with a diagnostic:
/// - Headers: see `HeaderReader`.
/// - No `<|message|>`: text in the header becomes the message, at the latest when it is too long for a header.
/// - `<|start|>` or `<|channel|>` within a message's text: the message ends and the next one begins. A model has no
///   means to write of these tokens other than as text, so that an id is never meant as text.
/// - Other control tokens within text are left out, and ids without a token, too.
/// - Behind a complete message, `<|return|>`, `<|call|>` and `<|endoftext|>` end the turn; white space is skipped;
///   `<|channel|>`, a channel's name or `assistant` begin a message whose `<|start|>` is missing; anything else ends
///   the turn.
/// - After `<|call|>` the turn is over, unless the model goes on with another message of the assistant.
public struct HarmonyStreamParser: Sendable {
    enum Phase { case header, content, between, over }

    let encoding: HarmonyEncoding
    let toolNames: HarmonyToolNames
    let authorTokens: [Int32]
    var phase = Phase.header
    var headerBuffer = HeaderBuffer(isAuthorKnown: true)
    var detokenizer: StreamingDetokenizer
    /// The message whose text comes.
    var open: OpenMessage?
    /// Text behind a complete message that may become the name of a channel.
    var pendingText: [UInt8] = []
    var events: [HarmonyEvent] = []

    /// The messages that are complete, with their sampled ids unless they had to be mended.
    public internal(set) var messages: [HarmonyMessage] = []
    /// How many tokens were spent on what.
    public internal(set) var tokenCounts = HarmonyTokenCounts()
    /// What ended the turn; nil while it goes on. Sampling should stop as soon as it is set.
    public internal(set) var turnEnd: HarmonyTurnEnd?

    struct OpenMessage {
        var header: HarmonyHeader
        var text = ""
        /// The ids from behind `<|start|>assistant`; nil if they must not be repeated to the model.
        var tokens: [Int32]?
    }

    /// - Parameter toolNames: the names of the request's functions, by which bare recipients are recognised.
    public init(_ encoding: HarmonyEncoding, toolNames: HarmonyToolNames = HarmonyToolNames()) {
        self.encoding = encoding
        self.toolNames = toolNames
        authorTokens = encoding.encode("assistant")
        detokenizer = StreamingDetokenizer(encoding.tokenizer)
    }

    /// The header of the message whose text is coming; nil between messages and within headers.
    public var currentHeader: HarmonyHeader? { open?.header }

    /// Takes the next sampled id.
    public mutating func consume(_ id: Int32) -> [HarmonyEvent] {
        events = []
        let before = tokenCounts
        switch phase {
        case .header: consumeInHeader(id)
        case .content: consumeInContent(id)
        case .between: consumeBetween(id)
        case .over: diagnose(.tokenAfterTurn(id))
        }
        if tokenCounts == before { tokenCounts.overhead += 1 }
        return takeEvents()
    }

    /// Takes the end of the ids, however they ended.
    public mutating func finish() -> [HarmonyEvent] {
        events = []
        switch phase {
        case .header: finishHeader()
        case .content: endMessage(.unfinished)
        case .between: dropPendingText()
        case .over: break
        }
        phase = .over
        return takeEvents()
    }

    private mutating func takeEvents() -> [HarmonyEvent] {
        defer { events = [] }
        return events
    }

    mutating func diagnose(_ diagnostic: HarmonyDiagnostic) { events.append(.diagnostic(diagnostic)) }

    /// What an id ends, if it ends a message.
    func messageEnd(_ id: Int32) -> HarmonyMessageEnd? {
        switch id {
        case encoding.end: .end
        case encoding.call: .call
        case encoding.returnToken: .turnEnd
        default: id == encoding.endOfText ? .endOfText : nil
        }
    }

    // MARK: - Content

    private mutating func consumeInContent(_ id: Int32) {
        if let end = messageEnd(id) {
            open?.tokens?.append(id)
            endMessage(end)
            moveOn(after: end)
        } else if id == encoding.start || id == encoding.channel {
            diagnose(.missingEnd)
            endMessage(.nextMessage)
            beginHeader(isAuthorKnown: id == encoding.channel, channelToken: id == encoding.channel ? id : nil)
        } else if encoding.tokenizer.isSpecial(id) {
            open?.tokens = nil
            diagnose(.unexpectedControlToken(id))
        } else if encoding.tokenizer.bytes(of: id) == nil {
            open?.tokens = nil
            diagnose(.unknownToken(id))
        } else {
            open?.tokens?.append(id)
            if let channel = open?.header.channel { tokenCounts.countText(on: channel) }
            emit(detokenizer.append(id))
        }
    }

    /// Begins a message's text.
    mutating func beginMessage(_ header: HarmonyHeader, tokens: [Int32]?) {
        open = OpenMessage(header: header, tokens: tokens)
        detokenizer = StreamingDetokenizer(encoding.tokenizer)
        events.append(.messageStart(header))
        // A turn that had ended with a call goes on after all.
        turnEnd = nil
        phase = .content
    }

    mutating func emit(_ text: String) {
        guard !text.isEmpty, let header = open?.header else { return }
        open?.text += text
        events.append(.text(text, header))
    }

    /// Ends the open message with what is left of its text.
    mutating func endMessage(_ end: HarmonyMessageEnd) {
        emit(detokenizer.finish())
        guard let message = open else { return }
        open = nil
        let header = message.header
        let type = header.contentType.map { (header.isConstrained ? "<|constrain|>" : "") + $0 }
        messages.append(
            HarmonyMessage(
                role: .assistant, recipient: header.recipient, channel: header.channel.rawValue, contentType: type,
                content: [.text(message.text)], sampledTokens: message.tokens))
        events.append(.messageEnd(header, end))
    }

    /// Decides what may follow a message.
    mutating func moveOn(after end: HarmonyMessageEnd) {
        switch end {
        case .end, .nextMessage: phase = .between
        case .call:
            phase = .between
            turnEnd = .called
        case .turnEnd: endTurn(.returned)
        case .endOfText: endTurn(.endOfText)
        case .unfinished: phase = .over
        }
    }

    mutating func endTurn(_ end: HarmonyTurnEnd) {
        turnEnd = turnEnd ?? end
        phase = .over
    }

    // MARK: - Between messages

    private mutating func consumeBetween(_ id: Int32) {
        if id == encoding.start || id == encoding.channel {
            dropPendingText()
            if id == encoding.channel { diagnose(.missingStart) }
            beginHeader(isAuthorKnown: id == encoding.channel, channelToken: id == encoding.channel ? id : nil)
        } else if let end = messageEnd(id) {
            dropPendingText()
            diagnose(.unexpectedControlToken(id))
            if end != .end { moveOn(after: end) }
            if end == .call { phase = .over }
        } else if encoding.tokenizer.isSpecial(id) {
            dropPendingText()
            diagnose(.unexpectedControlToken(id))
            endTurn(.abandoned)
        } else if let bytes = encoding.tokenizer.bytes(of: id) {
            considerTextBetween(bytes)
        } else {
            diagnose(.unknownToken(id))
            endTurn(.abandoned)
        }
    }

    private mutating func considerTextBetween(_ bytes: [UInt8]) {
        pendingText += bytes
        let word = pendingText.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
        if word.isEmpty {
            pendingText = []
            return
        }
        let beginnings = HarmonyChannel.allCases.map(\.rawValue) + ["assistant"]
        if let beginning = beginnings.first(where: { isWord($0, atStartOf: word) }) {
            pendingText = []
            diagnose(.missingStart)
            beginHeader(isAuthorKnown: beginning != "assistant", channelToken: nil)
            headerBuffer.isMended = true
            if beginning != "assistant" { headerBuffer.append(marker: HeaderBuffer.channelMarker, token: nil) }
            headerBuffer.append(text: Array(word))
        } else if !beginnings.contains(where: { $0.utf8.starts(with: word) }) {
            dropPendingText()
            endTurn(.abandoned)
        }
    }

    /// Whether a text begins with a word that does not go on in lower case (`finally`).
    private func isWord(_ word: String, atStartOf text: ArraySlice<UInt8>) -> Bool {
        guard text.starts(with: word.utf8) else { return false }
        let next = text.dropFirst(word.utf8.count).first
        return next.map { !(UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) } ?? true
    }

    private mutating func dropPendingText() {
        if !pendingText.isEmpty { diagnose(.textOutsideMessage(String(decoding: pendingText, as: UTF8.self))) }
        pendingText = []
    }
}
