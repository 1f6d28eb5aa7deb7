import AWSProtocol
import Foundation
import S3Client
import Synchronization

/// A bucket that behaves: it checks signatures, pages its listing, and obeys `range` and `if-match`.
final class FakeBucket: Sendable {
    struct Stored: Sendable {
        var bytes: [UInt8]
        var etag: String
    }

    static let name = "models"
    static let keys = S3Credentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCY")

    /// By the bytes of their keys: equal strings may be different keys.
    private let objects: Mutex<[[UInt8]: Stored]>
    private let pageSize: Int

    init(_ contents: KeyValuePairs<String, [UInt8]>, pageSize: Int = 1000) {
        objects = Mutex([:])
        self.pageSize = pageSize
        for (key, bytes) in contents { put(key, bytes) }
    }

    /// Writes an object, as another client would.
    func put(_ key: String, _ bytes: [UInt8]) {
        objects.withLock { $0[Array(key.utf8)] = Stored(bytes: bytes, etag: Self.etag(of: bytes)) }
    }

    /// The object as a listing shows it.
    func object(_ key: String) -> S3Object {
        let stored = objects.withLock { $0[Array(key.utf8)] } ?? Stored(bytes: [], etag: "")
        return S3Object(bucket: Self.name, key: key, byteCount: stored.bytes.count, etag: stored.etag)
    }

    func bytes(_ key: String) -> [UInt8] { objects.withLock { $0[Array(key.utf8)]?.bytes } ?? [] }

    private static func etag(of bytes: [UInt8]) -> String {
        let hash = bytes.reduce(UInt64(14_695_981_039_346_656_037)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
        return "\"\(String(hash, radix: 16))\""
    }

    /// The answer of a server that works.
    func answer(_ request: FaultServer.Request) -> [FaultServer.Step] {
        if let problem = Self.signatureProblem(request) { return .refusal(403, "SignatureDoesNotMatch", problem) }
        let path = request.target.split(separator: "?")[0]
        guard path.hasPrefix("/\(Self.name)") else { return .refusal(404, "NoSuchBucket") }
        guard let key = path.dropFirst(Self.name.count + 2).removingPercentEncoding, !key.isEmpty else {
            return list(request)
        }
        return get(key, request)
    }

    private func get(_ key: String, _ request: FaultServer.Request) -> [FaultServer.Step] {
        guard let stored = objects.withLock({ $0[Array(key.utf8)] }) else { return .refusal(404, "NoSuchKey") }
        if let wanted = request.header("if-match"), wanted != stored.etag {
            return .refusal(412, "PreconditionFailed")
        }
        guard let range = Self.range(request) else {
            return .answer(200, [("etag", stored.etag)], body: stored.bytes)
        }
        guard range.upperBound <= stored.bytes.count else { return .refusal(416, "InvalidRange") }
        let headers = [("etag", stored.etag), ("content-range", Self.contentRange(range, of: stored.bytes.count))]
        return .answer(206, headers, body: Array(stored.bytes[range]))
    }

    /// What the `range` header asks for.
    static func range(_ request: FaultServer.Request) -> Range<Int>? {
        guard let text = request.header("range")?.dropFirst("bytes=".count) else { return nil }
        let ends = text.split(separator: "-").compactMap { Int($0) }
        return ends[0]..<ends[1] + 1
    }

    static func contentRange(_ range: Range<Int>, of total: Int) -> String {
        "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(total)"
    }

    private func list(_ request: FaultServer.Request) -> [FaultServer.Step] {
        let prefix = request.field("prefix") ?? ""
        let all = objects.withLock { $0.filter { $0.key.starts(with: prefix.utf8) } }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
        let start = request.field("continuation-token").flatMap { Int($0.dropFirst("token/+= ".count)) } ?? 0
        let page = all.dropFirst(start).prefix(pageSize)
        var xml =
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
            + "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>\(Self.name)</Name>"
            + "<EncodingType>url</EncodingType>"
        for (key, stored) in page {
            let name = String(decoding: key, as: UTF8.self)
            let encoded = PercentEncoding.encode(name, keepingSlashes: true).replacingOccurrences(of: "%20", with: "+")
            xml +=
                "<Contents><Key>\(encoded)</Key><Size>\(stored.bytes.count)</Size>"
                + "<ETag>\(stored.etag.replacingOccurrences(of: "\"", with: "&quot;"))</ETag></Contents>"
        }
        let end = start + page.count
        xml +=
            end < all.count
            ? "<IsTruncated>true</IsTruncated><NextContinuationToken>token/+= \(end)</NextContinuationToken>"
            : "<IsTruncated>false</IsTruncated>"
        return .answer(200, body: Array((xml + "</ListBucketResult>").utf8))
    }

    private static func signatureProblem(_ request: FaultServer.Request) -> String? {
        let signable = SignableRequest(method: request.method, target: request.target, headers: request.headers)
        do {
            guard let signature = try RequestSignature.parse(signable) else { return "not signed" }
            try signature.verify(
                signable, secret: keys.secretAccessKey, payloadHash: request.header("x-amz-content-sha256") ?? "",
                now: Int(Date().timeIntervalSince1970))
            return signature.accessKey == keys.accessKeyID ? nil : "another key"
        } catch {
            return "\(error)"
        }
    }
}
