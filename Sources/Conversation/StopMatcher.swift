/// Finds the first of some texts in a stream of text, and holds back what may be the beginning of one.
///
/// The result does not depend on how the stream is cut: the match that ends first wins, then the longest.
struct StopMatcher: Sendable {
    private let stops: [[UInt8]]
    private var held: [UInt8] = []
    /// Whether a stop text was found; nothing is released from then on.
    private(set) var hasMatched = false

    /// - Parameter stops: texts of at least one byte.
    init(_ stops: [String]) {
        self.stops = stops.map { Array($0.utf8) }.filter { !$0.isEmpty }
    }

    /// The text that can be shown now.
    mutating func append(_ text: String) -> String {
        guard !hasMatched else { return "" }
        guard !stops.isEmpty else { return text }
        held += text.utf8
        if let start = firstMatch() {
            hasMatched = true
            defer { held = [] }
            return String(decoding: held[..<start], as: UTF8.self)
        }
        // Why this is whole scalars: a stop text begins with a scalar's first byte.
        let keep = (0..<held.count).first { index in stops.contains { $0.starts(with: held[index...]) } } ?? held.count
        defer { held.removeFirst(keep) }
        return String(decoding: held[..<keep], as: UTF8.self)
    }

    /// What was held back, as the stream has ended.
    mutating func finish() -> String {
        defer { held = [] }
        return String(decoding: held, as: UTF8.self)
    }

    /// Where the match begins that ends first.
    private func firstMatch() -> Int? {
        let longest = stops.map(\.count).max() ?? 0
        for end in 1...max(held.count, 1) where end <= held.count {
            for length in stride(from: min(longest, end), to: 0, by: -1) {
                if stops.contains(where: { $0.count == length && held[(end - length)..<end].elementsEqual($0) }) {
                    return end - length
                }
            }
        }
        return nil
    }
}
