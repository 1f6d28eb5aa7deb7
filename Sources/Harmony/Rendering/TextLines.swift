/// The lines of a text.
enum TextLines {
    /// Lines as Rust's `str::lines` counts them: they end with a line feed, a carriage return before it belongs to the
    /// end, and there is no empty line after the last end.
    static func official(_ text: String) -> [String] {
        var lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        let ended = text.utf8.last == 0x0A ? lines.count : lines.count - 1
        return lines.enumerated().map { index, line in
            let bytes = index < ended && line.last == 0x0D ? line.dropLast() : line
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// At least one line, none of which contains anything that ends a line anywhere.
    static func contained(_ text: String) -> [String] {
        let lines = official(text).flatMap { line in
            line.unicodeScalars.split(omittingEmptySubsequences: false) { ends.contains($0) }.map(String.init)
        }
        return lines.isEmpty ? [""] : lines
    }

    private static let ends: Set<Unicode.Scalar> = ["\u{B}", "\u{C}", "\r", "\u{85}", "\u{2028}", "\u{2029}"]
}

extension String {
    /// Whether the bytes of a text occur, with no regard to characters.
    func containsBytes(_ other: String) -> Bool { utf8.firstRange(of: other.utf8) != nil }

    /// Whether two texts have the same bytes.
    func hasSameBytes(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }

    /// What follows some bytes at the beginning; nil if the text does not begin with them.
    func dropping(prefix: String) -> String? {
        utf8.starts(with: prefix.utf8) ? String(decoding: utf8.dropFirst(prefix.utf8.count), as: UTF8.self) : nil
    }
}
