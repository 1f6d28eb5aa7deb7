#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A moment in milliseconds, as records keep it and as AWS' APIs write it.
public struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Milliseconds since 1970, UTC.
    public let milliseconds: Int64

    /// A moment.
    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// Now.
    public static var now: Timestamp {
        Timestamp(milliseconds: Int64((Date.now.timeIntervalSince1970 * 1000).rounded()))
    }

    /// Reads ISO 8601 with a time zone, with or without a fraction of seconds; nil unless the text is that.
    public init?(_ text: String) {
        let styles = [Date.ISO8601FormatStyle(), Date.ISO8601FormatStyle(includingFractionalSeconds: true)]
        guard text.utf8.count <= 40, let date = styles.lazy.compactMap({ try? $0.parse(text) }).first else {
            return nil
        }
        let milliseconds = (date.timeIntervalSince1970 * 1000).rounded()
        // The years 0 to 9999: those that can be written.
        guard milliseconds >= -62_167_219_200_000, milliseconds < 253_402_300_800_000 else { return nil }
        self.milliseconds = Int64(milliseconds)
    }

    /// Whole seconds since 1970.
    public var seconds: Int { Int((milliseconds >= 0 ? milliseconds : milliseconds - 999) / 1000) }

    /// `2026-01-02T03:04:05.678Z`.
    public var description: String {
        let fraction = Int(milliseconds) - seconds * 1000
        let text = Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
        let digits = String(fraction)
        return text.dropLast() + "." + String(repeating: "0", count: 3 - digits.count) + digits + "Z"
    }

    /// Earlier comes first.
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }
}
