import Checkpoint
import OutcropNumerics
import TestSupport
import Testing

/// A safetensors file's start from its header text.
func headerBytes(_ json: String, length: UInt64? = nil) -> [UInt8] {
    let length = length ?? UInt64(json.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) } + Array(json.utf8)
}

@Suite("Safetensors header")
struct SafetensorsHeaderTests {
    private func codes(_ json: String, data: Int = 0, length: UInt64? = nil) -> [FindingCode] {
        let bytes = headerBytes(json, length: length)
        return SafetensorsHeader.parse(bytes, fileByteCount: bytes.count + data, path: "x").findings.map(\.code)
    }

    @Test("describes tensors in the order of their bytes")
    func valid() throws {
        let bytes = headerBytes(
            #"{"b":{"dtype":"F32","shape":[2],"data_offsets":[6,14]},"__metadata__":{"format":"pt","é":"\u00e9\ud83d\ude00"},"#
                + #""a":{"data_offsets":[0,6],"shape":[3,1],"dtype":"BF16"},"s":{"dtype":"U8","shape":[],"data_offsets":[14,15]}} "#
        )
        let (header, findings) = SafetensorsHeader.parse(bytes, fileByteCount: bytes.count + 15, path: "x")
        #expect(findings == [])
        let tensors = try #require(header).tensors
        #expect(tensors.map(\.name) == ["a", "b", "s"])
        #expect(tensors[0].shape == [3, 1] && tensors[0].element == .bf16)
        #expect(tensors[1].byteRange == bytes.count + 6..<bytes.count + 14)
        #expect(header?.metadata("format") == "pt")
        #expect(header?.metadata("é") == "é😀")
    }

    @Test("a file with only metadata, or with nothing, is valid")
    func empty() {
        #expect(codes(#"{"__metadata__":{"format":"pt"}}"#) == [])
        #expect(codes("{}") == [])
    }

    @Test("tensors without elements may lie anywhere between others")
    func emptyTensors() {
        #expect(
            codes(
                #"{"e":{"dtype":"F32","shape":[0,4],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"#
                    + #""f":{"dtype":"F32","shape":[0],"data_offsets":[4,4]}}"#, data: 4) == [])
    }

    @Test(
        "says what is wrong, and where",
        arguments: [
            ("", UInt64(0), FindingCode.headerInvalid),
            ("{}", 1 << 63, .headerTooLarge),
            ("{}", .max, .headerTooLarge),
            ("{}", 100_000_001, .headerTooLarge),
            ("{}", 3, .headerTruncated),
            ("[]", 2, .headerInvalid),
            ("{} x", 4, .headerInvalid),
            ("{\"a\":{}}", 8, .headerInvalid),
            ("{\"a\":1}", 7, .headerInvalid),
            ("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 54, .headerInvalid),
            ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}", 55, .headerInvalid),
            ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 51, .headerInvalid),
            ("{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,4]}}", 72, .headerInvalid),
            ("{\"\u{1}\":{}}", 8, .headerInvalid),
            ("{\"\\ud800\":{}}", 13, .headerInvalid),
        ] as [(String, UInt64, FindingCode)])
    func malformed(json: String, length: UInt64, code: FindingCode) throws {
        let bytes = headerBytes(json, length: length)
        let findings = SafetensorsHeader.parse(bytes, fileByteCount: bytes.count, path: "x").findings
        let finding = try #require(findings.first)
        #expect(finding.code == code)
        #expect(finding.byteOffset != nil && !finding.remedy.isEmpty)
    }

    @Test("a file shorter than its length field is truncated")
    func short() {
        for count in 0..<8 {
            let result = SafetensorsHeader.parse([UInt8](repeating: 0, count: count), fileByteCount: count, path: "x")
            #expect(result.findings.map(\.code) == [.headerTruncated])
        }
    }

    private func tensor(_ name: String, _ type: String, _ shape: String, _ begin: Int, _ end: Int) -> String {
        #""\#(name)":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":[\#(begin),\#(end)]}"#
    }

    @Test("checks every tensor by itself")
    func singleTensors() {
        #expect(codes("{\(tensor("a", "Q4", "[4]", 0, 4))}", data: 4) == [.unknownElementType])
        #expect(codes("{\(tensor("a", "F32", "[2]", 0, 4))}", data: 4) == [.tensorSizeMismatch])
        #expect(codes("{\(tensor("a", "F32", "[4294967296,4294967296]", 0, 4))}", data: 4) == [.tensorSizeMismatch])
        #expect(codes("{\(tensor("a", "F32", "[1]", 4, 0))}", data: 4) == [.tensorOutOfRange])
        #expect(codes("{\(tensor("a", "F32", "[2]", 0, 8))}", data: 4) == [.fileTruncated])
        let far = Int.max / 2
        #expect(codes("{\(tensor("a", "U8", "[8]", far, far + 8))}", data: 4) == [.tensorOutOfRange])
        #expect(codes("{\(tensor("a", "U8", "[\(Int.max)]", 0, Int.max))}", data: 4) == [.tensorOutOfRange])
    }

    @Test("checks tensors against each other")
    func pairs() {
        let a = tensor("a", "U8", "[4]", 0, 4)
        #expect(codes("{\(a),\(tensor("b", "U8", "[4]", 2, 6))}", data: 6) == [.tensorsOverlap])
        #expect(codes("{\(a),\(tensor("b", "U8", "[4]", 0, 4))}", data: 4) == [.tensorsOverlap])
        #expect(codes("{\(a),\(tensor("b", "U8", "[4]", 5, 9))}", data: 9) == [.hole])
        #expect(codes("{\(a)}", data: 5) == [.trailingBytes])
        #expect(codes("{\(a),\(tensor("a", "U8", "[4]", 4, 8))}", data: 8).contains(.duplicateTensor))
        #expect(codes("{\(a),\(tensor("\\u0061", "U8", "[4]", 4, 8))}", data: 8).contains(.duplicateTensor))
    }

    @Test("names that only look alike are different tensors")
    func canonicalEquivalence() {
        let composed = tensor("caf\u{e9}", "U8", "[1]", 0, 1)
        let decomposed = tensor("cafe\u{301}", "U8", "[1]", 1, 2)
        #expect(codes("{\(composed),\(decomposed)}", data: 2) == [])
    }

    @Test("a million levels of nesting neither crash nor take long")
    func deepNesting() {
        let deep = String(repeating: "[", count: 1_000_000)
        #expect(codes("{\"a\":{\"x\":\(deep)") == [.headerInvalid])
        let closed = String(repeating: "{\"a\":", count: 100_000) + "1" + String(repeating: "}", count: 100_000)
        #expect(codes("{\"__metadata__\":\(closed)}") == [.headerInvalid])
    }

    @Test("ten thousand mutations of a header never trap")
    func mutations() throws {
        let original = Array(
            try fixtureBytes("checkpoints/d1-base/hf-mxfp4/model-00000-of-00002.safetensors").prefix(2400))
        var random = ConversionTests.Random(state: 42)
        var accepted = 0
        for _ in 0..<10_000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...8, using: &random) { mutate(&bytes, &random) }
            let size = Bool.random(using: &random) ? 162_448 : bytes.count
            let (header, findings) = SafetensorsHeader.parse(bytes, fileByteCount: size, path: "x")
            if findings.isEmpty { accepted += 1 }
            for tensor in header?.tensors ?? [] {
                #expect(tensor.byteRange.lowerBound >= 0 && tensor.byteRange.upperBound <= size)
            }
        }
        #expect(accepted < 5_000)
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout ConversionTests.Random) {
        guard !bytes.isEmpty else { return }
        let index = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: bytes.remove(at: index)
        case 3: bytes.insert(Array("{}[]\",:0129-eu\\".utf8).randomElement(using: &random) ?? 0, at: index)
        case 4: bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random) / 8)
        default:
            let end = min(bytes.count, index + Int.random(in: 0..<40, using: &random))
            bytes.insert(contentsOf: bytes[index..<end], at: Int.random(in: 0..<bytes.count, using: &random))
        }
    }
}
