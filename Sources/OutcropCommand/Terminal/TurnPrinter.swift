/// Writes an answer as it comes: the answer itself to standard output, what the model thinks to standard error, dimmed.
struct TurnPrinter {
    /// Whether the model's reasoning is shown.
    let showsReasoning: Bool
    /// Whether the answer itself is shown.
    let showsContent: Bool
    private let style = TerminalStyle.standardError
    private var isReasoning = false
    private var endsWithNewline = true

    init(showsReasoning: Bool, showsContent: Bool = true) {
        self.showsReasoning = showsReasoning
        self.showsContent = showsContent
    }

    /// The next piece of reasoning.
    mutating func reasoning(_ text: String) {
        guard showsReasoning, !text.isEmpty else { return }
        isReasoning = true
        writeError(style.dim(text))
    }

    /// The next piece of the answer.
    mutating func content(_ text: String) {
        guard showsContent, !text.isEmpty else { return }
        endReasoning()
        writeOutput(text)
        endsWithNewline = text.utf8.last == UInt8(ascii: "\n")
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
