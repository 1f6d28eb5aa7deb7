/// A message's header as the official parser reads it.
struct OfficialHeader: Equatable {
    var role: HarmonyRole
    var name: String?
    var recipient: String?
    var channel: String?
    var contentType: String?

    /// Reads a header's decoded text.
    ///
    /// - Parameters:
    ///   - role: the author, if it is known before.
    ///   - hasMessageMarker: whether `<|message|>` ended the header. If not, words are the message's content instead of
    ///     recipient and content type.
    /// - Returns: the header, and the words that are neither.
    static func read(
        _ text: String, role: HarmonyRole?, hasMessageMarker: Bool
    ) throws(OfficialError) -> (header: OfficialHeader, remaining: String?) {
        var scalars = Array(text.unicodeScalars)
        let channel = try takeChannel(from: &scalars)
        var words = words(in: spacedConstrainMarks(trimmed(scalars)))
        var name: String?
        let author: HarmonyRole
        if let role { author = role } else { author = try takeRole(from: &words, name: &name) }
        if let first = words.first, first.hasSameBytes(as: author.rawValue) { words.removeFirst() }
        var header = OfficialHeader(role: author, name: author == .tool ? name : nil, channel: channel)
        if hasMessageMarker { header.takeRecipientAndType(from: &words) }
        return (header, words.isEmpty ? nil : words.joined(separator: " "))
    }

    private static func takeChannel(from scalars: inout [Unicode.Scalar]) throws(OfficialError) -> String? {
        guard let marker = scalars.firstRange(of: Array("<|channel|>".unicodeScalars)) else { return nil }
        let tail = scalars[marker.upperBound...]
        let end = tail.firstIndex { $0.properties.isWhitespace || $0 == "<" } ?? tail.endIndex
        guard end > marker.upperBound else {
            throw OfficialError(.harmony, "channel marker present but no channel value found in header")
        }
        let channel = string(tail[..<end])
        scalars.removeSubrange(marker.lowerBound..<end)
        return channel
    }

    private static func takeRole(
        from words: inout [String], name: inout String?
    ) throws(OfficialError) -> HarmonyRole {
        guard let first = words.first else {
            throw OfficialError(.harmony, "message header did not contain a role")
        }
        name = first
        if let known = HarmonyRole(officialName: first) { return known }
        guard words.count > 1 || first.dropping(prefix: "to=") != nil else {
            throw OfficialError(.harmony, "Unknown role: \(first)")
        }
        words.removeFirst()
        return .tool
    }

    private mutating func takeRecipientAndType(from words: inout [String]) {
        guard let last = words.popLast() else { return }
        if let recipient = last.dropping(prefix: "to=") {
            self.recipient = recipient
        } else if words.isEmpty {
            recipient = last
        } else {
            contentType = last
            recipient = words.popLast().map { $0.dropping(prefix: "to=") ?? $0 }
        }
    }

    // MARK: - Text

    private static func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    private static func trimmed(_ scalars: [Unicode.Scalar]) -> ArraySlice<Unicode.Scalar> {
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return [] }
        return scalars[first...last]
    }

    private static func spacedConstrainMarks(_ scalars: ArraySlice<Unicode.Scalar>) -> [Unicode.Scalar] {
        let marker = Array("<|constrain|>".unicodeScalars)
        var output: [Unicode.Scalar] = []
        var tail = scalars
        while let range = tail.firstRange(of: marker) {
            output += tail[..<range.lowerBound] + [" "] + marker
            tail = tail[range.upperBound...]
        }
        return Array(trimmed(output + tail))
    }

    /// Words between spaces, tabs, line feeds, form feeds and carriage returns; other white space is part of words.
    private static func words(in scalars: [Unicode.Scalar]) -> [String] {
        scalars.split { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\u{C}" || $0 == "\r" }.map(string)
    }
}
