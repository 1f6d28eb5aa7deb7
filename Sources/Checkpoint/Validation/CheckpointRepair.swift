import JSON
import OutcropNumerics

/// What `CheckpointRepair.fix` did.
public struct RepairReport: Sendable, Equatable {
    /// One sentence for every change; empty when there was nothing that it repairs.
    public let actions: [String]
    /// Why something fixable was left alone.
    public let refusals: [String]

    /// A report.
    public init(actions: [String], refusals: [String]) {
        self.actions = actions
        self.refusals = refusals
    }
}

/// Repairs what can be repaired without touching a weight: the index and its metadata.
public enum CheckpointRepair {
    /// Repairs the checkpoint in a folder. The index is replaced atomically.
    /// - Throws: `CheckpointError.notAFolder`, or `FileError` when the index cannot be written.
    public static func fix(path: String) throws -> RepairReport {
        let report = try CheckpointValidator.validate(path: path)
        let codes = Set(report.findings.filter { $0.code.isFixable }.map(\.code))
        let needed = codes.intersection([.indexMissing, .indexInvalid, .indexMetadataRefused, .indexStale])
        let mayAdopt = codes.contains(.shardNotInIndex) && report.findings.contains { $0.code == .tensorMissing }
        guard !needed.isEmpty || mayAdopt else { return RepairReport(actions: [], refusals: []) }
        let target = FileSystem.join(path, ShardIndex.fileName)
        if needed == [.indexMetadataRefused], !mayAdopt, let index = report.files.index {
            return RepairReport(actions: [try cleanMetadata(index, target)], refusals: [])
        }
        let rebuilt = try rebuild(report, target)
        if rebuilt.actions.isEmpty, needed.contains(.indexMetadataRefused), let index = report.files.index {
            return RepairReport(actions: [try cleanMetadata(index, target)], refusals: rebuilt.refusals)
        }
        return rebuilt
    }

    private static func cleanMetadata(_ index: ShardIndex, _ target: String) throws -> String {
        try AtomicFile.write(
            ShardIndex.serialized(metadata: cleaned(index.metadata), weightMap: index.weightMap), to: target)
        return "\(target): metadata \(describe(index.metadata)) repaired"
    }

    /// Builds the index anew from every safetensors file of the folder.
    private static func rebuild(_ report: ValidationReport, _ target: String) throws -> RepairReport {
        var weightMap: [(tensor: String, shard: String)] = []
        var names: Set<[UInt8]> = []
        var byteCount = 0
        let shards = (report.files.shards.map(\.name) + report.files.otherWeights)
        for name in shards {
            let (file, findings) = report.files.openShard(name)
            guard let file, !findings.contains(where: { $0.severity == .error }) else {
                return refusal("\(report.files.file(name)) is damaged, so the index cannot be rebuilt from it")
            }
            for tensor in file.header.tensors {
                guard names.insert(Array(tensor.name.utf8)).inserted else {
                    return refusal(
                        "\(tensor.name) is in more than one file (\(name) is one), so the index would be ambiguous")
                }
                weightMap.append((tensor.name, name))
                byteCount += tensor.byteRange.count
            }
        }
        let lost = (report.files.index?.weightMap ?? []).first { !names.contains(Array($0.tensor.utf8)) }
        let isMissingShard = report.findings.contains { $0.code == .shardMissing }
        if let lost, isMissingShard {
            return refusal(
                "\(lost.shard) is missing, so \(lost.tensor) would be lost from the index: download it first")
        }
        let metadata = JSONObject([("total_size", .number(JSONNumber(byteCount)))])
        try AtomicFile.write(ShardIndex.serialized(metadata: metadata, weightMap: weightMap), to: target)
        return RepairReport(
            actions: ["\(target): rebuilt from \(shards.count) file(s), \(weightMap.count) tensors"], refusals: [])
    }

    private static func refusal(_ reason: String) -> RepairReport { RepairReport(actions: [], refusals: [reason]) }

    /// The metadata without what Bedrock refuses.
    private static func cleaned(_ metadata: JSONValue?) -> JSONObject {
        guard let size = metadata?.objectValue?["total_size"], size.intValue != nil else { return JSONObject() }
        return JSONObject([("total_size", size)])
    }

    private static func describe(_ metadata: JSONValue?) -> String {
        metadata.map { ConfigurationFields.short($0) } ?? "(missing)"
    }
}
