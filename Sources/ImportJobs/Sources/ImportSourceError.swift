/// Why the files of a checkpoint cannot be had.
public enum ImportSourceError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The role lacks a right.
    case accessDenied(role: String, action: String, resource: String, reason: String)
    /// Roles are configured, and this one is not among them.
    case unknownRole(String)
    /// The configuration of the roles cannot be used.
    case roleFile(String)
    /// Nobody has the bucket.
    case noSuchBucket(String)
    /// The bucket has nothing below the prefix.
    case noObjects(String)
    /// The prefix holds more than a checkpoint can.
    case tooManyObjects(String, limit: Int)

    /// The reason, and what to do.
    public var description: String {
        switch self {
        case .accessDenied(let role, let action, let resource, let reason):
            "Access denied: the role \(role) lacks \(action) on \(resource) (\(reason)). Allow it in the server's roles "
                + "file, or give the job another role."
        case .unknownRole(let role):
            "Access denied: the role \(role) is not in the server's roles file, so it lacks s3:ListBucket and s3:GetObject "
                + "on every bucket. Add it there, or give the job another role."
        case .roleFile(let reason): "The server's roles file cannot be used: \(reason)."
        case .noSuchBucket(let bucket):
            "There is no S3 bucket '\(bucket)' in this server's store, and the role names no other S3 server. Check the "
                + "bucket's name in s3Uri."
        case .noObjects(let uri):
            "There is no object below \(uri): check the bucket and the prefix in s3Uri (aws s3 ls \(uri))."
        case .tooManyObjects(let uri, let limit):
            "There are more than \(limit) objects below \(uri): s3Uri should be the folder of one model in S3."
        }
    }
}
