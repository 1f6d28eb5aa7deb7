/// The names of query items. What is no name of a parameter and has no value chooses an operation, which must not be taken for
/// another one: `GET ?policyStatus` is no listing and `PUT ?renameObject` stores nothing.
enum QueryNames {
    /// Aspects of objects that this store has.
    private static let objectAspects: Set<String> = ["acl", "tagging", "uploads"]

    /// Aspects of buckets that this store has, or answers for as a bucket without them does.
    private static let bucketAspects = BucketAspect.names.union(["delete"])

    /// Aspects of buckets and objects that this store does not have, also if they come with a value.
    private static let unsupported: Set<String> = [
        "analytics", "attributes", "intelligent-tiering", "inventory", "legal-hold", "metrics", "restore", "retention",
        "select", "session", "torrent", "versions",
    ]

    /// What says more about an operation; its value may be empty.
    private static let parameters: Set<String> = [
        "AWSAccessKeyId", "Expires", "Signature", "continuation-token", "delimiter", "encoding-type", "fetch-owner",
        "key-marker", "list-type", "marker", "max-keys", "max-parts", "max-uploads", "part-number-marker", "partNumber",
        "prefix", "start-after", "upload-id-marker", "uploadId", "versionId", "x-id",
    ]

    /// - Throws: `S3Error.notImplemented` if the query asks for an aspect that there is not.
    static func check(_ request: S3Request) throws(S3Error) {
        let aspects = request.keyBytes.isEmpty ? bucketAspects : objectAspects
        for (name, value) in request.query {
            let isUnknown = value.isEmpty && !aspects.contains(name) && !isParameter(name)
            if isUnknown || unsupported.contains(name) {
                throw S3Error(.notImplemented, "The operation '\(name)' is not implemented.")
            }
        }
    }

    private static func isParameter(_ name: String) -> Bool {
        parameters.contains(name) || name.lowercased().hasPrefix("x-amz-") || name.hasPrefix("response-")
    }
}
