import Testing

@testable import AWSProtocol

@Suite struct ChecksumTests {
    @Test(
        "the published check values",
        arguments: [
            (ChecksumAlgorithm.crc32, "cbf43926"), (.crc32c, "e3069283"), (.crc64nvme, "ae8b14860a799888"),
            (.sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
            (.sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
        ])
    func checkValues(_ algorithm: ChecksumAlgorithm, _ value: String) {
        #expect(Hexadecimal.encode(Checksum.of(Array("123456789".utf8), algorithm)) == value)
    }

    @Test("what S3 gives for a small object")
    func smallObject() {
        let bytes = Array("hello\n".utf8)
        #expect(Base64.encode(Checksum.of(bytes, .crc32)) == "NjowIA==")
        #expect(Base64.encode(Checksum.of(bytes, .crc64nvme)) == "akP7S61aVgc=")
        #expect(Base64.encode(Checksum.of(bytes, .sha256)) == "WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=")
        #expect(Hexadecimal.encode(MD5Digest.of(bytes)) == "b1946ac92492d2347c6235b4d2611184")
    }

    @Test("pieces give what the whole gives", arguments: ChecksumAlgorithm.allCases)
    func pieces(_ algorithm: ChecksumAlgorithm) {
        var random = SeededGenerator(state: 2)
        for count in [0, 1, 7, 8, 9, 63, 1_000] {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            var checksum = Checksum(algorithm)
            var digest = MD5Digest()
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 0...40, using: &random))
                checksum.update(piece)
                digest.update(piece)
                rest = rest.dropFirst(piece.count)
            }
            #expect(checksum.finish() == Checksum.of(bytes, algorithm))
            #expect(checksum.finish().count == algorithm.byteCount)
            #expect(digest.finish() == MD5Digest.of(bytes))
        }
    }

    @Test(
        "the checksums of two parts give that of both in a row",
        arguments: [ChecksumAlgorithm.crc32, .crc32c, .crc64nvme])
    func combining(_ algorithm: ChecksumAlgorithm) {
        var random = SeededGenerator(state: 3)
        for (first, second) in [(0, 0), (0, 5), (5, 0), (1, 1), (100, 8), (17, 1_001), (3, 65_537)] {
            let left = (0..<first).map { _ in UInt8.random(in: 0...255, using: &random) }
            let right = (0..<second).map { _ in UInt8.random(in: 0...255, using: &random) }
            let combined = algorithm.combine(
                Checksum.of(left, algorithm), Checksum.of(right, algorithm), secondByteCount: second)
            #expect(combined == Checksum.of(left + right, algorithm), "\(first) and \(second)")
        }
        #expect(algorithm.combine([1], [2], secondByteCount: 1) == nil)
        let most = Checksum.of([1], algorithm)
        #expect(algorithm.combine(most, most, secondByteCount: .max) != nil)
    }

    @Test("hashes do not combine, but have a composite")
    func composite() {
        let parts = ["a", "b"].map { Checksum.of(Array($0.utf8), .sha256) }
        #expect(ChecksumAlgorithm.sha256.combine(parts[0], parts[1], secondByteCount: 1) == nil)
        #expect(
            ChecksumAlgorithm.sha256.composite(parts)
                == Base64.encode(Checksum.of(parts[0] + parts[1], .sha256)) + "-2")
    }

    @Test("names of headers, elements and algorithms")
    func names() {
        #expect(ChecksumAlgorithm.crc64nvme.headerName == "x-amz-checksum-crc64nvme")
        #expect(ChecksumAlgorithm.crc32c.elementName == "ChecksumCRC32C")
        for algorithm in ChecksumAlgorithm.allCases {
            #expect(ChecksumAlgorithm(headerName: algorithm.headerName.uppercased()) == algorithm)
            #expect(ChecksumAlgorithm(name: algorithm.rawValue.lowercased()) == algorithm)
        }
        #expect(ChecksumAlgorithm(headerName: "x-amz-checksum-type") == nil)
    }
}
