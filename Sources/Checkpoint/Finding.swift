import JSON

/// One thing that is wrong, doubtful or worth knowing about a checkpoint, with its remedy.
public struct Finding: Sendable, Equatable, CustomStringConvertible {
    /// How bad it is.
    public enum Severity: String, Sendable, Comparable {
        /// The checkpoint cannot be used as it is.
        case error
        /// It can be used, but something is likely not what its owner wants.
        case warning
        /// Worth knowing.
        case note

        private var rank: Int {
            switch self {
            case .note: 0
            case .warning: 1
            case .error: 2
            }
        }

        /// Notes come before warnings, warnings before errors.
        public static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }
    }

    /// How bad it is.
    public let severity: Severity
    /// Which kind of finding it is; stable, for programs.
    public let code: FindingCode
    /// The file or folder it is about.
    public let path: String?
    /// The tensor it is about.
    public let tensor: String?
    /// Where in the file, in bytes from its start.
    public let byteOffset: Int?
    /// What was expected and what was found.
    public let message: String
    /// What to change.
    public let remedy: String

    /// A finding with the severity that its code has.
    public init(
        _ code: FindingCode, path: String? = nil, tensor: String? = nil, byteOffset: Int? = nil,
        _ message: String, remedy: String
    ) {
        self.init(
            severity: code.severity, code, path: path, tensor: tensor, byteOffset: byteOffset, message, remedy: remedy)
    }

    private init(
        severity: Severity, _ code: FindingCode, path: String?, tensor: String?, byteOffset: Int?, _ message: String,
        remedy: String
    ) {
        self.severity = severity
        self.code = code
        self.path = path
        self.tensor = tensor
        self.byteOffset = byteOffset
        self.message = message
        self.remedy = remedy
    }

    /// The finding as an import judges it that refuses what Amazon Bedrock's refuses; nil when Bedrock would not mind.
    var asRefusedByBedrock: Finding? {
        guard code.isRefusedByBedrock, severity < .error else { return code.isRefusedByBedrock ? self : nil }
        return Finding(
            severity: .error, code, path: path, tensor: tensor, byteOffset: byteOffset,
            "there is no tokenizer.json; Bedrock's import wants the model's own",
            remedy: "Add the model's tokenizer.json")
    }

    /// One line: severity, place, message, remedy.
    public var description: String { line(severity.rawValue, remedy) }

    /// One line for who imported the checkpoint all the same: what the import did about it, where its owner would otherwise
    /// be told what to do.
    public var importNote: String { code.repair.map { line("repaired", $0) } ?? description }

    private func line(_ label: String, _ advice: String) -> String {
        var place = ""
        if let path { place += path }
        if let byteOffset { place += place.isEmpty ? "byte \(byteOffset)" : " at byte \(byteOffset)" }
        if let tensor { place += place.isEmpty ? tensor : ", \(tensor)" }
        return "\(label): " + (place.isEmpty ? "" : place + ": ") + message + ". " + advice
    }

    /// The finding as an object with severity, code, path, tensor, byte_offset, message, remedy and fixable.
    public var json: JSONValue {
        .object(
            JSONObject([
                ("severity", .string(severity.rawValue)),
                ("code", .string(code.rawValue)),
                ("path", path.map(JSONValue.string) ?? .null),
                ("tensor", tensor.map(JSONValue.string) ?? .null),
                ("byte_offset", byteOffset.map { .number(JSONNumber($0)) } ?? .null),
                ("message", .string(message)),
                ("remedy", .string(remedy)),
                ("fixable", .bool(code.isFixable)),
            ]))
    }
}

/// Why a checkpoint could not be opened or read.
public enum CheckpointError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The files are there but are not a usable gpt-oss checkpoint: every reason found, errors first, then warnings.
    case unusable(path: String, findings: [Finding])
    /// There is no such folder.
    case notAFolder(path: String)

    /// All reasons, one per line.
    public var description: String {
        switch self {
        case .unusable(let path, let findings):
            "\(path) cannot be used:\n" + findings.map { "  \($0)" }.joined(separator: "\n")
        case .notAFolder(let path):
            "\(path) is not a folder: give the folder that holds config.json and the *.safetensors files"
        }
    }
}
