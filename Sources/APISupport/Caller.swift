import Synchronization

/// What a caller may do with models, in IAM's words. OpenAI's routes need the same as Amazon Bedrock's operations.
public enum ModelAction: String, Sendable {
    /// Get a whole answer.
    case invoke = "bedrock:InvokeModel"
    /// Get an answer as it is made.
    case invokeWithResponseStream = "bedrock:InvokeModelWithResponseStream"
    /// Count a prompt's tokens, and turn text into tokens and back.
    case countTokens = "bedrock:CountTokens"
    /// Look at a model.
    case get = "bedrock:GetImportedModel"
    /// See which models there are.
    case list = "bedrock:ListImportedModels"
}

/// Who sent a request, and what they may do.
public struct Caller: Sendable {
    /// What was decided about one action.
    struct Decision: Sendable, Equatable {
        let action: String
        let resource: String
        let isAllowed: Bool
    }

    /// The id of the key that the request came with; nil where no key is needed and none was known.
    public let id: String?
    /// The key's name.
    public let name: String
    private let mayDo: @Sendable (_ action: String, _ resource: String) -> Bool
    private let decided = DecisionList()

    /// - Parameter mayDo: whether the caller's policy allows an action on a resource.
    public init(id: String?, name: String, mayDo: @escaping @Sendable (_ action: String, _ resource: String) -> Bool) {
        self.id = id
        self.name = name
        self.mayDo = mayDo
    }

    /// Whoever can reach a server that needs no keys: they may do everything.
    public static var anyone: Caller { Caller(id: nil, name: "anyone") { _, _ in true } }

    /// Passes if the caller may do something; takes note for the audit log.
    ///
    /// - Parameters:
    ///   - action: in IAM's words, such as `s3:GetObject`.
    ///   - resource: an ARN, or `*`.
    /// - Throws: `RequestError.forbidden`.
    public func authorize(_ action: String, on resource: String) throws(RequestError) {
        let isAllowed = mayDo(action, resource)
        decided.list.withLock { $0.append(Decision(action: action, resource: resource, isAllowed: isAllowed)) }
        guard isAllowed else { throw .forbidden(caller: name, action: action, resource: resource) }
    }

    /// Passes if the caller may do something with a model.
    /// - Throws: `RequestError.forbidden`.
    public func authorize(_ action: ModelAction, on entry: ModelEntry) throws(RequestError) {
        try authorize(action.rawValue, on: ImportedModelARN(id: entry.id).description)
    }

    /// What was decided so far.
    var decisions: [Decision] { decided.list.withLock { $0 } }

    private final class DecisionList: Sendable {
        let list = Mutex<[Decision]>([])
    }
}
