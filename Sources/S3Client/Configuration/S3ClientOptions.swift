/// What a caller fixes about a client; whatever is nil comes from the environment and the shared files.
public struct S3ClientOptions: Sendable {
    /// The region, for instance `eu-central-1`.
    public var region: String?
    /// The URL of a server other than Amazon's, for instance `http://minio:9000`.
    public var endpoint: String?
    /// Where requests name the bucket.
    public var addressing: S3Addressing?
    /// The keys to sign with.
    public var credentials: S3Credentials?
    /// Sends requests unsigned, for public buckets.
    public var isAnonymous = false
    /// The profile of the shared files to use, before any keys in the environment.
    public var profile: String?
    /// Whether the server's certificate must be good; false is for tests alone.
    public var verifiesCertificates: Bool?
    /// The path of a PEM file with the certificate authorities to trust instead of the system's.
    public var certificateAuthorities: String?
    /// Parallelism, retries and time limits.
    public var transfer = S3Transfer()

    /// Nothing fixed.
    public init() {}
}
