/// Milliseconds since an operation began, as whole numbers: typed clients refuse fractions.
struct Stopwatch: Sendable {
    private let start = ContinuousClock.now

    var milliseconds: Int {
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        return Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    }
}
