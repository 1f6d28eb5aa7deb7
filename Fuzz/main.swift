import Checkpoint
import Glibc
import Harmony
import JSON
import Tokenizer

// One libFuzzer target for every parser of outside bytes; OUTCROP_FUZZ_PARSER chooses which. `Scripts/fuzz` builds and runs it.

/// The parsers, by name.
private let parsers: [String: ([UInt8]) -> Void] = [
    "json": { _ = try? JSONValue.parse($0) },
    "safetensors": { bytes in
        _ = SafetensorsHeader.headerByteCount(prefix: bytes, fileByteCount: bytes.count, path: "fuzz")
        _ = SafetensorsHeader.parse(bytes, fileByteCount: bytes.count &* 3, path: "fuzz")
    },
    "index": { _ = ShardIndex.parse($0, path: "fuzz") },
    "configuration": { _ = ConfigurationReader.read(config: $0, path: "fuzz") },
    "tokenizer-file": { _ = try? BytePairTokenizer(tokenizerJSON: $0) },
    "tokenizer-text": { bytes in
        guard let tokenizer = try? BytePairTokenizer.o200kHarmony() else { return }
        let ids = tokenizer.encodeOrdinary(String(decoding: bytes, as: UTF8.self))
        let text = try? tokenizer.decode(ids)
        precondition(text == Array(String(decoding: bytes, as: UTF8.self).utf8), "encoding loses nothing")
    },
]

private let chosen: ([UInt8]) -> Void = {
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
