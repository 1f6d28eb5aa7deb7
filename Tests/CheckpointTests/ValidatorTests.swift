import Checkpoint
import Foundation
import JSON
import TestSupport
import Testing

@Suite("Checkpoint validator")
struct ValidatorTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private let first = "model-00000-of-00002.safetensors"
    private let second = "model-00001-of-00002.safetensors"
    private let index = "model.safetensors.index.json"

    private func codes(_ checkpoint: DamagedCheckpoint) throws -> Set<FindingCode> {
        Set(try CheckpointValidator.validate(path: checkpoint.path).findings.map(\.code))
    }

    private func finding(_ checkpoint: DamagedCheckpoint, _ code: FindingCode) throws -> Finding {
        let findings = try CheckpointValidator.validate(path: checkpoint.path).findings
        return try #require(findings.first { $0.code == code }, "\(findings)")
    }

    @Test("a good checkpoint has nothing but the missing tokenizer", arguments: ["hf-mxfp4", "hf-bf16", "original"])
    func good(layout: String) throws {
        for model in ["d1-base", "d2-gqa8", "d4-allexp"] {
            let report = try CheckpointValidator.validate(path: fixture("checkpoints/\(model)/\(layout)").path)
            #expect(report.findings.map(\.code) == [.tokenizerMissing])
            #expect(!report.hasErrors && !report.blocksImport)
            #expect(report.layout?.rawValue == layout)
        }
    }

    @Test("total_parameters in the index is refused by Bedrock, not by an import")
    func indexMetadata() throws {
        let path = fixture("checkpoints/d1-base/hf-bf16-sharded").path
        let report = try CheckpointValidator.validate(path: path)
        let found = try #require(report.findings.first)
        #expect(found.code == .indexMetadataRefused && found.severity == .error && found.remedy.contains("--fix"))
        #expect(found.message.contains("total_parameters"))
        #expect(report.hasErrors && !report.blocksImport)
        #expect(try Checkpoint(path: path).configuration.layerCount == 4)
    }

    @Test(
        "metadata must be there and be an object",
        arguments: [nil, JSONValue.null, [], "x", ["total_size": 1, "a": 2]])
    func badIndexMetadata(metadata: JSONValue?) throws {
        let checkpoint = try DamagedCheckpoint(folder)
        try checkpoint.edit(index) { object in
            if let metadata { object["metadata"] = metadata } else { object.removeValue(forKey: "metadata") }
        }
        #expect(try codes(checkpoint) == [.indexMetadataRefused, .tokenizerMissing])
    }

    @Test("empty metadata and total_size alone are fine")
    func goodIndexMetadata() throws {
        for metadata: JSONValue in [[:], ["total_size": 5]] {
            let checkpoint = try DamagedCheckpoint(folder)
            try checkpoint.edit(index) { $0["metadata"] = metadata }
            #expect(try codes(checkpoint) == [.tokenizerMissing])
        }
    }

    @Test("a missing shard is named, its tensors are not listed one by one")
    func missingShard() throws {
        let checkpoint = try DamagedCheckpoint(folder)
        try checkpoint.remove(second)
        let report = try CheckpointValidator.validate(path: checkpoint.path)
        #expect(report.findings.map(\.code) == [.shardMissing, .tokenizerMissing])
        #expect(report.findings[0].path?.hasSuffix(second) == true)
        #expect(throws: CheckpointError.self) { try Checkpoint(path: checkpoint.path) }
    }

    @Test("a truncated shard is named with the bytes it should have", arguments: [0, 5, 100, 20_000, 100_000])
    func truncatedShard(size: Int) throws {
        let checkpoint = try DamagedCheckpoint(folder)
        try checkpoint.write(Array(try checkpoint.bytes(second).prefix(size)), second)
        let report = try CheckpointValidator.validate(path: checkpoint.path)
        let code: FindingCode = size < 20_000 ? .headerTruncated : .fileTruncated
        #expect(report.findings.map(\.code) == [code, .tokenizerMissing])
        #expect(report.findings[0].byteOffset != nil && report.blocksImport)
    }

    @Test("without an index, the single file's truncation is reported once")
    func truncatedSingleFile() throws {
        let checkpoint = try DamagedCheckpoint(folder, "hf-bf16")
        try checkpoint.write(Array(try checkpoint.bytes("model.safetensors").dropLast(1)), "model.safetensors")
        #expect(try codes(checkpoint) == [.fileTruncated, .tokenizerMissing])
    }

    @Test("several shards without an index need one; OpenAI's own files do not")
    func indexMissing() throws {
        let checkpoint = try DamagedCheckpoint(folder)
        try checkpoint.remove(index)
        let report = try CheckpointValidator.validate(path: checkpoint.path)
        #expect(report.findings.map(\.code) == [.indexMissing, .tokenizerMissing])
        #expect(!report.blocksImport)
    }

    @Test("an index that is no index", arguments: ["", "[]", "{}", #"{"weight_map":[]}"#, #"{"weight_map":{"a":1}}"#])
    func indexInvalid(text: String) throws {
        let checkpoint = try DamagedCheckpoint(folder)
        try checkpoint.write(Array(text.utf8), index)
        #expect(try codes(checkpoint).contains(.indexInvalid))
    }

    @Test("an index cannot name files outside the folder", arguments: ["../a.safetensors", "/etc/passwd", "..", ""])
    func indexEscape(name: String) throws {
        let checkpoint = try DamagedCheckpoint(folder)
        try checkpoint.edit(index) { object in
            object["weight_map"] = ["model.norm.weight": .string(name)]
        }
        #expect(try codes(checkpoint).contains(.indexInvalid))
    }

    @Test("an index that disagrees with its shards is stale")
    func indexStale() throws {
        let checkpoint = try DamagedCheckpoint(folder)
        try checkpoint.edit(index) { object in
            var map = object["weight_map"]?.objectValue ?? JSONObject()
            map["model.norm.weight"] = .string(first)
            object["weight_map"] = .object(map)
        }
        let found = try finding(checkpoint, .indexStale)
        #expect(found.tensor == "model.norm.weight")
    }

    @Test("a safetensors file beside the index's own is pointed out")
    func otherShard() throws {
        let checkpoint = try DamagedCheckpoint(folder)
        try checkpoint.write(headerBytes("{}"), "extra.safetensors")
        #expect(try codes(checkpoint) == [.shardNotInIndex, .tokenizerMissing])
    }

    @Test("a shard with metadata alone is a shard")
    func emptyShard() throws {
        let checkpoint = try DamagedCheckpoint(folder)
        try checkpoint.write(headerBytes(#"{"__metadata__":{"format":"pt"}}"#), "model-00003-of-00002.safetensors")
        try checkpoint.remove(index)
        _ = try CheckpointRepair.fix(path: checkpoint.path)
        #expect(try codes(checkpoint).subtracting([.shardNotInIndex]) == [.tokenizerMissing])
    }

    @Test("wrong shapes are told against the configuration")
    func wrongShape() throws {
        let checkpoint = try DamagedCheckpoint(folder)
        try checkpoint.edit("config.json") { $0["num_local_experts"] = 8 }
        let found = try finding(checkpoint, .wrongShape)
        #expect(found.message.contains("[8,") || found.message.contains("[8]"))
        #expect(found.byteOffset != nil && found.tensor != nil)
    }

    @Test("wrong element types are errors")
    func wrongElementType() throws {
        let checkpoint = try DamagedCheckpoint(folder)
        try checkpoint.editHeader(first) { header in
            for (name, type) in [
                ("model.layers.0.self_attn.sinks", "I16"), ("model.layers.0.mlp.experts.down_proj_scales", "I8"),
            ] {
                var tensor = header[name]?.objectValue ?? JSONObject()
                tensor["dtype"] = .string(type)
                header[name] = .object(tensor)
            }
        }
        let report = try CheckpointValidator.validate(path: checkpoint.path)
        #expect(report.findings.filter { $0.code == .wrongElementType }.count == 2)
    }

    @Test("queries, keys and values must agree in their element type")
    func elementTypesDisagree() throws {
        let checkpoint = try DamagedCheckpoint(folder)
        try checkpoint.editHeader(first) { header in
            var tensor = header["model.layers.0.self_attn.k_proj.weight"]?.objectValue ?? JSONObject()
            tensor["dtype"] = "F16"
            header["model.layers.0.self_attn.k_proj.weight"] = .object(tensor)
        }
        #expect(try codes(checkpoint).contains(.elementTypesDisagree))
    }

    @Test("missing and unexpected tensors")
    func missingAndUnexpected() throws {
        let checkpoint = try DamagedCheckpoint(folder, "original")
        try checkpoint.editHeader("model.safetensors") { header in
            let tensor = header["block.2.attn.sinks"]
            header.removeValue(forKey: "block.2.attn.sinks")
            header["block.2.attn.sonks"] = tensor
        }
        #expect(try finding(checkpoint, .tensorMissing).tensor == "block.2.attn.sinks")
        #expect(try finding(checkpoint, .tensorUnexpected).tensor == "block.2.attn.sonks")
        #expect(try finding(checkpoint, .tensorUnexpected).severity == .warning)
    }

    @Test("a renamed tensor is missing although another entry of its shard is wrong")
    func missingBesideDamaged() throws {
        let checkpoint = try DamagedCheckpoint(folder, "original")
        try checkpoint.editHeader("model.safetensors") { header in
            let tensor = header["block.2.attn.sinks"]
            header.removeValue(forKey: "block.2.attn.sinks")
            header["block.2.attn.sonks"] = tensor
            var other = header["block.1.attn.sinks"]?.objectValue ?? JSONObject()
            other["dtype"] = "X7"
            header["block.1.attn.sinks"] = .object(other)
        }
        let missing = try CheckpointValidator.validate(path: checkpoint.path).findings.filter {
            $0.code == .tensorMissing
        }
        #expect(missing.map(\.tensor) == ["block.2.attn.sinks"])
        #expect(try finding(checkpoint, .unknownElementType).tensor == "block.1.attn.sinks")
    }

    @Test("a refused number of layers is not compared with layer_types")
    func refusedLayers() throws {
        let checkpoint = try DamagedCheckpoint(folder)
        try checkpoint.edit("config.json") { $0["num_hidden_layers"] = 0 }
        let report = try CheckpointValidator.validate(path: checkpoint.path)
        #expect(!report.findings.contains { $0.message.contains("layer_types") })
    }

    @Test("fewer layers in the configuration than in the files leave tensors over")
    func unexpectedLayers() throws {
        let checkpoint = try DamagedCheckpoint(folder)
        try checkpoint.edit("config.json") { object in
            object["num_hidden_layers"] = 2
            object.removeValue(forKey: "layer_types")
        }
        let report = try CheckpointValidator.validate(path: checkpoint.path)
        #expect(!report.hasErrors)
        #expect(report.findings.contains { $0.code == .tensorUnexpected })
    }

    @Test("tied embeddings and absent biases need no tensors")
    func tiedAndUnbiased() throws {
        let checkpoint = try DamagedCheckpoint(folder, "hf-bf16")
        try checkpoint.edit("config.json") { $0["tie_word_embeddings"] = true }
        #expect(try codes(checkpoint) == [.tensorUnexpected, .tokenizerMissing])
    }

    @Test("overlapping tensors, holes and duplicates are found in files")
    func overlap() throws {
        let checkpoint = try DamagedCheckpoint(folder)
        try checkpoint.editHeader(first) { header in
            var tensor = header["model.layers.0.self_attn.sinks"]?.objectValue ?? JSONObject()
            tensor["data_offsets"] = [0, 8]
            header["model.layers.0.self_attn.sinks"] = .object(tensor)
        }
        let found = try codes(checkpoint)
        #expect(found.isSuperset(of: [.tensorsOverlap, .hole]))
    }

    @Test("one tensor in two shards is ambiguous")
    func duplicateAcrossShards() throws {
        let checkpoint = try DamagedCheckpoint(folder)
        try checkpoint.write(try checkpoint.bytes(first), "model-00003-of-00002.safetensors")
        try checkpoint.remove(index)
        #expect(try codes(checkpoint).contains(.duplicateTensor))
    }

    @Test("a header of 2^63 bytes")
    func headerOverflow() throws {
        let checkpoint = try DamagedCheckpoint(folder)
        var bytes = try checkpoint.bytes(first)
        bytes.replaceSubrange(0..<8, with: [0, 0, 0, 0, 0, 0, 0, 128])
        try checkpoint.write(bytes, first)
        #expect(try codes(checkpoint) == [.headerTooLarge, .tokenizerMissing])
    }

    @Test("a metal folder is an error for Bedrock and ignored by an import")
    func metal() throws {
        let checkpoint = try DamagedCheckpoint(folder)
        try FileManager.default.createDirectory(atPath: checkpoint.file("metal"), withIntermediateDirectories: false)
        let report = try CheckpointValidator.validate(path: checkpoint.path)
        #expect(report.findings.contains { $0.code == .metalFolder })
        #expect(!report.blocksImport)
    }

    @Test("over 200 GB is an error for Bedrock")
    func tooLarge() throws {
        let checkpoint = try DamagedCheckpoint(folder, "original")
        let count = 200_000_000_000
        let header = #"{"x":{"dtype":"U8","shape":[\#(count)],"data_offsets":[0,\#(count)]}}"#
        try checkpoint.write(headerBytes(header), "z.safetensors")
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: checkpoint.file("z.safetensors")))
        try handle.truncate(atOffset: UInt64(8 + header.utf8.count + count))
        try handle.close()
        let report = try CheckpointValidator.validate(path: checkpoint.path)
        #expect(Set(report.findings.map(\.code)) == [.tooLarge, .tensorUnexpected, .tokenizerMissing])
        #expect(!report.blocksImport)
    }

    @Test("a stale quantization_config is a note: the tensors decide")
    func staleQuantization() throws {
        let checkpoint = try DamagedCheckpoint(folder, "hf-bf16")
        try checkpoint.edit("config.json") {
            $0["quantization_config"] = ["quant_method": "mxfp4", "dequantize": true]
        }
        let report = try CheckpointValidator.validate(path: checkpoint.path)
        #expect(report.layout == .huggingFaceBF16 && !report.hasErrors)
        #expect(report.findings.contains { $0.code == .staleQuantization && $0.severity == .note })
    }

    @Test("missing configuration and weights", arguments: ["config.json", "model.safetensors"])
    func missingFiles(name: String) throws {
        let checkpoint = try DamagedCheckpoint(folder, "original")
        try checkpoint.remove(name)
        let code: FindingCode = name == "config.json" ? .configurationMissing : .noWeights
        #expect(try codes(checkpoint).contains(code))
    }

    @Test("a LoRA adapter alone is told to be merged")
    func adapter() throws {
        let checkpoint = try DamagedCheckpoint(folder, "original")
        try checkpoint.remove("model.safetensors")
        try checkpoint.write(headerBytes("{}"), "adapter_model.safetensors")
        #expect(try finding(checkpoint, .adapterOnly).remedy.contains("Merge"))
    }

    @Test("names that are not gpt-oss's are an unknown layout")
    func unknownLayout() throws {
        let checkpoint = try DamagedCheckpoint(folder, "original")
        try checkpoint.write(
            headerBytes(#"{"base_model.model.lora_A.weight":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#),
            "model.safetensors")
        #expect(try finding(checkpoint, .layoutUnknown).remedy.contains("LoRA"))
    }

    @Test(
        "tokenizers",
        arguments: [
            (#"{"model":{"type":"BPE","vocab":{"a":0,"b":511}},"added_tokens":[{"id":3,"content":"x"}]}"#, nil),
            (#"{"model":{"type":"BPE","vocab":{"a":0,"b":512}}}"#, FindingCode.tokenizerTooLarge),
            (#"{"model":{"type":"BPE","vocab":{}},"added_tokens":[{"id":600}]}"#, .tokenizerTooLarge),
            (#"{"model":{"type":"Unigram","vocab":[["a",-1.5]]}}"#, .tokenizerUnsupported),
            (#"{"model":{"type":"WordPiece","vocab":{"a":0}}}"#, .tokenizerUnsupported),
            (#"{}"#, .tokenizerUnsupported),
            (#"{"model":"#, .tokenizerInvalid),
            ("", .tokenizerInvalid),
        ] as [(String, FindingCode?)])
    func tokenizers(text: String, code: FindingCode?) throws {
        let checkpoint = try DamagedCheckpoint(folder)
        try checkpoint.write(Array(text.utf8), "tokenizer.json")
        #expect(try codes(checkpoint) == Set([code].compactMap { $0 }))
    }

    @Test("a tokenizer is checked beside a configuration that is wrong")
    func tokenizerWithoutConfiguration() throws {
        let checkpoint = try DamagedCheckpoint(folder)
        try checkpoint.edit("config.json") { $0["num_hidden_layers"] = 0 }
        #expect(!(try codes(checkpoint)).contains(.tokenizerMissing))
        try checkpoint.write(Array(#"{"model":"#.utf8), "tokenizer.json")
        #expect(try codes(checkpoint).contains(.tokenizerInvalid))
    }

    @Test("all findings come at once, errors first, and as JSON")
    func everythingAtOnce() throws {
        let checkpoint = try DamagedCheckpoint(folder)
        try checkpoint.remove(second)
        try checkpoint.edit("config.json") { $0["num_local_experts"] = 8 }
        try checkpoint.edit(index) { $0["metadata"] = ["total_parameters": 3] }
        try FileManager.default.createDirectory(atPath: checkpoint.file("metal"), withIntermediateDirectories: false)
        let report = try CheckpointValidator.validate(path: checkpoint.path)
        let found = Set(report.findings.map(\.code))
        #expect(
            found.isSuperset(of: [.shardMissing, .wrongShape, .indexMetadataRefused, .metalFolder, .tokenizerMissing]))
        #expect(report.findings.map(\.severity) == report.findings.map(\.severity).sorted(by: >))
        let json = try JSONValue.parse(report.json.serialized())
        #expect(json["valid"]?.boolValue == false)
        #expect(json["findings"]?.arrayValue?.count == report.findings.count)
        #expect(json["findings"]?.arrayValue?.first?["remedy"]?.stringValue?.isEmpty == false)
    }

    @Test("a path that is no folder")
    func notAFolder() {
        #expect(throws: CheckpointError.notAFolder(path: "/nonexistent")) {
            try CheckpointValidator.validate(path: "/nonexistent")
        }
    }
}
