import GRDB

/// A model of the library as its record describes it.
public struct ImportedModel: Sendable, Equatable {
    /// The import job that made a model.
    public struct Job: Sendable, Equatable {
        /// The job's id.
        public let id: String
        /// The job's name.
        public let name: String
        /// Where it was told that the checkpoint is: an `s3://` URI.
        public let source: String
        /// The key that was asked for; nil when none was.
        public let kmsKey: String?
    }

    /// Names it for ever: see `ModelIdentifier`.
    public let id: String
    /// Names it while it exists.
    public let name: String
    /// When it was imported.
    public let created: Timestamp
    /// Where its checkpoint was: an `s3://` URI or a folder.
    public let source: String
    /// The checkpoint's layout.
    public let layout: String
    /// How its dense matrices are stored.
    public let dense: String
    /// Its weights.
    public let parameterCount: Int
    /// Bytes of the checkpoint's shards.
    public let sourceByteCount: Int
    /// Bytes of the artifact's weights.
    public let artifactByteCount: Int
    /// The import job; nil when the command line imported it.
    public let job: Job?

    /// The model's architecture as configurations name it.
    public var architecture: String { "gpt_oss" }

    /// How many custom model units a loaded copy takes.
    public var customModelUnits: Int { CustomModelUnits.perCopy(artifactByteCount: artifactByteCount) }

    /// Columns of `query`, in no order.
    init(_ row: Row) {
        id = row["id"]
        name = row["name"]
        created = Timestamp(milliseconds: row["created"])
        source = row["source"]
        layout = row["layout"]
        dense = row["dense"]
        parameterCount = row["parameters"]
        sourceByteCount = row["source_bytes"]
        artifactByteCount = row["artifact_bytes"]
        let jobID: String? = row["job_id"]
        job = jobID.map { Job(id: $0, name: row["job_name"], source: row["job_source"], kmsKey: row["kms_key"]) }
    }

    /// Selects what `init` reads from the table that `RecordQuery` names `listed`.
    static let columns =
        "listed.*, job.id AS job_id, job.name AS job_name, job.source AS job_source, job.kms_key AS kms_key"
    static let table = "models AS listed LEFT JOIN import_jobs AS job ON job.model_id = listed.id"
}
