import ArgumentParser

/// A number of bytes as a person writes it: 4GiB, 500MB, 1073741824.
struct ByteSize: ExpressibleByArgument, Sendable, Equatable {
    /// The bytes.
    let bytes: Int

    private static let units: [(name: String, bytes: Int)] = [
        ("kib", 1 << 10), ("mib", 1 << 20), ("gib", 1 << 30), ("tib", 1 << 40), ("kb", 1000), ("mb", 1_000_000),
        ("gb", 1_000_000_000), ("tb", 1_000_000_000_000), ("k", 1 << 10), ("m", 1 << 20), ("g", 1 << 30), ("b", 1),
        ("", 1),
    ]

    init?(argument: String) {
        let text = argument.lowercased()
        let digits = text.prefix { $0.isNumber || $0 == "." }
        let unit = text.dropFirst(digits.count).trimmingPrefix(" ")
        guard let number = Double(String(digits)), let scale = Self.units.first(where: { $0.name == unit })?.bytes
        else {
            return nil
        }
        let bytes = number * Double(scale)
        guard bytes >= 1, bytes < 1e18 else { return nil }
        self.bytes = Int(bytes)
    }
}
