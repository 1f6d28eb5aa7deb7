/// How far an import is.
public struct ImportProgress: Sendable, Equatable {
    /// What is being done.
    public enum Phase: String, Sendable {
        /// Headers and configuration are checked.
        case validating
        /// The checkpoint of the base is imported, to be compared with.
        case importingBase = "importing base"
        /// Weights are read, converted and written.
        case converting
        /// What was written is flushed to the disk.
        case flushing
        /// The weights are compared with those of the base.
        case comparing
        /// The model gets its name.
        case publishing
    }

    /// What is being done.
    public let phase: Phase
    /// Bytes of the checkpoint that are converted; of the artifact that are compared, while it is.
    public let bytesDone: Int
    /// Bytes that will be; 0 before that is known.
    public let bytesTotal: Int

    /// Progress at a moment.
    public init(phase: Phase, bytesDone: Int, bytesTotal: Int) {
        self.phase = phase
        self.bytesDone = bytesDone
        self.bytesTotal = bytesTotal
    }
}

/// Rate and remaining time from progress reports.
public struct ProgressMeter: Sendable {
    private var samples: [(instant: ContinuousClock.Instant, bytes: Int)] = []
    /// The rate is that of the last so many seconds, so that it follows a disk that becomes slower.
    private static let window = Duration.seconds(10)

    /// A meter that has seen nothing.
    public init() {}

    /// Takes note of progress.
    /// - Returns: bytes per second over the last seconds and the remaining time; nil until there is something to go by.
    public mutating func update(
        _ progress: ImportProgress, at now: ContinuousClock.Instant = .now
    ) -> (bytesPerSecond: Double, remaining: Duration)? {
        samples.append((now, progress.bytesDone))
        while samples.count > 2, let first = samples.first, now - first.instant > Self.window { samples.removeFirst() }
        guard let first = samples.first, progress.bytesDone > first.bytes, now > first.instant else { return nil }
        let elapsed = (now - first.instant) / .seconds(1)
        let rate = Double(progress.bytesDone - first.bytes) / elapsed
        let left = Double(max(progress.bytesTotal - progress.bytesDone, 0))
        return (rate, .seconds(min(left / rate, 1e9)))
    }
}
