import Generation
import Harmony
import Tokenizer

/// A model that answers requests: what generates its tokens, and what they mean.
public struct ServedModel: Sendable {
    /// Twelve letters and digits that name it in ARNs.
    public var id: String
    /// The names that requests may use; the first is the one that answers carry. At least one.
    public var names: [String]
    /// What generates.
    public var generator: any TokenGenerator
    /// Text and conversations to tokens and back.
    public var encoding: HarmonyEncoding
    /// Ids that end a turn.
    public var stopTokens: Set<Int32>
    /// When the model was made, in seconds since 1970.
    public var created: Int
    /// What a copy in memory counts for where usage is billed: Amazon Bedrock's custom model units.
    public var units: Int

    /// - Parameters:
    ///   - id: twelve lower-case letters and digits.
    ///   - stopTokens: ids that end a turn besides those that harmony says: the checkpoint's `eos_token_id`.
    public init(
        id: String, names: [String], generator: any TokenGenerator, encoding: HarmonyEncoding,
        stopTokens: Set<Int32> = [],
        created: Int, units: Int = 1
    ) {
        precondition(!names.isEmpty, "a served model needs a name")
        self.id = id
        self.names = names
        self.generator = generator
        self.encoding = encoding
        // Why not <|end|>: a turn goes on behind its analysis, whatever a checkpoint's configuration says.
        self.stopTokens = stopTokens.union(encoding.samplingStops).subtracting([encoding.end])
        self.created = created
        self.units = units
    }

    /// The name that answers carry.
    public var name: String { names[0] }
    /// Text to tokens and back.
    public var tokenizer: BytePairTokenizer { encoding.tokenizer }
    /// The most tokens of a prompt and its answer.
    public var contextLength: Int { generator.limits.contextLength }
}
