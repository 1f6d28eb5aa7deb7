/// Writes an answer as it comes: the answer itself to standard output, what the model thinks to standard error, dimmed.
struct TurnPrinter {
    /// Whether the model's reasoning is shown.
    let showsReasoning: Bool
    private let style = TerminalStyle.standardError
    private var isReasoning = false
    private var endsWithNewline = true

    init(showsReasoning: Bool) { self.showsReasoning = showsReasoning }

    /// The next piece of reasoning.
    mutating func reasoning(_ text: String) {
        guard showsReasoning, !text.isEmpty else { return }
        isReasoning = true
        writeError(style.dim(text))
    }

    /// The next piece of the answer.
    mutating func content(_ text: String) {
        guard !text.isEmpty else { return }
        endReasoning()
        writeOutput(text)
        endsWithNewline = text.utf8.last == UInt8(ascii: "\n")
    }

    /// A remark that is not the model's.
    mutating func note(_ text: String) {
        finish()
        writeError(style.dim("[\(text)]") + "\n")
    }

    /// Ends the answer's last line.
    mutating func finish() {
        endReasoning()
        if !endsWithNewline { writeOutput("\n") }
        endsWithNewline = true
    }

    private mutating func endReasoning() {
        if isReasoning { writeError(style.isTerminal ? "\n\n" : "\n") }
        isReasoning = false
    }
}
