import Access
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
    /// The caller's key.
    public let principal: Principal
    /// Whose turn it is when requests wait: all of a key's requests are one client's.
    public var client: String { principal.id }
    private let decided = DecisionList()

    /// Who has a key.
    public init(_ principal: Principal) {
        self.principal = principal
    }

    /// Whoever can reach a server that needs no keys: they may do everything.
    public static var anyone: Caller { Caller(.anonymous) }

    /// Passes if the caller may do something; takes note for the audit log.
    ///
    /// - Parameters:
    ///   - action: in IAM's words, such as `s3:GetObject`.
    ///   - resource: an ARN, or `*`.
    /// - Throws: `RequestError.forbidden`.
    public func authorize(_ action: String, on resource: String) throws(RequestError) {
        let isAllowed = principal.policy.decision(action: action, resource: resource) == .allow
        decided.list.withLock { decisions in
            // Why a limit: one request may delete a thousand objects, of which the log needs no line each.
            guard decisions.count < 16 else { return }
            decisions.append(AuditEntry.Decision(action: action, resource: resource, isAllowed: isAllowed))
        }
        guard isAllowed else { throw .forbidden(caller: principal.name, action: action, resource: resource) }
    }

    /// Passes if the caller may do something with a model.
    /// - Throws: `RequestError.forbidden`.
    public func authorize(_ action: ModelAction, on entry: ModelEntry, in account: AWSAccount) throws(RequestError) {
        try authorize(action.rawValue, on: ImportedModelARN(id: entry.id, in: account).description)
    }

    /// What was decided so far, for the audit log; the first few.
    var decisions: [AuditEntry.Decision] { decided.list.withLock { $0 } }

    private final class DecisionList: Sendable {
        let list = Mutex<[AuditEntry.Decision]>([])
    }
}
