import Checkpoint
import JSON
import OutcropNumerics

/// What is known about an imported model beside its weights: `manifest.json` in its folder.
public struct Manifest: Sendable, Equatable {
    /// The file's name.
    public static let fileName = "manifest.json"

    /// How well a quantised tensor represents its source.
    public struct TensorError: Sendable, Equatable {
        /// The artifact's name of the tensor, without `.weight` or `.blocks`.
        public let tensor: String
        /// Root mean square of the error over that of the values; 0 when every value is exact.
        public let relativeError: Double
        /// Groups of 32 values that are not exact.
        public let inexactGroups: Int
        /// Groups of 32 values in all.
        public let groups: Int

        /// The error of a tensor.
        public init(tensor: String, relativeError: Double, inexactGroups: Int, groups: Int) {
            self.tensor = tensor
            self.relativeError = relativeError
            self.inexactGroups = inexactGroups
            self.groups = groups
        }
    }

    /// What names this import in ARNs: see `ModelIdentifier`.
    public var id: String
    /// The model's name when it was imported.
    public var name: String
    /// When it was imported, ISO 8601 in UTC.
    public var created: String
    /// The program's version that imported it.
    public var version: String
    /// The checkpoint's folder.
    public var source: String
    /// The checkpoint's layout.
    public var layout: String
    /// Bytes of the checkpoint's shards.
    public var sourceByteCount: Int
    /// Bytes of the artifact's weights.
    public var artifactByteCount: Int
    /// How the dense matrices are stored.
    public var dense: DenseFormat
    /// Weights of the model.
    public var parameterCount: Int
    /// How long the import took.
    public var seconds: Double
    /// The error of every tensor that was quantised.
    public var errors: [TensorError]
    /// Findings of the validation that did not stop the import, a line each.
    public var warnings: [String]
    /// How the model differs from the one that it was compared with; nil when it was compared with none.
    public var base: BaseComparison?

    /// A manifest given in full.
    public init(
        id: String = ModelIdentifier.random(), name: String, created: String, version: String, source: String,
        layout: String, sourceByteCount: Int,
        artifactByteCount: Int, dense: DenseFormat, parameterCount: Int, seconds: Double, errors: [TensorError],
        warnings: [String], base: BaseComparison? = nil
    ) {
        self.id = id
        self.name = name
        self.created = created
        self.version = version
        self.source = source
        self.layout = layout
        self.sourceByteCount = sourceByteCount
        self.artifactByteCount = artifactByteCount
        self.dense = dense
        self.parameterCount = parameterCount
        self.seconds = seconds
        self.errors = errors
        self.warnings = warnings
        self.base = base
    }

    /// The largest relative error of the experts' matrices; 0 when all came through exactly.
    public var largestExpertError: Double { largestError { $0.hasSuffix("gate_up") || $0.hasSuffix("down") } }
    /// The largest relative error of the dense matrices.
    public var largestDenseError: Double { largestError { !$0.hasSuffix("gate_up") && !$0.hasSuffix("down") } }

    private func largestError(_ matches: (String) -> Bool) -> Double {
        errors.filter { matches($0.tensor) }.map(\.relativeError).max() ?? 0
    }
}

extension Manifest {
    /// When it was imported, to the second, for people.
    public var createdText: String { created.utf8.count > 20 ? "\(created.prefix(19))Z" : created }

    /// The manifest as it is stored and shown.
    public var json: JSONValue {
        func number(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }
        return .object(
            JSONObject([
                ("id", .string(id)),
                ("name", .string(name)),
                ("created", .string(created)),
                ("version", .string(version)),
                ("format", .string(ArtifactLayout.formatVersion)),
                ("source", .string(source)),
                ("layout", .string(layout)),
                ("source_bytes", number(sourceByteCount)),
                ("bytes", number(artifactByteCount)),
                ("dense", .string(dense.rawValue)),
                ("parameters", number(parameterCount)),
                ("seconds", .number(JSONNumber(seconds))),
                ("largest_expert_error", .number(JSONNumber(largestExpertError))),
                ("largest_dense_error", .number(JSONNumber(largestDenseError))),
                ("warnings", .array(warnings.map(JSONValue.string))),
                ("base", base?.json ?? .null),
                (
                    "errors",
                    .array(
                        errors.map { error in
                            [
                                "tensor": .string(error.tensor),
                                "relative_rms_error": .number(JSONNumber(error.relativeError)),
                                "inexact_groups": number(error.inexactGroups),
                                "groups": number(error.groups),
                            ]
                        })
                ),
            ]))
    }

    /// Reads a stored manifest; nil when it is none.
    public init?(_ json: JSONValue) {
        guard let name = json["name"]?.stringValue, let created = json["created"]?.stringValue,
            let dense = (json["dense"]?.stringValue).flatMap(DenseFormat.init)
        else { return nil }
        let errors = (json["errors"]?.arrayValue ?? []).compactMap { entry -> TensorError? in
            guard let tensor = entry["tensor"]?.stringValue else { return nil }
            return TensorError(
                tensor: tensor, relativeError: entry["relative_rms_error"]?.doubleValue ?? 0,
                inexactGroups: entry["inexact_groups"]?.intValue ?? 0, groups: entry["groups"]?.intValue ?? 0)
        }
        // Why: manifests of early versions have none.
        let id = (json["id"]?.stringValue).flatMap { ModelIdentifier.isValid($0) ? $0 : nil }
        self.init(
            id: id ?? ModelIdentifier.derived(from: name), name: name, created: created,
            version: json["version"]?.stringValue ?? "",
            source: json["source"]?.stringValue ?? "", layout: json["layout"]?.stringValue ?? "",
            sourceByteCount: json["source_bytes"]?.intValue ?? 0, artifactByteCount: json["bytes"]?.intValue ?? 0,
            dense: dense, parameterCount: json["parameters"]?.intValue ?? 0,
            seconds: json["seconds"]?.doubleValue ?? 0, errors: errors,
            warnings: (json["warnings"]?.arrayValue ?? []).compactMap(\.stringValue),
            base: json["base"].flatMap(BaseComparison.init))
    }

    /// Reads the manifest in an artifact's folder; nil when there is none or it cannot be read.
    public init?(inFolder folder: String) {
        guard let file = try? RandomAccessFile(path: FileSystem.join(folder, Self.fileName)),
            let bytes = try? file.read(at: 0, count: min(file.byteCount, 64 << 20)),
            let json = try? JSONValue.parse(bytes, limits: .checkpointFiles)
        else { return nil }
        self.init(json)
    }
}
