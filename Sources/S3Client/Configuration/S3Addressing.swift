/// Where a request names its bucket.
public enum S3Addressing: String, Sendable {
    /// Amazon's servers by host name where the bucket's name allows it, all others in the path.
    case automatic = "auto"
    /// `https://endpoint/bucket/key`.
    case path
    /// `https://bucket.endpoint/key`; in the path where the bucket's name cannot be a part of a host name.
    case virtualHost = "virtual"
}
