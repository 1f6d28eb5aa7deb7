import Checkpoint
import Foundation
import JSON
import OutcropNumerics
import TestSupport
import Testing

@Suite("Checkpoint sources")
struct SourceTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static let location = "s3://models/tuned/"

    /// A folder's files as objects, kept in files of other names.
    private func objects(
        _ path: String, _ change: (inout ObjectSource.Object) -> Void = { _ in }
    ) throws -> ObjectSource {
        let source = FolderSource(path)
        var objects: [ObjectSource.Object] = []
        for name in try source.names() {
            let stored = folder.join("object-\(UUID().uuidString)")
            try FileManager.default.copyItem(atPath: source.path(of: name), toPath: stored)
            var object = ObjectSource.Object(name: name, byteCount: try #require(source.byteCount(of: name))) {
                () throws(FileError) in try RandomAccessFile(path: stored)
            }
            change(&object)
            objects.append(object)
        }
        return ObjectSource(location: Self.location, objects: objects)
    }

    @Test(
        "objects are validated as the folder's files are",
        arguments: ["hf-mxfp4", "hf-bf16", "hf-bf16-sharded", "original"])
    func likeAFolder(layout: String) throws {
        let path = fixture("checkpoints/d1-base/\(layout)").path
        let source = try objects(path)
        let (left, right) = (try CheckpointValidator.validate(path: path), try CheckpointValidator.validate(source))
        func moved(_ text: String) -> String { text.replacing(path + "/", with: Self.location) }
        #expect(
            left.findings.map { moved($0.description).replacing(path, with: Self.location) }
                == right.findings.map(\.description))
        #expect(left.byteCount == right.byteCount && left.tensorCount == right.tensorCount)
        let (here, there) = (try Checkpoint(path: path), try Checkpoint(source))
        #expect(there.path == Self.location && here.layout.kind == there.layout.kind)
        for tensor in here.layout.allTensors(here.configuration) {
            let (one, other) = (try #require(here.place(of: tensor)), try #require(there.place(of: tensor)))
            let range = one.info.byteRange
            #expect(range == other.info.byteRange)
            #expect(
                try one.file.read(at: range.lowerBound, count: range.count)
                    == other.file.read(at: range.lowerBound, count: range.count))
        }
    }

    @Test("names are direct entries, sorted; keys with slashes are in folders")
    func names() throws {
        let object = { (name: String) in
            ObjectSource.Object(name: name, byteCount: 0) { () throws(FileError) in
                throw FileError(operation: "open", path: "/secret/place", reason: "it is a test")
            }
        }
        let source = ObjectSource(
            location: Self.location,
            objects: ["metal/", "", "b", "a", "original/config.json", "original/x/y", "B"].map(object))
        #expect(try source.names() == ["B", "a", "b", "metal", "original"])
        #expect(source.hasFolder("metal") && source.hasFolder("original") && !source.hasFolder("a"))
        #expect(source.byteCount(of: "original/config.json") == 0 && source.byteCount(of: "original") == nil)
        let unreadable = #expect(throws: FileError.self) { try source.open("a") }
        #expect(unreadable?.description == "cannot open s3://models/tuned/a: it is a test")
        let missing = #expect(throws: FileError.self) { try source.open("c") }
        #expect(missing?.description.contains("there is no such object") == true)
        let report = try CheckpointValidator.validate(source)
        #expect(report.findings.contains { $0.code == .metalFolder && $0.path == "s3://models/tuned/metal" })
        let configuration = try #require(report.findings.first { $0.code == .configurationMissing })
        #expect(configuration.path == Self.location && configuration.remedy.contains("s3://models/tuned/original"))
    }

    @Test("a finding about an object has its address, never the path of the file that it is in")
    func addresses() throws {
        let path = try DamagedCheckpoint(folder, "hf-bf16-sharded").path
        let shard = "model-00002-of-00003.safetensors"
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path + "/" + shard))
        try handle.truncate(atOffset: 50_000)
        try handle.close()
        let source = try objects(path)
        let error = #expect(throws: CheckpointError.self) { try Checkpoint(source) }
        let text = try #require(error?.description)
        #expect(text.contains("s3://models/tuned/\(shard) at byte ") && !text.contains(folder.path), "\(text)")
    }

    @Test("an object that is not as long as the list said is refused by name")
    func otherSize() throws {
        let name = "model-00002-of-00003.safetensors"
        let source = try objects(fixture("checkpoints/d1-base/hf-bf16-sharded").path) { object in
            if object.name == name { object.byteCount += 1 }
        }
        let report = try CheckpointValidator.validate(source)
        let found = try #require(report.findings.first { $0.code == .fileUnreadable })
        #expect(found.path == "s3://models/tuned/" + name && report.blocksImport)
        #expect(found.message.contains("when the objects were listed"))
    }

    @Test("what happens to a file after it was opened is noticed", arguments: 0..<4)
    func changes(kind: Int) throws {
        let path = folder.join("a")
        try AtomicFile.write(Array(0...99), to: path)
        let file = NamedSource(try RandomAccessFile(path: path), path: "s3://b/k")
        try file.checkUnchanged()
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        switch kind {
        case 0: try AtomicFile.write(Array(0...99), to: path)
        case 1: try FileSystem.remove(path)
        case 2: try handle.truncate(atOffset: 50)
        default:
            // The clock of the file system may not have moved since the file was made.
            Thread.sleep(forTimeInterval: 0.02)
            try handle.write(contentsOf: Data([9]))
        }
        try handle.close()
        let error = #expect(throws: FileError.self) { try file.checkUnchanged() }
        #expect(error?.description == "cannot read s3://b/k: the file was changed while it was read")
        if kind == 2 {
            let shorter = #expect(throws: FileError.self) { try file.read(at: 40, count: 20) }
            #expect(shorter?.description == "cannot read s3://b/k: the file became shorter while it was read")
        }
    }

    @Test("a checkpoint notices changes of every file that was read", arguments: ["config.json", "tokenizer.json", ""])
    func checkpointChanges(name: String) throws {
        let damaged = try DamagedCheckpoint(folder, "hf-bf16")
        try damaged.write(Array(#"{"model":{"type":"BPE","vocab":{"a":0}}}"#.utf8), "tokenizer.json")
        let checkpoint = try Checkpoint(path: damaged.path)
        try checkpoint.checkUnchanged()
        let name = name.isEmpty ? "model.safetensors" : name
        try AtomicFile.write(try damaged.bytes(name), to: damaged.file(name))
        let error = #expect(throws: FileError.self) { try checkpoint.checkUnchanged() }
        #expect(error?.path == damaged.file(name))
    }

    @Test("a refusal by Bedrock's rules alone is told from one that stops every import")
    func repairs() {
        for code in FindingCode.allCases {
            #expect((code.repair != nil) == (code.severity == .error && !code.blocksImport), "\(code)")
            #expect(!code.blocksImport || code.isRefusedByBedrock, "\(code)")
            #expect(code.repair == nil || code.isRefusedByBedrock, "\(code)")
        }
        let finding = Finding(.indexMetadataRefused, path: "a/b", byteOffset: 7, "it is wrong", remedy: "Mend it")
        #expect(finding.description == "error: a/b at byte 7: it is wrong. Mend it")
        #expect(
            finding.importNote
                == "repaired: a/b at byte 7: it is wrong. Imported as if metadata were {}; the file stays as it is")
        let other = Finding(.tokenizerMissing, "it is not there", remedy: "Bring it")
        #expect(other.importNote == other.description)
    }

    /// What a user of the original service does to a checkpoint by mistake, and a word that the refusal must have.
    private static let mistakes: [(name: String, word: String, isRepaired: Bool)] = [
        ("nothing", "", true), ("total_parameters", "total_parameters", true), ("no metadata", "metadata", true),
        ("no index", "index.json", true), ("metal", "s3://models/tuned/metal", true),
        ("no tokenizer", "tokenizer", true), ("missing shard", "s3://models/tuned/model-00003", false),
        ("other architecture", "BertForMaskedLM", false), ("no configuration", "config.json", false),
    ]

    @Test("strictly, exactly what Bedrock refuses is refused; else it is repaired", arguments: mistakes)
    func strict(mistake: (name: String, word: String, isRepaired: Bool)) throws {
        let index = "model.safetensors.index.json"
        let damaged = try DamagedCheckpoint(folder, "hf-bf16-sharded")
        try damaged.write(Array(#"{"model":{"type":"BPE","vocab":{"a":0}}}"#.utf8), "tokenizer.json")
        try damaged.edit(index) { $0["metadata"] = ["total_size": 5] }
        var extra: [ObjectSource.Object] = []
        switch mistake.name {
        case "total_parameters": try damaged.edit(index) { $0["metadata"] = ["total_size": 5, "total_parameters": 7] }
        case "no metadata": try damaged.edit(index) { $0.removeValue(forKey: "metadata") }
        case "no index": try damaged.remove(index)
        case "metal":
            extra = [
                ObjectSource.Object(name: "metal/", byteCount: 0) { () throws(FileError) in
                    throw FileError(operation: "open", path: "metal/", reason: "nobody should")
                }
            ]
        case "no tokenizer": try damaged.remove("tokenizer.json")
        case "missing shard": try damaged.remove("model-00003-of-00003.safetensors")
        case "other architecture":
            try damaged.edit("config.json") {
                $0["architectures"] = ["BertForMaskedLM"]
                $0["model_type"] = "bert"
            }
        case "no configuration": try damaged.remove("config.json")
        default: break
        }
        let names = try FolderSource(damaged.path).names()
        let files = names.map { name in
            ObjectSource.Object(name: name, byteCount: FolderSource(damaged.path).byteCount(of: name) ?? 0) {
                () throws(FileError) in try FolderSource(damaged.path).open(name)
            }
        }
        let source = ObjectSource(location: Self.location, objects: files + extra)
        if mistake.isRepaired { _ = try Checkpoint(source) }
        guard !mistake.word.isEmpty else {
            _ = try Checkpoint(source, isStrict: true)
            return
        }
        for isStrict in mistake.isRepaired ? [true] : [true, false] {
            let error = #expect(throws: CheckpointError.self) { try Checkpoint(source, isStrict: isStrict) }
            guard case .unusable(Self.location, let findings) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(findings.first?.severity == .error)
            #expect(findings.contains { $0.description.contains(mistake.word) }, "\(findings)")
            #expect(!findings.contains { $0.description.contains(folder.path) })
        }
    }
}
