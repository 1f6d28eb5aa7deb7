/// How hard a client tries, and how much at once.
public struct S3Transfer: Sendable, Equatable {
    /// Requests in flight at once, at least 1.
    public var parallelism = 16
    /// The most bytes that one request asks for, at least 1; longer reads are split.
    public var pieceByteCount = 8 << 20
    /// Attempts without progress before a request fails, at least 1.
    public var attempts = 8
    /// The longest pause before the second attempt; the longest pause doubles with each attempt.
    public var firstPause: Duration = .milliseconds(100)
    /// The longest pause between two attempts.
    public var longestPause: Duration = .seconds(20)
    /// How long to wait for a connection.
    public var connectTimeout: Duration = .seconds(10)
    /// How long nothing may come before an attempt counts as failed.
    public var stallTimeout: Duration = .seconds(30)

    /// The defaults.
    public init() {}

    /// The pause before an attempt: a random part of a limit that doubles, so that clients that failed together do not
    /// come back together ("full jitter", https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
    /// - Parameter failures: attempts that have failed, at least 1.
    func pause(after failures: Int) -> Duration {
        let limit = min(firstPause * (1 << min(failures - 1, 20)), longestPause)
        return limit * Double.random(in: 0...1)
    }
}
