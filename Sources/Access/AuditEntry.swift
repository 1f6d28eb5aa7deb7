import Foundation
import JSON

/// What the audit log tells of a request: who wanted what, and what came of it. Never what was asked or answered.
public struct AuditEntry: Sendable, Equatable {
    /// What became of a request.
    public enum Outcome: String, Sendable, Equatable {
        /// It was permitted and done.
        case allow
        /// It was refused: no such key, a wrong signature, a policy.
        case deny
        /// It was permitted and failed.
        case error
    }

    /// When the request came.
    public var time: Date
    /// The id that the answer carries.
    public var requestID: String
    /// Who asked; nil when that could not be told.
    public var principal: Principal?
    /// The client's address.
    public var sourceAddress: String?
    /// What was wanted, as IAM names it; nil for a request that was refused before that was known.
    public var action: String?
    /// On what: an ARN or `*`.
    public var resource: String?
    /// What came of it.
    public var outcome: Outcome
    /// The answer's HTTP status.
    public var status: Int

    /// An entry.
    public init(
        time: Date = .now, requestID: String, principal: Principal?, sourceAddress: String? = nil, action: String?,
        resource: String?, outcome: Outcome, status: Int
    ) {
        self.time = time
        self.requestID = requestID
        self.principal = principal
        self.sourceAddress = sourceAddress
        self.action = action
        self.resource = resource
        self.outcome = outcome
        self.status = status
    }

    /// The entry as a line of JSON, with its line feed.
    var line: [UInt8] {
        var writer = JSONWriter()
        writer.append(raw: "{\"time\":")
        writer.append(string: auditTime(time))
        writer.append(raw: ",\"request_id\":")
        writer.append(string: requestID)
        writer.append(raw: ",\"principal\":")
        writer.append(optional: principal?.id)
        writer.append(raw: ",\"name\":")
        writer.append(optional: principal?.name)
        writer.append(raw: ",\"source\":")
        writer.append(optional: sourceAddress)
        writer.append(raw: ",\"action\":")
        writer.append(optional: action)
        writer.append(raw: ",\"resource\":")
        writer.append(optional: resource)
        writer.append(raw: ",\"outcome\":")
        writer.append(string: outcome.rawValue)
        writer.append(raw: ",\"status\":")
        writer.append(status)
        writer.append(raw: "}\n")
        return writer.bytes
    }
}

/// A time as the audit log writes it: UTC with milliseconds.
func auditTime(_ time: Date) -> String {
    time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
}
