/// The `content-range` header of an answer: which bytes of how many it holds (RFC 9110, section 14.4).
public struct ContentRange: Sendable, Equatable {
    /// The bytes, from 0.
    public let range: Range<Int>
    /// The size of the whole; nil when the server does not say.
    public let total: Int?

    /// Reads `bytes 0-99/1000`; nil for anything else.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        let unit = Array("bytes ".utf8)
        guard bytes.starts(with: unit) else { return nil }
        let parts = bytes.dropFirst(unit.count).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let ends = parts[0].split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Self.number(ends[0]), let last = Self.number(ends[1]), first <= last,
            last < Int.max
        else { return nil }
        range = first..<last + 1
        if parts[1].elementsEqual("*".utf8) {
            total = nil
        } else {
            guard let number = Self.number(parts[1]), number > last else { return nil }
            total = number
        }
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return Int(String(decoding: digits, as: UTF8.self))
    }
}
