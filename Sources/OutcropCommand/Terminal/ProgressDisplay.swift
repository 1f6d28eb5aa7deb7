import ModelImport
import Synchronization

/// Shows how far a long task is, on standard error: a moving line with phase, share, bytes, rate and time left on a
/// terminal; a plain line now and then elsewhere. Any thread may update it.
final class ProgressDisplay: Sendable {
    /// What was last reported and shown.
    private struct State {
        var phase = ""
        var meter = ProgressMeter()
        var lastShown: ContinuousClock.Instant?
        var isComplete = false
        var shownWidth = 0
    }

    private let style: TerminalStyle
    private let write: @Sendable (String) -> Void
    private let state = Mutex(State())
    /// A moving line is redrawn ten times a second, a plain one written every ten seconds.
    private let interval: Duration

    /// - Parameters:
    ///   - style: how the stream may be written to.
    ///   - write: writes a piece of text to it.
    init(style: TerminalStyle = .standardError, write: @escaping @Sendable (String) -> Void = writeError) {
        self.style = style
        self.write = write
        interval = style.isTerminal ? .milliseconds(100) : .seconds(10)
    }

    /// Reports an import's progress. Phases in which no bytes are counted show their name alone.
    func update(_ progress: ImportProgress, now: ContinuousClock.Instant = .now) {
        let isCounted = [.importingBase, .converting, .comparing].contains(progress.phase)
        update(
            phase: progress.phase.rawValue, done: isCounted ? progress.bytesDone : 0,
            total: isCounted ? progress.bytesTotal : 0, now: now)
    }

    /// Reports that `done` of `total` bytes of a phase are done; a total of 0 means that it is not known.
    func update(phase: String, done: Int, total: Int, now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            if !utf8Equal(state.phase, phase) {
                endLine(&state)
                state.phase = phase
                state.meter = ProgressMeter()
                state.lastShown = nil
                state.isComplete = false
            }
            let pace = state.meter.update(
                ImportProgress(phase: .converting, bytesDone: done, bytesTotal: total), at: now)
            let completes = total > 0 && done >= total && !state.isComplete
            if let last = state.lastShown, now - last < interval, !completes { return }
            state.isComplete = completes || state.isComplete
            let columns = style.isTerminal ? style.columns - 1 : Int.max
            show(
                Self.line(phase: phase, done: done, total: total, pace: pace, bar: style.isTerminal, columns: columns),
                &state)
            state.lastShown = now
        }
    }

    /// Ends the moving line so that other text can follow.
    func finish() { state.withLock { endLine(&$0) } }

    private func show(_ text: String, _ state: inout State) {
        guard style.isTerminal else { return write(text + "\n") }
        let padding = String(repeating: " ", count: max(0, state.shownWidth - text.count))
        state.shownWidth = text.count
        write("\r" + text + padding)
    }

    private func endLine(_ state: inout State) {
        if style.isTerminal, state.shownWidth > 0 { write("\n") }
        state.shownWidth = 0
    }

    /// One line of progress: phase, share, bytes, rate, time left; what matters least is left out of a narrow one.
    static func line(
        phase: String, done: Int, total: Int, pace: (bytesPerSecond: Double, remaining: Duration)?, bar: Bool,
        columns: Int = .max
    ) -> String {
        // What is left out first comes last in rank.
        var parts: [(rank: Int, text: String)] = [(0, phase)]
        if total > 0 {
            let share = min(1, Double(done) / Double(total))
            if bar { parts.append((3, Self.bar(share, width: 12))) }
            parts.append((1, "\(Int(share * 100))%"))
            parts.append((2, "\(Quantity.bytes(done)) of \(Quantity.bytes(total))"))
        } else if done > 0 {
            parts.append((2, Quantity.bytes(done)))
        }
        if let pace, done > 0 {
            parts.append((4, Quantity.bytes(Int(pace.bytesPerSecond)) + "/s"))
            if total > done { parts.append((5, "ETA " + Quantity.time(pace.remaining / .seconds(1)))) }
        }
        for kept in (0...5).reversed() {
            let text = parts.filter { $0.rank <= kept }.map(\.text).joined(separator: "  ")
            if text.count <= columns { return text }
        }
        return String(phase.prefix(max(0, columns)))
    }

    private static func bar(_ share: Double, width: Int) -> String {
        let filled = Int(share * Double(width))
        return "[" + String(repeating: "=", count: filled) + String(repeating: " ", count: width - filled) + "]"
    }
}

/// Whether two texts have the same bytes; `==` on strings compares by canonical equivalence.
func utf8Equal(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }
