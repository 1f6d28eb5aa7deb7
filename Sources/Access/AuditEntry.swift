import Foundation
import JSON

/// What the audit log tells of a request: who wanted what, and what came of it. Never what was asked or answered.
public struct AuditEntry: Sendable {
    /// What became of a request.
    public enum Outcome: String, Sendable, Equatable {
        /// It was permitted and done.
        case allow
        /// It was refused: no such key, a wrong signature, a policy.
        case deny
        /// It was permitted and failed.
        case error
    }

    /// What was decided about one action on one resource.
    public struct Decision: Sendable, Equatable {
        /// What was wanted, as IAM names it.
        public let action: String
        /// On what: an ARN or `*`.
        public let resource: String
        /// Whether the caller may.
        public let isAllowed: Bool

        /// A decision.
        public init(action: String, resource: String, isAllowed: Bool) {
            self.action = action
            self.resource = resource
            self.isAllowed = isAllowed
        }
    }

    /// When the request came.
    public var time: Date
    /// The id that the answer carries.
    public var requestID: String
    /// The id and the name of who asked; nil when that could not be told.
    public var principal: (id: String, name: String)?
    /// The client's address.
    public var sourceAddress: String?
    /// What was decided, in order; nothing for a request that was refused before it was known what it wants.
    public var decisions: [Decision]
    /// What came of it.
    public var outcome: Outcome
    /// The answer's HTTP status.
    public var status: Int

    /// An entry.
    public init(
        time: Date = .now, requestID: String, principal: (id: String, name: String)?, sourceAddress: String? = nil,
        decisions: [Decision], outcome: Outcome, status: Int
    ) {
        self.time = time
        self.requestID = requestID
        self.principal = principal
        self.sourceAddress = sourceAddress
        self.decisions = decisions
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
        writer.append(raw: ",\"decisions\":")
        writer.append(list: decisions) { writer, decision in
            writer.append(raw: "{\"action\":")
            writer.append(string: decision.action)
            writer.append(raw: ",\"resource\":")
            writer.append(string: decision.resource)
            writer.append(raw: decision.isAllowed ? ",\"allowed\":true}" : ",\"allowed\":false}")
        }
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
