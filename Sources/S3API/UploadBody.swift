import APISupport
import AWSProtocol
import HTTPTypes
import NIOCore
import ObjectStore

/// The body of a request that stores something: its framing undone, and what the client says about it collected.
struct UploadBody: Sendable {
    /// The bytes of the payload, as announced.
    let byteCount: Int
    /// The checksums that will be compared.
    let algorithms: [ChecksumAlgorithm]
    /// Whether the signature covers the payload's SHA-256, which will be compared.
    let hashesContent: Bool
    private let upload: BodyStream
    private let framing: Framing
    private let announced: ExpectedBody
    /// The trailers that must come, in lower case.
    private let trailers: [String]

    private enum Framing: Sendable {
        case plain
        case chunked(signing: ChunkSigning?, trailers: Bool)
    }

    /// Reads what the header says; the body is read by `forEach`.
    /// - Throws: `S3Error` if it contradicts itself, or says no length.
    init(_ request: S3Request) throws(S3Error) {
        guard let upload = request.api.upload else { throw S3Error(.internalError) }
        self.upload = upload
        let hash = try Self.contentHash(request)
        framing =
            switch hash {
            case .hash, .unsigned: .plain
            case .unsignedChunks: .chunked(signing: nil, trailers: true)
            case .signedChunks(let trailers): .chunked(signing: request.api.chunkSigning, trailers: trailers)
            }
        byteCount = try Self.length(request, framing)
        trailers = (request.header(.amzTrailer) ?? "").lowercased().split(separator: ",")
            .map { $0.filter { $0 != " " } }
        let checksums = try Self.checksums(request)
        let trailing = trailers.compactMap { ChecksumAlgorithm(headerName: $0) }
        guard checksums.count + trailing.count <= 1 else {
            throw S3Error(.invalidRequest, "Expecting a single x-amz-checksum- header")
        }
        algorithms = checksums.map(\.algorithm) + trailing
        if let chosen = try WriteHeaders.algorithm(request, .amzSDKChecksumAlgorithm) {
            guard algorithms.allSatisfy({ $0 == chosen }) else {
                throw S3Error(.invalidRequest, "Value for x-amz-sdk-checksum-algorithm header is invalid.")
            }
        }
        var contentSHA256: [UInt8]?
        if case .hash(let bytes) = hash { contentSHA256 = bytes }
        hashesContent = contentSHA256 != nil
        announced = ExpectedBody(
            byteCount: byteCount, md5: try Self.md5(request), contentSHA256: contentSHA256, checksums: checksums)
    }

    /// Hands the payload's bytes over, piece by piece.
    ///
    /// - Returns: what the client said about it, trailers included; to be compared with what was read.
    /// - Throws: `ChunkedError`, `S3Error`, `ClientGone`, or what `sink` throws.
    func forEach(_ sink: ([UInt8]) async throws -> Void) async throws -> ExpectedBody {
        switch framing {
        case .plain:
            for try await part in upload { try await sink(Array(part.readableBytesView)) }
            return announced
        case .chunked(let signing, let mayTrail):
            var decoder = ChunkedDecoder(decodedByteCount: byteCount, signing: signing, trailers: mayTrail)
            for try await part in upload {
                for payload in try decoder.decode(Array(part.readableBytesView)[...]) {
                    try await sink(Array(payload))
                }
            }
            return try expectation(with: try decoder.finish())
        }
    }

    private func expectation(with found: [(name: String, value: String)]) throws(S3Error) -> ExpectedBody {
        var expected = announced
        for name in trailers {
            guard let trailer = found.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
                throw S3Error(.malformedTrailer)
            }
            guard let algorithm = ChecksumAlgorithm(headerName: name) else { continue }
            expected.checksums.append(try Self.checksum(algorithm, trailer.value))
        }
        return expected
    }

    /// Presigned addresses, and tools where no key is needed, may say nothing.
    private static func contentHash(_ request: S3Request) throws(S3Error) -> ContentSHA256 {
        guard let text = request.header(.amzContentSHA256) ?? request.item("X-Amz-Content-Sha256") else {
            return .unsigned
        }
        guard let hash = ContentSHA256(text) else {
            throw S3Error(
                .invalidArgument,
                "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
                    + "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value."
            )
        }
        return hash
    }

    private static func length(_ request: S3Request, _ framing: Framing) throws(S3Error) -> Int {
        let field: HTTPField.Name = if case .chunked = framing { .amzDecodedContentLength } else { .contentLength }
        guard let text = request.header(field) else { throw S3Error(.missingContentLength) }
        guard let count = Int(text), count >= 0 else {
            throw S3Error(.invalidArgument, "\(field.canonicalName) must be a number of bytes, not '\(text)'")
        }
        return count
    }

    private static func md5(_ request: S3Request) throws(S3Error) -> [UInt8]? {
        guard let text = request.header(.contentMD5) else { return nil }
        guard let bytes = Base64.decode(text), bytes.count == 16 else { throw S3Error(.invalidDigest) }
        return bytes
    }

    /// The checksums in the header.
    static func checksums(_ request: S3Request) throws(S3Error) -> [ExpectedBody.Checksum] {
        var checksums: [ExpectedBody.Checksum] = []
        for algorithm in ChecksumAlgorithm.allCases {
            guard let text = request.header(.s3(algorithm.headerName)) else { continue }
            checksums.append(try checksum(algorithm, text))
        }
        return checksums
    }

    static func checksum(_ algorithm: ChecksumAlgorithm, _ text: String) throws(S3Error) -> ExpectedBody.Checksum {
        guard let bytes = Base64.decode(text), bytes.count == algorithm.byteCount else {
            throw S3Error(.invalidRequest, "Value for \(algorithm.headerName) header is invalid.")
        }
        return ExpectedBody.Checksum(algorithm, bytes)
    }
}

extension S3Request {
    /// A small body, checked: the XML of an operation. Empty if the request has none.
    ///
    /// - Parameter isObjectChecksum: whether a checksum in the header is that of an object and not of this body.
    func document(limit: Int = 8 << 20, isObjectChecksum: Bool = false) async throws -> [UInt8] {
        guard header(.contentLength).map({ $0 != "0" }) ?? (header(.transferEncoding) != nil) else { return [] }
        let body = try UploadBody(self)
        guard body.byteCount <= limit else { throw S3Error(.entityTooLarge) }
        var bytes: [UInt8] = []
        var expected = try await body.forEach { piece in
            guard bytes.count + piece.count <= limit else { throw S3Error(.entityTooLarge) }
            bytes += piece
        }
        if isObjectChecksum { expected.checksums = [] }
        try DocumentCheck.check(bytes, expected)
        return bytes
    }
}

/// Compares a small body with what the client said about it.
enum DocumentCheck {
    static func check(_ bytes: [UInt8], _ expected: ExpectedBody) throws(ObjectStoreError) {
        if let count = expected.byteCount, count != bytes.count {
            throw .sizeMismatch(expected: count, found: bytes.count)
        }
        if let md5 = expected.md5 { try compare(.md5, md5, MD5Digest.of(bytes)) }
        if let hash = expected.contentSHA256 { try compare(.contentSHA256, hash, Checksum.of(bytes, .sha256)) }
        for checksum in expected.checksums {
            try compare(.checksum(checksum.algorithm), checksum.value, Checksum.of(bytes, checksum.algorithm))
        }
    }

    private static func compare(_ kind: DigestKind, _ expected: [UInt8], _ found: [UInt8]) throws(ObjectStoreError) {
        guard expected == found else { throw .digestMismatch(kind, expected: expected, found: found) }
    }
}
