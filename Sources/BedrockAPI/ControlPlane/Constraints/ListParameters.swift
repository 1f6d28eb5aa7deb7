import APISupport
import ImportJobs
import ModelLibrary

/// The query of a list operation: filters, order and page. Items that nobody knows are not looked at.
struct ListParameters: Sendable {
    private(set) var query = RecordQuery()
    /// Jobs in these states only; nil for all.
    private(set) var states: [ImportJobState]?

    /// - Parameters:
    ///   - name: what a name, and so a part to look for, must be.
    ///   - hasStatus: whether the operation can filter by status.
    init(_ request: APIRequest, name rule: TextRule, hasStatus: Bool = false) throws(BedrockError) {
        let violations = Violations()
        for (name, value) in request.query {
            if let constraint = apply(name, value, rule, hasStatus) { violations.add(value, at: name, constraint) }
        }
        try violations.check()
    }

    /// - Returns: what is wrong with the item; nil when nothing is.
    private mutating func apply(_ name: String, _ value: String, _ rule: TextRule, _ hasStatus: Bool) -> String? {
        switch name {
        case "nameContains":
            if let violation = rule.violation(value) { return violation }
            query.nameContains = value
        case "creationTimeAfter":
            guard let time = Timestamp(value) else { return Self.timeRule }
            query.createdFrom = time
        case "creationTimeBefore":
            guard let time = Timestamp(value) else { return Self.timeRule }
            query.createdUntil = time
        case "statusEquals" where hasStatus:
            guard let status = JobStatus(rawValue: value) else {
                return enumeration(JobStatus.allCases.map(\.rawValue))
            }
            states = status.states
        case "sortBy":
            if value != "CreationTime" { return enumeration(["CreationTime"]) }
        case "sortOrder":
            guard ["Ascending", "Descending"].contains(value) else { return enumeration(["Ascending", "Descending"]) }
            query.isAscending = value == "Ascending"
        case "maxResults":
            guard let number = Int(value), (1...1000).contains(number) else {
                return "Member must be an integer from 1 to 1000"
            }
            query.limit = number
        case "nextToken":
            guard let place = RecordPlace(token: value) else {
                return "Member must be the nextToken of an earlier answer"
            }
            query.start = place
        default: break
        }
        return nil
    }

    private static let timeRule = "Member must be a timestamp such as 2026-01-02T03:04:05Z"

    private func enumeration(_ values: [String]) -> String {
        "Member must satisfy enum value set: [\(values.joined(separator: ", "))]"
    }
}

/// An import job's status as Amazon Bedrock tells it.
enum JobStatus: String, CaseIterable, Sendable {
    case inProgress = "InProgress"
    case completed = "Completed"
    case failed = "Failed"

    init(_ state: ImportJobState) {
        self =
            switch state {
            case .queued, .validating, .converting, .publishing: .inProgress
            case .completed: .completed
            case .failed, .cancelled: .failed
            }
    }

    var states: [ImportJobState] { ImportJobState.allCases.filter { JobStatus($0) == self } }
}
