import OutcropNumerics
import Synchronization

/// Lines of text from standard input for a task that must not hold a thread of Swift concurrency's while a person types.
final class InputLines: Sendable {
    private let reader: Mutex<LineReader>
    private let arrived: @Sendable () -> Void

    /// Reads standard input.
    /// - Parameter arrived: called on the reading thread as soon as a line is there.
    init(arrived: @escaping @Sendable () -> Void = {}) {
        reader = Mutex(LineReader())
        self.arrived = arrived
    }

    /// The next line; nil at the end. Bytes that are no UTF-8 become U+FFFD.
    func next() async -> String? {
        let line = try? await onOwnThread {
            let line = self.reader.withLock { $0.next() }
            self.arrived()
            return line
        }
        return line.flatMap { $0 }.map { String(decoding: $0, as: UTF8.self) }
    }

    /// A message: a line, or several between lines of three quotation marks.
    /// - Parameter prompt: called before each line of several.
    func nextMessage(continuing prompt: () -> Void) async -> String? {
        let marks = "\"\"\""
        guard let first = await next() else { return nil }
        guard first.hasPrefix(marks) else { return first }
        var lines = [String(first.dropFirst(3))]
        while !(lines.last?.hasSuffix(marks) ?? false) {
            prompt()
            guard let line = await next() else { break }
            lines.append(line)
        }
        let text = lines.joined(separator: "\n")
        return text.hasSuffix(marks) ? String(text.dropLast(3)) : text
    }
}
