import Tokenizer

/// Parses tokens to the same messages as the official package's `StreamableParser` (openai-harmony 0.0.8), with the
/// same errors and the same visible states after each token.
///
/// It is what others compare with, and it fails on much that models write. `HarmonyStreamParser` is for that.
public struct OfficialParser: Sendable {
    /// What the parser waits for.
    public enum State: Sendable, Equatable {
        /// `<|start|>`.
        case expectStart
        /// `<|message|>`.
        case header
        /// A token that ends the message.
        case content
    }

    private let encoding: HarmonyEncoding
    private let isStrict: Bool
    private var nextRole: HarmonyRole?
    private var headerTokens: [UInt32] = []
    private var header: OfficialHeader?
    private var text = ""
    private var pendingBytes: [UInt8] = []
    /// An id without a token came: nothing more of the message is decoded.
    private var isUndecodable = false

    /// What the parser waits for.
    public private(set) var state: State
    /// The messages that are complete.
    public private(set) var messages: [HarmonyMessage] = []
    /// The text that the last token added to the current message.
    public private(set) var lastContentDelta: String?

    /// - Parameters:
    ///   - role: the author of the first message, whose header then begins behind the role; nil if the tokens begin
    ///     with `<|start|>`.
    ///   - isStrict: whether a first message without `<|message|>` is an error.
    public init(_ encoding: HarmonyEncoding, role: HarmonyRole?, isStrict: Bool = true) {
        self.encoding = encoding
        self.isStrict = isStrict
        nextRole = role
        state = role == nil ? .expectStart : .header
    }

    /// The text of the current message so far.
    public var currentContent: String { state == .content ? text : "" }
    /// The author of the current message, if known.
    public var currentRole: HarmonyRole? { state == .content ? header?.role : nextRole }
    /// The channel of the current message, once its header is complete.
    public var currentChannel: String? { state == .content ? header?.channel : nil }
    /// The recipient of the current message, once its header is complete.
    public var currentRecipient: String? { state == .content ? header?.recipient : nil }
    /// The content type of the current message, once its header is complete.
    public var currentContentType: String? { state == .content ? header?.contentType : nil }

    /// Takes the next token.
    ///
    /// - Throws: an error of kind `harmony`. Messages that were complete stay readable.
    public mutating func process(_ token: UInt32) throws(OfficialError) {
        let id = Int32(exactly: token)
        switch state {
        case .expectStart:
            guard id == encoding.start else {
                throw OfficialError(
                    .harmony, "Unexpected token \(token) while expecting start token \(encoding.start)")
            }
            headerTokens = []
            state = .header
        case .header:
            if id == encoding.message {
                try beginContent()
            } else if !isStrict, let id, encoding.endsMessage(id) {
                try endMalformedMessage()
            } else {
                headerTokens.append(token)
            }
        case .content:
            if let id, encoding.endsMessage(id) {
                endMessage()
            } else {
                append(id)
            }
        }
    }

    /// Takes the end of the tokens.
    public mutating func processEnd() throws(OfficialError) {
        switch state {
        case .expectStart: break
        case .header: throw OfficialError(.harmony, "Unexpected EOS while waiting for message header to complete")
        case .content: endMessage()
        }
    }

    /// All messages of tokens.
    public static func messages(
        _ tokens: [UInt32], encoding: HarmonyEncoding, role: HarmonyRole?, isStrict: Bool
    ) throws(OfficialError) -> [HarmonyMessage] {
        var parser = OfficialParser(encoding, role: role, isStrict: isStrict)
        for token in tokens { try parser.process(token) }
        try parser.processEnd()
        return parser.messages
    }

    // MARK: - Header

    private mutating func beginContent() throws(OfficialError) {
        // An error leaves the parser here, with the role still set.
        state = .expectStart
        guard let bytes = try? decode(headerTokens), let text = String(validating: bytes, as: UTF8.self) else {
            throw OfficialError(.harmony, "could not decode header")
        }
        let (header, remaining) = try OfficialHeader.read(text, role: nextRole, hasMessageMarker: true)
        if let remaining {
            throw OfficialError(
                .harmony, "unexpected tokens remaining in message header: Some(\(rustDebugText(remaining)))")
        }
        nextRole = nil
        self.header = header
        self.text = ""
        state = .content
    }

    private mutating func endMalformedMessage() throws(OfficialError) {
        if let role = nextRole, !headerTokens.isEmpty {
            let bytes = try decode(headerTokens)
            guard let text = String(validating: bytes, as: UTF8.self) else { throw undecodable(bytes) }
            let (header, remaining) = try OfficialHeader.read(text, role: role, hasMessageMarker: false)
            messages.append(message(header, text: remaining ?? ""))
        }
        nextRole = nil
        state = .expectStart
    }

    private func decode(_ tokens: [UInt32]) throws(OfficialError) -> [UInt8] {
        var bytes: [UInt8] = []
        for token in tokens {
            guard let id = Int32(exactly: token), let decoded = encoding.tokenizer.bytes(of: id) else {
                throw OfficialError(
                    .harmony, "Could not decode tokens: Invalid token error: Invalid token for decoding: \(token)")
            }
            bytes += decoded
        }
        return bytes
    }

    /// What Rust says about bytes that are not UTF-8.
    private func undecodable(_ bytes: [UInt8]) -> OfficialError {
        let prefix = UTF8Prefix(bytes)
        let reason =
            switch prefix.rest {
            case .invalid(let count): "invalid utf-8 sequence of \(count) bytes from"
            case .incomplete, .nothing: "incomplete utf-8 byte sequence from"
            }
        return OfficialError(
            .harmony, "Could not decode tokens: Invalid utf-8 sequence: \(reason) index \(prefix.validCount)")
    }

    // MARK: - Content

    private mutating func append(_ id: Int32?) {
        lastContentDelta = nil
        guard !isUndecodable, let id, let decoded = encoding.tokenizer.bytes(of: id) else {
            isUndecodable = true
            return
        }
        pendingBytes += decoded
        let prefix = UTF8Prefix(pendingBytes)
        var delta = String(decoding: pendingBytes[..<prefix.validCount], as: UTF8.self)
        pendingBytes.removeFirst(prefix.validCount)
        if case .invalid(let count) = prefix.rest {
            // Only the first bad sequence of a token is replaced now; bytes behind it wait for the next token.
            delta += "\u{FFFD}"
            pendingBytes.removeFirst(count)
        }
        text += delta
        if !delta.isEmpty { lastContentDelta = delta }
    }

    private mutating func endMessage() {
        let tail = (isUndecodable ? "\u{FFFD}" : "") + String(decoding: pendingBytes, as: UTF8.self)
        if let header { messages.append(message(header, text: text + tail)) }
        header = nil
        text = ""
        pendingBytes = []
        isUndecodable = false
        lastContentDelta = nil
        state = .expectStart
    }

    private func message(_ header: OfficialHeader, text: String) -> HarmonyMessage {
        HarmonyMessage(
            role: header.role, name: header.name, recipient: header.recipient, channel: header.channel,
            contentType: header.contentType, content: [.text(text)])
    }
}
