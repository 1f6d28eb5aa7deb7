import APISupport
import AWSProtocol
import HTTPTypes
import ObjectStore

/// A request to the object store: which bucket, which key, which of their aspects.
struct S3Request: Sendable {
    let api: APIRequest
    /// The bucket; nil for the store itself.
    let bucket: String?
    /// The key as it came, its percent-encoding undone; empty for the bucket itself.
    let keyBytes: [UInt8]
    /// The query's items, decoded.
    let query: [(name: String, value: String)]

    /// - Parameter domains: hosts of which a bucket's name may be a subdomain.
    init(_ api: APIRequest, domains: [String]) {
        self.api = api
        query = api.query
        let target = Array((api.head.path ?? "/").utf8).prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        let path = target.drop { $0 == UInt8(ascii: "/") }.startIndex > target.startIndex ? target.dropFirst() : target
        if let name = Self.bucket(ofHost: api.head.authority ?? "", domains) {
            bucket = name
            keyBytes = PercentEncoding.decode(path)
        } else {
            let first = path.prefix { $0 != UInt8(ascii: "/") }
            bucket = first.isEmpty ? nil : String(decoding: PercentEncoding.decode(first), as: UTF8.self)
            keyBytes = PercentEncoding.decode(path.dropFirst(first.count + 1))
        }
    }

    /// The bucket in `bucket.domain`, with or without a port behind it; nil for other hosts.
    private static func bucket(ofHost host: String, _ domains: [String]) -> String? {
        let name = host.lowercased().split(separator: ":", maxSplits: 1).first.map(String.init) ?? ""
        for domain in domains where name.utf8.count > domain.utf8.count + 1 && name.hasSuffix("." + domain) {
            return String(name.dropLast(domain.count + 1))
        }
        return nil
    }

    /// The value of a query item; empty if it has none, nil if there is no such item.
    func item(_ name: String) -> String? { query.first { $0.name.utf8.elementsEqual(name.utf8) }?.value }

    /// A header field's value.
    func header(_ name: HTTPField.Name) -> String? { api.head.headerFields[name] }

    /// The target before its query, as it came.
    var path: String {
        String(decoding: (api.head.path ?? "/").utf8.prefix { $0 != UInt8(ascii: "?") }, as: UTF8.self)
    }

    /// Versions are not kept: every object has one, which clients may call null.
    /// - Throws: `S3Error.noSuchVersion` if the request is about another.
    func requireCurrentVersion() throws(S3Error) {
        if let version = item("versionId") { try Self.requireCurrent(version) }
    }

    /// - Throws: `S3Error.noSuchVersion` for any version but that which objects have here.
    static func requireCurrent(_ version: String) throws(S3Error) {
        guard version != "null" else { return }
        guard !version.isEmpty else { throw S3Error(.invalidArgument, "Version id cannot be the empty string") }
        throw S3Error(.noSuchVersion).with("VersionId", version)
    }

    /// The bucket that the request is about.
    /// - Throws: `S3Error` if it is about none.
    func requiredBucket() throws(S3Error) -> String {
        guard let bucket else { throw S3Error(.methodNotAllowed) }
        return bucket
    }

    /// The key that the request is about.
    /// - Throws: `ObjectStoreError` if it is none.
    func key() throws -> ObjectKey { try ObjectKey(keyBytes) }

    /// Passes if the caller may do something with the bucket.
    func authorize(bucket action: String) throws {
        try api.caller.authorize("s3:" + action, on: "arn:aws:s3:::" + (try requiredBucket()))
    }

    /// Passes if the caller may do something with the object.
    func authorize(object action: String) throws {
        try api.caller.authorize("s3:" + action, on: try Self.arn(try requiredBucket(), keyBytes))
    }

    static func arn(_ bucket: String, _ key: [UInt8]) throws -> String {
        "arn:aws:s3:::\(bucket)/\(String(decoding: key, as: UTF8.self))"
    }

    /// An integer of the query.
    /// - Throws: `S3Error` if it is none, or out of range.
    func integer(_ name: String, in range: ClosedRange<Int>, default value: Int) throws(S3Error) -> Int {
        guard let text = item(name), !text.isEmpty else { return value }
        guard let number = Int(text), number >= 0 else {
            throw S3Error(.invalidArgument, "Argument \(name) must be an integer between 0 and 2147483647")
        }
        return min(max(number, range.lowerBound), range.upperBound)
    }
}
