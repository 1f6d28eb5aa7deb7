#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Small files in which the system tells about itself, whose size it does not say beforehand.
enum SystemFile {
    /// The first 16 KiB of a file as text; empty if there is none.
    static func text(_ path: String) -> String {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 16384) { buffer, count in
            count = unsafe max(0, read(descriptor, buffer.baseAddress, buffer.count))
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The number of the first line that starts with `key`, such as `MemAvailable:`.
    static func number(after key: String, in text: String) -> Int? {
        for line in text.split(separator: "\n") where line.hasPrefix(key) {
            return Int(line.dropFirst(key.count).filter(\.isNumber))
        }
        return nil
    }

    /// The numbers of a list such as `0-3,8,10-11`, as the kernel writes sets of processors.
    static func list(_ text: some StringProtocol) -> [Int] {
        var numbers: [Int] = []
        for part in text.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
            let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { Int($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, first >= 0, last >= first, last < 1 << 16
            else { continue }
            numbers.append(contentsOf: first...last)
        }
        return numbers
    }
}
