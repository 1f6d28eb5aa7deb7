import GRDB
import ModelLibrary
import S3Client

/// The network that a job is asked to run in: kept and returned; a server of one's own has no other network to enter.
public struct NetworkConfiguration: Sendable, Equatable {
    /// Subnets, at least one.
    public let subnets: [String]
    /// Security groups, at least one.
    public let securityGroups: [String]

    /// A network.
    public init(subnets: [String], securityGroups: [String]) {
        self.subnets = subnets
        self.securityGroups = securityGroups
    }
}

/// What somebody wants imported.
public struct ImportJobRequest: Sendable, Equatable {
    /// The job's name: no two jobs ever have the same.
    public var name: String
    /// The name that the model gets.
    public var modelName: String
    /// The role whose rights the job has.
    public var role: String
    /// Where the checkpoint is: an `s3://` URI.
    public var source: String
    /// A second request with the same token is the same request; nil when the client does not say.
    public var requestToken: String?
    /// Tags of the job.
    public var jobTags: [Tag] = []
    /// Tags of the model.
    public var modelTags: [Tag] = []
    /// The network asked for.
    public var network: NetworkConfiguration?
    /// The key asked for, as its ARN.
    public var kmsKey: String?

    /// A request without its optional parts.
    public init(name: String, modelName: String, role: String, source: String) {
        self.name = name
        self.modelName = modelName
        self.role = role
        self.source = source
    }
}

extension ImportJobRequest {
    /// Whether a text can be a job's source: an `s3://` URI as Amazon Bedrock's service model has it.
    public static func isSource(_ text: String) -> Bool { (try? S3URI(text)) != nil }
}

/// An import job as its record describes it.
public struct ImportJob: Sendable, Equatable {
    /// How far the conversion of the weights is.
    public struct Progress: Sendable, Equatable {
        /// Bytes of the checkpoint that are converted.
        public var bytesDone = 0
        /// Bytes of the checkpoint that will be; 0 before that is known.
        public var bytesTotal = 0
        /// The rate over the last seconds; nil until there is one.
        public var bytesPerSecond: Double?
        /// The time that is left at that rate; nil until there is one.
        public var secondsRemaining: Double?

        /// Nothing done.
        public init() {}
    }

    /// Twelve letters and digits that name it for ever.
    public let id: String
    /// Its name.
    public let name: String
    /// The id that its model has or will have.
    public let modelID: String
    /// Its model's name.
    public let modelName: String
    /// The role whose rights it has.
    public let role: String
    /// Where the checkpoint is, as it was asked for.
    public let source: String
    /// The key that was asked for.
    public let kmsKey: String?
    /// The network that was asked for.
    public let network: NetworkConfiguration?
    /// How far it is.
    public let state: ImportJobState
    /// When it was asked for.
    public let created: Timestamp
    /// When anything about it changed last.
    public let modified: Timestamp
    /// When it ended.
    public let ended: Timestamp?
    /// How often it was started, not counting starts that were interrupted in good order.
    public let starts: Int
    /// Whether somebody wants it to end.
    public let isCancelRequested: Bool
    /// Why it failed, in at most 2048 bytes.
    public let failure: String?
    /// Everything that was found out about the checkpoint, a line each.
    public let findings: String?
    /// How far its work is.
    public let progress: Progress

    /// Where it stands in lists.
    public var place: RecordPlace { RecordPlace(created: created, id: id) }

    init(_ row: Row) throws {
        let stateText: String = row["state"]
        guard let state = ImportJobState(rawValue: stateText) else { throw ImportJobError.unknownState(stateText) }
        self.state = state
        id = row["id"]
        name = row["name"]
        modelID = row["model_id"]
        modelName = row["model_name"]
        role = row["role"]
        source = row["source"]
        kmsKey = row["kms_key"]
        network = Self.network(row["subnets"], row["security_groups"])
        created = Timestamp(milliseconds: row["created"])
        modified = Timestamp(milliseconds: row["modified"])
        ended = (row["ended"] as Int64?).map(Timestamp.init(milliseconds:))
        starts = row["starts"]
        isCancelRequested = row["is_cancel_requested"]
        failure = row["failure"]
        findings = row["findings"]
        var progress = Progress()
        progress.bytesDone = row["bytes_done"]
        progress.bytesTotal = row["bytes_total"]
        progress.bytesPerSecond = row["bytes_per_second"]
        progress.secondsRemaining = row["seconds_remaining"]
        self.progress = progress
    }

    private static func network(_ subnets: String?, _ groups: String?) -> NetworkConfiguration? {
        guard let subnets, let groups else { return nil }
        return NetworkConfiguration(
            subnets: subnets.split(separator: " ").map(String.init),
            securityGroups: groups.split(separator: " ").map(String.init))
    }
}
