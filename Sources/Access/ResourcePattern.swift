/// The resources that a statement is about: `*`, or an ARN with wildcards.
///
/// A wildcard stays within its part of the ARN, so that nobody's object key can pass for another account's resource. The
/// resource itself, the sixth part, may hold colons. An ARN that is cut short after a `*` (`arn:aws:s3:*`) means any rest, as
/// IAM documents for a `*` that ends a part.
enum ResourcePattern: Sendable, Equatable {
    case everything
    case arn([WildcardPattern])

    /// The parts of an ARN: `arn:partition:service:region:account:resource`.
    static let partCount = 6

    /// Whether a resource is one of those that the pattern describes.
    func matches(_ resource: Resource) -> Bool {
        switch self {
        case .everything: true
        case .arn(let patterns):
            resource.parts.count == Self.partCount
                && zip(patterns, resource.parts).allSatisfy { pattern, part in pattern.matches(part) }
        }
    }

    /// A resource that a request is about, taken apart once for all the patterns it is compared with.
    struct Resource {
        let parts: [ArraySlice<Unicode.Scalar>]

        init(_ text: String) {
            parts = Array(text.unicodeScalars).split(
                separator: ":", maxSplits: partCount - 1, omittingEmptySubsequences: false)
        }
    }
}
