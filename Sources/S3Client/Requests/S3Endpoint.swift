import AWSProtocol

/// Where the requests for a bucket go.
struct S3Endpoint: Sendable, Equatable {
    /// A URL, and its parts as the signature covers them.
    struct Target: Sendable, Equatable {
        /// The whole URL, percent-encoded.
        var url: String
        /// The `host` header.
        var host: String
        /// Path and query as they go over the wire.
        var wire: String
    }

    /// The server; nil for Amazon's in the bucket's region.
    var server: ServerAddress?
    /// Where requests name the bucket.
    var addressing: S3Addressing

    /// The URL of a request.
    /// - Parameters:
    ///   - key: nil for the bucket itself.
    ///   - query: names and values, not encoded.
    func target(bucket: String, key: String?, query: [(String, String)], region: String) -> Target {
        let server = server ?? ServerAddress(host: Self.amazonHost(region: region))
        let host: String
        var path = server.basePath
        if namesBucketInHost(bucket, server) {
            host = server.authority(ofHost: "\(bucket).\(server.host)")
            path += "/" + PercentEncoding.encode(key ?? "", keepingSlashes: true)
        } else {
            host = server.authority
            path += "/" + PercentEncoding.encode(bucket)
            path += key.map { "/\(PercentEncoding.encode($0, keepingSlashes: true))" } ?? ""
        }
        let query = query.map { (PercentEncoding.encode($0.0), PercentEncoding.encode($0.1)) }
            .sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
            .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
        let wire = query.isEmpty ? path : "\(path)?\(query)"
        return Target(url: "\(server.scheme)://\(host)\(wire)", host: host, wire: wire)
    }

    private func namesBucketInHost(_ bucket: String, _ server: ServerAddress) -> Bool {
        guard !server.isNumeric, Self.isHostLabel(bucket) else { return false }
        switch addressing {
        case .path: return false
        // A certificate for *.s3.region.amazonaws.com does not cover a.b.s3.region.amazonaws.com.
        case .virtualHost: return !server.isSecure || !bucket.utf8.contains(UInt8(ascii: "."))
        case .automatic: return server.isAmazon && !bucket.utf8.contains(UInt8(ascii: "."))
        }
    }

    /// Amazon's regional host.
    static func amazonHost(service: String = "s3", region: String) -> String {
        "\(service).\(region).amazonaws.com" + (region.utf8.starts(with: "cn-".utf8) ? ".cn" : "")
    }

    /// Whether a text can be a region: it becomes a part of a host name.
    static func isRegion(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count) && text.utf8.allSatisfy { isLowerOrDigit($0) || $0 == UInt8(ascii: "-") }
    }

    /// Old buckets have names with capitals and underscores, which host names cannot have.
    private static func isHostLabel(_ bucket: String) -> Bool {
        (3...63).contains(bucket.utf8.count)
            && bucket.utf8.allSatisfy { isLowerOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }

    private static func isLowerOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
