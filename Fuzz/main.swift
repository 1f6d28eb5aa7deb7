import AWSProtocol
import Access
import BedrockAPI
import Checkpoint
import Glibc
import Harmony
import ImportJobs
import Inference
import JSON
import ObjectStore
import OpenAIWire
import S3Client
import Tokenizer

// One libFuzzer target for every parser of outside bytes; OUTCROP_FUZZ_PARSER chooses which. `Scripts/fuzz` builds and runs it.

/// What the bundled vocabulary is read into once.
private let bundled: (tokenizer: BytePairTokenizer, encoding: HarmonyEncoding, lines: HarmonyLines) = {
    guard let tokenizer = try? BytePairTokenizer.o200kHarmony(),
        let encoding = try? HarmonyEncoding(tokenizer: tokenizer)
    else { preconditionFailure("the bundled vocabulary is sound") }
    return (tokenizer, encoding, HarmonyLines(encoding))
}()

/// The parsers, by name.
private let parsers: [String: @Sendable ([UInt8]) -> Void] = [
    "json": { _ = try? JSONValue.parse($0) },
    "safetensors": { bytes in
        _ = SafetensorsHeader.headerByteCount(prefix: bytes, fileByteCount: bytes.count, path: "fuzz")
        _ = SafetensorsHeader.parse(bytes, fileByteCount: bytes.count &* 3, path: "fuzz")
    },
    "index": { _ = ShardIndex.parse($0, path: "fuzz") },
    "configuration": { _ = ConfigurationReader.read(config: $0, path: "fuzz") },
    "tokenizer-file": { BytePairTokenizer.fuzzFile($0) },
    "tokenizer-text": { precondition(bundled.tokenizer.fuzzText($0), "encoding loses nothing") },
    "harmony-render": { _ = bundled.lines.render(bytes: $0) },
    "harmony-parse": { _ = bundled.lines.parse(bytes: $0) },
    "bedrock-converse": { _ = ConverseBodies.isConverseRequest($0) },
    "bedrock-import-job": { _ = ControlPlaneBodies.isImportJob($0) },
    "openai-chat": { _ = RequestBodies.isChatRequest($0) },
    "xml": { _ = try? XMLParser.parse($0) },
    "signatures": { _ = SignableRequest.hasClaims(fuzz: $0) },
    "aws-chunked": { _ = ChunkedDecoder.decode(fuzz: $0) },
    "policy": { _ = Policy.isReadable($0) },
    "roles": { _ = try? RoleFile.roles($0) },
    "object-listing": { _ = ListQuery.fuzz($0) },
    "s3-answers": { bytes in
        _ = try? ListDocument(parsing: bytes, bucket: "fuzz")
        _ = ErrorDocument(parsing: bytes)
        _ = TokenDocument.parse(bytes)
        _ = CredentialDocument.parse(bytes)
    },
    "s3-configuration": { _ = try? SharedFile(parsing: $0, kind: .config) },
    "s3-uri": { _ = try? S3URI(bytes: $0) },
    "prefix-file": { precondition(PrefixFileBytes.restore(fuzz: $0) != nil, "every page is somewhere, once") },
    "harmony-stream": { _ = HarmonyStreamParser.parse(fuzz: $0, encoding: bundled.encoding) },
]

private let chosen: @Sendable ([UInt8]) -> Void = {
    let name = unsafe getenv("OUTCROP_FUZZ_PARSER").map { unsafe String(cString: $0) } ?? "json"
    guard let parser = parsers[name] else {
        print("OUTCROP_FUZZ_PARSER must be one of \(parsers.keys.sorted())")
        exit(64)
    }
    return parser
}()

/// libFuzzer's entry.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    chosen(unsafe Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}
