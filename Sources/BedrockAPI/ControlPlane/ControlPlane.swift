import APISupport
import ImportJobs
import JSON
import ModelLibrary

/// Amazon Bedrock's operations on imported models and import jobs, over the records of a data folder.
public struct ControlPlane: Sendable {
    let queue: ImportJobQueue
    let account: AWSAccount
    var records: LibraryRecords { queue.records }

    /// - Parameter account: whose region and id the ARNs in answers have; ARNs in requests may have any.
    public init(_ queue: ImportJobQueue, account: AWSAccount = AWSAccount()) {
        self.queue = queue
        self.account = account
    }

    var routes: [Route] {
        ImportJobRoutes(plane: self).routes + ImportedModelRoutes(plane: self).routes + TagRoutes(plane: self).routes
            + NeighbourRoutes.routes
    }

    /// The first parts of the routes' paths.
    static var folders: [String] {
        ["imported-models", "model-import-jobs", "tagResource", "untagResource", "listTagsForResource"]
            + NeighbourRoutes.folders
    }

    func modelARN(_ id: String) -> String { BedrockARN(.importedModel, id: id, in: account).description }

    func jobARN(_ id: String) -> String { BedrockARN(.modelImportJob, id: id, in: account).description }

    /// The job that a path names: by its ARN or its name.
    func job(_ identifier: String) async throws -> ImportJob {
        let reference = try Reference(identifier, .modelImportJob, name: TextRule.jobName.violation(identifier) == nil)
        let job =
            switch reference {
            case .id(let id): try await queue.job(id: id)
            case .name(let name): try await queue.job(name)
            }
        guard let job else {
            throw BedrockError(.resourceNotFound, "There is no import job '\(identifier)'.")
        }
        return job
    }

    /// The model that a path names: by its ARN or its name.
    func model(_ identifier: String) async throws -> ImportedModel {
        // Models that the command line imported may have names that Amazon Bedrock would not give.
        let reference = try Reference(identifier, .importedModel, name: ModelLibrary.isValidName(identifier))
        let model =
            switch reference {
            case .id(let id): try await records.model(id: id)
            case .name(let name): try await records.model(name)
            }
        guard let model else { throw Self.unknownModel(identifier) }
        return model
    }

    static func unknownModel(_ identifier: String) -> BedrockError {
        BedrockError(.resourceNotFound, "There is no imported model '\(identifier)'.")
    }
}

/// How a path names a resource.
private enum Reference {
    case id(String)
    case name(String)

    init(_ identifier: String, _ kind: BedrockARN.Kind, name isName: Bool) throws(BedrockError) {
        if let arn = BedrockARN(identifier), arn.kind == kind {
            self = .id(arn.id)
        } else if isName {
            self = .name(identifier)
        } else {
            let member = kind == .importedModel ? "modelIdentifier" : "jobIdentifier"
            let violations = Violations()
            violations.add(
                identifier, at: member,
                "Member must be a name or an ARN such as \(BedrockARN(kind, id: "abcdefghijkl"))")
            try violations.check()
            self = .name(identifier)
        }
    }
}

extension JSONValue {
    /// An object of the members that have a value.
    static func members(_ members: KeyValuePairs<String, JSONValue?>) -> JSONValue {
        .object(JSONObject(members.compactMap { entry in entry.value.map { (entry.key, $0) } }))
    }
}

extension Timestamp {
    /// As it stands in answers.
    var json: JSONValue { .string(description) }
}
