import Checkpoint
import Foundation
import JSON
import TestSupport
import Testing

@Suite("Checkpoint repair")
struct RepairTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("metadata is cleaned, everything else stays")
    func metadata() throws {
        let checkpoint = try DamagedCheckpoint(folder, "hf-bf16-sharded")
        let before = try checkpoint.bytes("model-00001-of-00003.safetensors")
        let map = try JSONValue.parse(try checkpoint.bytes("model.safetensors.index.json"))["weight_map"]
        let report = try CheckpointRepair.fix(path: checkpoint.path)
        #expect(report.actions.count == 1 && report.refusals.isEmpty)
        let index = try JSONValue.parse(try checkpoint.bytes("model.safetensors.index.json"))
        #expect(index["metadata"] == ["total_size": 732_864])
        #expect(index["weight_map"] == map)
        #expect(try checkpoint.bytes("model-00001-of-00003.safetensors") == before)
        #expect(try !CheckpointValidator.validate(path: checkpoint.path).hasErrors)
        #expect(try CheckpointRepair.fix(path: checkpoint.path) == RepairReport(actions: [], refusals: []))
    }

    @Test("a missing, broken or stale index is rebuilt from the shards", arguments: [nil, "{", #"{"weight_map":{}}"#])
    func rebuild(text: String?) throws {
        let checkpoint = try DamagedCheckpoint(folder)
        let name = "model.safetensors.index.json"
        let original = try JSONValue.parse(try checkpoint.bytes(name))
        if let text { try checkpoint.write(Array(text.utf8), name) } else { try checkpoint.remove(name) }
        #expect(try CheckpointRepair.fix(path: checkpoint.path).actions.count == 1)
        #expect(try JSONValue.parse(try checkpoint.bytes(name)) == original)
    }

    @Test("an index is not rebuilt over a missing or damaged shard; its metadata still is repaired")
    func refusal() throws {
        let checkpoint = try DamagedCheckpoint(folder, "hf-bf16-sharded")
        let name = "model.safetensors.index.json"
        try checkpoint.write([1, 2, 3], "model-00002-of-00003.safetensors")
        try checkpoint.edit(name) { object in
            var map = object["weight_map"]?.objectValue ?? JSONObject()
            map["model.embed_tokens.weight"] = "model-00003-of-00003.safetensors"
            object["weight_map"] = .object(map)
        }
        let report = try CheckpointRepair.fix(path: checkpoint.path)
        #expect(report.refusals.count == 1 && report.actions.count == 1)
        #expect(try JSONValue.parse(try checkpoint.bytes(name))["metadata"] == ["total_size": 732_864])
    }

    @Test("a sound checkpoint is left alone")
    func nothingToDo() throws {
        let checkpoint = try DamagedCheckpoint(folder, "original")
        #expect(try CheckpointRepair.fix(path: checkpoint.path) == RepairReport(actions: [], refusals: []))
    }
}
