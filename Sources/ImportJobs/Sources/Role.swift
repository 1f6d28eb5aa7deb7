import S3Client

/// What jobs with a role's ARN may read, and from where.
public struct Role: Sendable, Equatable {
    /// An S3 server outside, and whose credentials are used there.
    public struct ExternalStore: Sendable, Equatable {
        /// The server's URL; nil for AWS.
        public var endpoint: String?
        /// The region; nil for what the environment says.
        public var region: String?
        /// The profile of the shared configuration and credentials files; nil for the usual chain.
        public var profile: String?

        /// A server.
        public init(endpoint: String? = nil, region: String? = nil, profile: String? = nil) {
            self.endpoint = endpoint
            self.region = region
            self.profile = profile
        }
    }

    /// The role's ARN.
    public let arn: String
    /// Patterns of `bucket/key`, in which `*` stands for any text and `?` for one character; nil allows everything.
    public let readable: [String]?
    /// Where buckets are that the embedded store does not have; nil for nowhere.
    public let external: ExternalStore?

    /// A role.
    public init(arn: String, readable: [String]?, external: ExternalStore? = nil) {
        self.arn = arn
        self.readable = readable
        self.external = external
    }

    /// Checks that the role may list and read everything below a URI.
    /// - Throws: `ImportSourceError.accessDenied` with the first S3 action and resource that it lacks.
    public func checkMayRead(_ uri: S3URI) throws(ImportSourceError) {
        guard let readable else { return }
        let bucket = Array("\(uri.bucket)/".utf8)
        let place = bucket + Array(uri.folderPrefix.utf8)
        let patterns = readable.map { Array($0.utf8) }
        // A pattern speaks of the place when it covers every key below it: when it matches however a key goes on.
        if patterns.contains(where: { Self.covers($0[...], place[...]) }) { return }
        let knowsBucket = patterns.contains { pattern in
            Self.covers(pattern.prefix { $0 != UInt8(ascii: "/") } + "/*".utf8, bucket[...])
        }
        throw knowsBucket
            ? .accessDenied(
                role: arn, action: "s3:GetObject", resource: "arn:aws:s3:::\(uri.bucket)/\(uri.folderPrefix)*",
                reason: "its configuration allows other prefixes of the bucket only")
            : .accessDenied(
                role: arn, action: "s3:ListBucket", resource: "arn:aws:s3:::\(uri.bucket)",
                reason: "its configuration does not name the bucket")
    }

    /// Whether a pattern matches every text that begins with `place`. Takes time in proportion to the product of the
    /// lengths at most: a later `*` makes going back to an earlier one needless.
    static func covers(_ pattern: ArraySlice<UInt8>, _ place: ArraySlice<UInt8>) -> Bool {
        let pattern = Array(pattern)
        guard pattern.last == UInt8(ascii: "*") else { return false }
        let place = Array(place)
        let star = UInt8(ascii: "*")
        var (at, index, lastStar, retry) = (0, 0, -1, 0)
        while index < place.count {
            if at < pattern.count, pattern[at] == star {
                if at == pattern.count - 1 { return true }
                (lastStar, retry) = (at, index)
                at += 1
            } else if at < pattern.count, pattern[at] == UInt8(ascii: "?") || pattern[at] == place[index] {
                at += 1
                index += 1
            } else if lastStar >= 0 {
                retry += 1
                (at, index) = (lastStar + 1, retry)
            } else {
                return false
            }
        }
        return at < pattern.count && pattern[at...].allSatisfy { $0 == star }
    }
}
