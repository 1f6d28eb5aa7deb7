import Tokenizer

/// The harmony format with one tokenizer: the ids of its control tokens, by name.
///
/// No id is built in: gpt-oss and a model with a small vocabulary of its own work alike.
public struct HarmonyEncoding: Sendable {
    /// Text to tokens and back.
    public let tokenizer: BytePairTokenizer
    /// `<|start|>`: opens a message's header.
    public let start: Int32
    /// `<|end|>`: ends a message, not the turn.
    public let end: Int32
    /// `<|message|>`: ends the header.
    public let message: Int32
    /// `<|channel|>`: before the channel's name.
    public let channel: Int32
    /// `<|constrain|>`: before a content type.
    public let constrain: Int32
    /// `<|call|>`: ends a tool call and the turn.
    public let call: Int32
    /// `<|return|>`: ends the last message and the turn.
    public let returnToken: Int32
    /// `<|endoftext|>`, if the vocabulary has it: ends the turn, too.
    public let endOfText: Int32?

    /// - Throws: `HarmonyEncodingError.missingSpecialToken` when the vocabulary is not a harmony one.
    public init(tokenizer: BytePairTokenizer) throws(HarmonyEncodingError) {
        func id(_ name: String) throws(HarmonyEncodingError) -> Int32 {
            guard let id = tokenizer.specialToken(named: name) else { throw .missingSpecialToken(name) }
            return id
        }
        self.tokenizer = tokenizer
        start = try id("<|start|>")
        end = try id("<|end|>")
        message = try id("<|message|>")
        channel = try id("<|channel|>")
        constrain = try id("<|constrain|>")
        call = try id("<|call|>")
        returnToken = try id("<|return|>")
        endOfText = tokenizer.specialToken(named: "<|endoftext|>")
    }

    /// Where sampling stops: `<|return|>`, `<|call|>`, `<|endoftext|>`. Not `<|end|>`: a turn goes on after its
    /// analysis.
    public var samplingStops: [Int32] { [returnToken, call] + (endOfText.map { [$0] } ?? []) }

    /// Whether a token ends a message for the official parser.
    func endsMessage(_ id: Int32) -> Bool { id == end || id == returnToken || id == call }

    /// The tokens of text, none of them special whatever it says.
    func encode(_ text: String) -> [Int32] { tokenizer.encodeOrdinary(text) }
}

/// Why a tokenizer cannot speak harmony.
public enum HarmonyEncodingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The vocabulary lacks this control token.
    case missingSpecialToken(String)

    /// The error in a sentence.
    public var description: String {
        switch self {
        case .missingSpecialToken(let name):
            "the tokenizer has no special token \(name): a gpt-oss model needs the o200k_harmony vocabulary or one "
                + "with the same control tokens"
        }
    }
}
