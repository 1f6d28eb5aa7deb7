import JSON

/// `model.safetensors.index.json`: which shard holds which tensor.
public struct ShardIndex: Sendable, Equatable {
    /// The file's name.
    public static let fileName = "model.safetensors.index.json"

    /// The `metadata` value; nil when the file has none.
    public let metadata: JSONValue?
    /// Tensor and shard names in file order.
    public let weightMap: [(tensor: String, shard: String)]

    /// The names of the shards, each once, in order of their bytes.
    public var shards: [String] {
        Set(weightMap.map { Array($0.shard.utf8) }).sorted { $0.lexicographicallyPrecedes($1) }
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// Two indexes are equal when their metadata and entries are.
    public static func == (left: ShardIndex, right: ShardIndex) -> Bool {
        left.metadata == right.metadata
            && left.weightMap.elementsEqual(right.weightMap) { $0.tensor == $1.tensor && $0.shard == $1.shard }
    }

    /// Reads an index; never traps, whatever the bytes are.
    public static func parse(_ bytes: [UInt8], path: String) -> (index: ShardIndex?, findings: [Finding]) {
        func invalid(_ message: String) -> Finding {
            Finding(
                .indexInvalid, path: path, message,
                remedy: "Run validate with --fix: it rebuilds the index from the shards")
        }
        let root: JSONObject
        do throws(JSONError) {
            guard let object = try JSONValue.parse(bytes, limits: .checkpointFiles).objectValue else {
                return (nil, [invalid("a JSON object expected")])
            }
            root = object
        } catch {
            return (nil, [invalid("it is not valid JSON: \(error)")])
        }
        guard let entries = root["weight_map"]?.objectValue, entries.count > 0 else {
            return (nil, [invalid("it has no weight_map object with entries")])
        }
        var findings = metadataFindings(root["metadata"], path: path)
        var weightMap: [(tensor: String, shard: String)] = []
        weightMap.reserveCapacity(entries.count)
        for (tensor, value) in entries.entries {
            guard let shard = value.stringValue, isPlainFileName(shard) else {
                findings.append(
                    invalid("the shard of \(tensor) is \(ConfigurationFields.short(value)), a file name expected"))
                return (nil, findings)
            }
            weightMap.append((tensor, shard))
        }
        return (ShardIndex(metadata: root["metadata"], weightMap: weightMap), findings)
    }

    /// Bedrock's Custom Model Import wants a `metadata` object that is empty or holds only the total size.
    private static func metadataFindings(_ metadata: JSONValue?, path: String) -> [Finding] {
        let remedy = "Run validate with --fix, or set metadata to {}"
        guard let metadata else {
            return [
                Finding(
                    .indexMetadataRefused, path: path,
                    "metadata is missing; Bedrock's import wants it, {} or with total_size alone", remedy: remedy)
            ]
        }
        guard let object = metadata.objectValue else {
            return [
                Finding(
                    .indexMetadataRefused, path: path,
                    "metadata is \(ConfigurationFields.short(metadata)), an object expected", remedy: remedy)
            ]
        }
        let extra = object.entries.map(\.key).filter { $0 != "total_size" }
        guard extra.isEmpty else {
            return [
                Finding(
                    .indexMetadataRefused, path: path,
                    "metadata holds \(extra.prefix(8).joined(separator: ", ")); Bedrock's import accepts total_size alone",
                    remedy: remedy)
            ]
        }
        return []
    }

    /// A name that stays inside the checkpoint's folder.
    static func isPlainFileName(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        return !bytes.isEmpty && bytes.count <= 255 && !bytes.contains(UInt8(ascii: "/")) && !bytes.contains(0)
            && name != "." && name != ".."
    }

    /// The bytes of an index for the given tensors, as Hugging Face writes it: entries sorted by tensor name.
    static func serialized(metadata: JSONObject, weightMap: [(tensor: String, shard: String)]) -> [UInt8] {
        let sorted = weightMap.sorted { $0.tensor.utf8.lexicographicallyPrecedes($1.tensor.utf8) }
        let root = JSONObject([
            ("metadata", .object(metadata)),
            ("weight_map", .object(JSONObject(sorted.map { ($0.tensor, .string($0.shard)) }))),
        ])
        return Array((JSONValue.object(root).serialized(pretty: true) + "\n").utf8)
    }
}
