import Foundation

/// Numbers as a person reads them.
enum Quantity {
    /// Bytes in decimal units with three figures: 999 B, 1.23 MB, 13.8 GB.
    static func bytes(_ count: Int) -> String {
        let units = ["kB", "MB", "GB", "TB", "PB"]
        guard abs(count) >= 1000 else { return "\(count) B" }
        var value = Double(count) / 1000
        var unit = 0
        while abs(value) >= 999.5, unit + 1 < units.count {
            value /= 1000
            unit += 1
        }
        return "\(figures(value)) \(units[unit])"
    }

    /// Three figures: 1.23, 12.3, 123, 1234.
    static func figures(_ value: Double) -> String {
        let digits = abs(value) >= 99.95 ? 0 : abs(value) >= 9.995 ? 1 : 2
        return String(format: "%.\(digits)f", value)
    }

    /// A span of time: 0.42 s, 12 s, 3:05, 1:02:03.
    static func time(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "?" }
        if seconds < 9.95 { return figures(seconds) + " s" }
        let whole = Int(seconds.rounded())
        if whole < 60 { return "\(whole) s" }
        let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
        return hours == 0
            ? String(format: "%d:%02d", minutes, rest) : String(format: "%d:%02d:%02d", hours, minutes, rest)
    }

    /// A large count in short: 366 k, 4.75 M, 20.9 B.
    static func short(_ value: Int) -> String {
        for (unit, scale) in [("B", 1e9), ("M", 1e6), ("k", 1e3)] where Double(abs(value)) >= scale {
            return figures(Double(value) / scale) + " " + unit
        }
        return String(value)
    }

    /// A count with thousands apart: 20,914,757,184.
    static func count(_ value: Int) -> String {
        let digits = Array(String(abs(value)))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return value < 0 ? "-" + text : text
    }
}
