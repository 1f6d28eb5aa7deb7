import Crypto
import Testing

@testable import AWSProtocol

@Suite struct ChunkedDecoderTests {
    private typealias Decoded = (payload: [UInt8], trailers: [(name: String, value: String)])

    /// Decodes a body in random pieces.
    private func decode(
        _ body: [UInt8], expecting count: Int, signing: ChunkSigning? = nil, trailers: Bool = true, seed: UInt64 = 6
    ) throws(ChunkedError) -> Decoded {
        var random = SeededGenerator(state: seed)
        var decoder = ChunkedDecoder(decodedByteCount: count, signing: signing, trailers: trailers)
        var payload: [UInt8] = []
        var rest = body[...]
        let most = Int.random(in: 1...100, using: &random)
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 0...most, using: &random))
            payload += try decoder.decode(piece).joined()
            rest = rest.dropFirst(piece.count)
        }
        return (payload, try decoder.finish())
    }

    private func failure(
        _ body: String, expecting count: Int = 5, signing: ChunkSigning? = nil, trailers: Bool = true
    ) -> ChunkedError? {
        do {
            _ = try decode(Array(body.utf8), expecting: count, signing: signing, trailers: trailers)
            return nil
        } catch { return error }
    }

    @Test("what boto3 sends over TLS")
    func unsignedWithTrailer() throws {
        let body = Array("6\r\nhello\n\r\n0\r\nx-amz-checksum-crc32:NjowIA==\r\n\r\n".utf8)
        for seed in 0..<50 {
            let decoded = try decode(body, expecting: 6, seed: UInt64(seed))
            #expect(decoded.payload == Array("hello\n".utf8))
            #expect(decoded.trailers.map(\.name) == ["x-amz-checksum-crc32"])
            #expect(decoded.trailers.map(\.value) == ["NjowIA=="])
        }
        #expect(try decode(Array("0\r\n\r\n".utf8), expecting: 0).payload == [])
    }

    @Test("a body that breaks the format is refused")
    func malformed() {
        let bodies = [
            "\r\n", "-5\r\nhello\r\n0\r\n\r\n", "+5\r\nhello\r\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "g\r\n",
            "5\r\nhellox\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\nname\r\n\r\n", "5\r\nhello\r\n0\r\n:a\r\n\r\n",
            "5\r\nhello\r\n0\r\n\r\nx", "5\r\nhello\r\n0\r\n\r\nx\r\n",
            "5\r\nhello\r\n0\r\n\r\n\r\n\r\n\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n\r", "ffffffffffffffff\r\n",
            String(repeating: "5", count: 9_999),
            "5\r\nhello\r\n0\r\n" + String(repeating: "a:b\r\n", count: 17) + "\r\n",
        ]
        for body in bodies {
            guard case .malformed = failure(body) else {
                Issue.record("\(body.prefix(40)) gives \(String(describing: failure(body)))")
                continue
            }
        }
        guard case .malformed = failure("5\r\nhello\r\n0\r\na:b\r\n\r\n", trailers: false) else {
            Issue.record("trailers that were not announced are taken")
            return
        }
    }

    @Test("a body of another length is refused")
    func lengths() {
        #expect(failure("6\r\nhello\n\r\n0\r\n\r\n") == .wrongLength(expected: 5, found: 6))
        #expect(failure("7fffffffffffffe\r\n") == .wrongLength(expected: 5, found: 0x7FF_FFFF_FFFF_FFFE))
        #expect(failure("4\r\nhell\r\n0\r\n\r\n") == .wrongLength(expected: 5, found: 4))
        #expect(failure("5\r\nhel") == .wrongLength(expected: 5, found: 3))
        #expect(failure("5\r\nhello\r\n") == .wrongLength(expected: 5, found: 5))
        #expect(failure("5\r\nhello\r\n0\r\n") == .wrongLength(expected: 5, found: 5))
        #expect(failure("") == .wrongLength(expected: 5, found: 0))
        #expect(failure("5\r\nhello\r\n0\r\n\r\n") == nil)
    }

    // The examples of Amazon's documentation of chunked uploads.
    private static let key = SigningKey(
        secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", date: "20130524", region: "us-east-1", service: "s3")

    private static func signing(_ seed: String) -> ChunkSigning {
        ChunkSigning(key: key, scope: "20130524/us-east-1/s3/aws4_request", timestamp: 1_369_353_600, seed: seed)
    }

    private static func body(_ signatures: [String], _ trailers: String = "") -> [UInt8] {
        let header = { (size: String, index: Int) in Array("\(size);chunk-signature=\(signatures[index])\r\n".utf8) }
        let letters = { (count: Int) in [UInt8](repeating: UInt8(ascii: "a"), count: count) }
        let end = Array("\r\n".utf8)
        return header("10000", 0) + letters(65_536) + end + header("400", 1) + letters(1_024) + end + header("0", 2)
            + Array(trailers.utf8) + end
    }

    private static let signed = body([
        "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
        "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
        "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
    ])
    private static let seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"

    @Test("Amazon's example of signed chunks")
    func signedChunks() throws {
        let decoded = try decode(Self.signed, expecting: 66_560, signing: Self.signing(Self.seed), trailers: false)
        #expect(decoded.payload == [UInt8](repeating: UInt8(ascii: "a"), count: 66_560))
    }

    @Test("Amazon's example of signed chunks with a signed trailer")
    func signedTrailer() throws {
        let body = Self.body(
            [
                "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
                "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
                "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
            ],
            "x-amz-checksum-crc32c:sOO8/Q==\r\n"
                + "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n")
        let signing = Self.signing("106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e")
        let decoded = try decode(body, expecting: 66_560, signing: signing)
        #expect(decoded.trailers.map(\.name) == ["x-amz-checksum-crc32c"])
        #expect(decoded.trailers.map(\.value) == [Base64.encode(Checksum.of(decoded.payload, .crc32c))])
        for changed in ["sOO8/g==", "x-amz-trailer-signature:d91f"] {
            let original = changed.hasPrefix("s") ? "sOO8/Q==" : "x-amz-trailer-signature:d81f"
            let other = String(decoding: body, as: UTF8.self).replacing(original, with: changed)
            #expect(throws: ChunkedError.wrongSignature) {
                _ = try decode(Array(other.utf8), expecting: 66_560, signing: signing)
            }
        }
    }

    @Test("trailers as minio-go writes them")
    func looseTrailer() throws {
        let unsigned = Array("6\r\nhello\n\r\n0\r\nx-amz-checksum-crc32:NjowIA==\n\r\n\r\n".utf8)
        #expect(try decode(unsigned, expecting: 6).trailers.map(\.value) == ["NjowIA=="])
        let seed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
        let signatures = [
            "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
            "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
            "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
        ]
        let body = Self.body(
            signatures,
            "x-amz-checksum-crc32c:sOO8/Q==\n\r\n"
                + "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n")
        for signing in [Self.signing(seed), nil] {
            let decoded = try decode(body, expecting: 66_560, signing: signing)
            #expect(decoded.trailers.map(\.name) == ["x-amz-checksum-crc32c"])
        }
        let bare = Self.body(signatures)
        let unsealed = Self.body(signatures, "x-amz-checksum-crc32c:sOO8/Q==\r\n")
        for stripped in [bare, unsealed] {
            #expect(throws: ChunkedError.malformed("its trailers have no x-amz-trailer-signature")) {
                try decode(stripped, expecting: 66_560, signing: Self.signing(seed))
            }
        }
    }

    @Test("a change of any chunk's byte or signature is refused")
    func changedChunks() throws {
        var random = SeededGenerator(state: 7)
        for _ in 0..<40 {
            var body = Self.signed
            let place = Int.random(in: 0..<body.count, using: &random)
            body[place] = body[place] == UInt8(ascii: "b") ? UInt8(ascii: "c") : UInt8(ascii: "b")
            #expect(throws: ChunkedError.self) {
                _ = try decode(body, expecting: 66_560, signing: Self.signing(Self.seed), trailers: false)
            }
        }
        #expect(throws: ChunkedError.wrongSignature) {
            _ = try decode(Self.signed, expecting: 66_560, signing: Self.signing(Self.seed + "0"), trailers: false)
        }
        #expect(failure("5\r\nhello\r\n0\r\n\r\n", signing: Self.signing(Self.seed)) != nil)
    }

    @Test("mutated bodies are taken or refused, whatever they are")
    func mutations() {
        var random = SeededGenerator(state: 8)
        let body = Array("5;chunk-signature=ab\r\nhello\r\n0\r\nx-amz-checksum-crc32:NjowIA==\r\n\r\n".utf8)
        var taken = 0
        for _ in 0..<5_000 {
            let control = UInt8(5 << 3 | Int.random(in: 0...7, using: &random))
            if ChunkedDecoder.decode(fuzz: [control] + mutated(body, &random)) != nil { taken += 1 }
        }
        #expect(taken > 0 && taken < 5_000)
    }

    @Test("what S3's header says of the body")
    func contentHash() {
        #expect(ContentSHA256("UNSIGNED-PAYLOAD") == .unsigned)
        #expect(ContentSHA256("STREAMING-UNSIGNED-PAYLOAD-TRAILER") == .unsignedChunks)
        #expect(ContentSHA256("STREAMING-AWS4-HMAC-SHA256-PAYLOAD") == .signedChunks(trailers: false))
        #expect(ContentSHA256("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER") == .signedChunks(trailers: true))
        #expect(ContentSHA256(RequestSigner.emptyPayloadHash) == .hash(Array(SHA256.hash(data: [UInt8]()))))
        for text in ["", "ab", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", String(repeating: "g", count: 64)] {
            #expect(ContentSHA256(text) == nil)
        }
    }
}
