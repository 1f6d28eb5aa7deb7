import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What may be done on an output stream: a terminal gets a moving progress line and dimmed text, anything else plain lines.
struct TerminalStyle: Sendable {
    /// The stream is a terminal that understands cursor movement.
    let isTerminal: Bool
    /// Text may be dimmed and coloured.
    let hasColor: Bool

    private let descriptor: Int32

    /// How many columns the terminal has now; 80 if it does not say.
    var columns: Int {
        var size = winsize()
        guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// How standard output may be written to.
    static let standardOutput = TerminalStyle(descriptor: 1)
    /// How standard error may be written to.
    static let standardError = TerminalStyle(descriptor: 2)
    /// Whether a person types into standard input.
    static var isInputTerminal: Bool { isatty(0) == 1 }

    /// - Parameters:
    ///   - isTerminal: whether the stream is a terminal.
    ///   - hasColor: whether text may be dimmed.
    ///   - descriptor: the stream, which is asked how wide it is.
    init(isTerminal: Bool, hasColor: Bool, descriptor: Int32 = 2) {
        self.descriptor = descriptor
        self.isTerminal = isTerminal
        self.hasColor = hasColor
    }

    private init(descriptor: Int32) {
        let terminal = isatty(descriptor) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
        self.init(
            isTerminal: terminal, hasColor: terminal && EnvironmentVariable.noColor.value == nil,
            descriptor: descriptor)
    }

    /// The text dimmed, or as it is where colours are not wanted.
    func dim(_ text: String) -> String { wrap(text, code: "2") }

    /// The text in bold.
    func bold(_ text: String) -> String { wrap(text, code: "1") }

    /// The text in red.
    func red(_ text: String) -> String { wrap(text, code: "31") }

    /// The text in yellow.
    func yellow(_ text: String) -> String { wrap(text, code: "33") }

    /// The text in green.
    func green(_ text: String) -> String { wrap(text, code: "32") }

    private func wrap(_ text: String, code: String) -> String {
        hasColor && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
