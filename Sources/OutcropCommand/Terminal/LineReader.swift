import Foundation

/// Lines of standard input as bytes, handed out as soon as they are there; a last line without an end counts too.
struct LineReader {
    private var buffer: [UInt8] = []
    private var start = 0
    private var searched = 0
    private var ended = false
    private let read: () -> [UInt8]

    /// Reads standard input.
    init() {
        let input = FileHandle.standardInput
        self.init { [UInt8](input.availableData) }
    }

    /// - Parameter read: waits for the next bytes; empty at the end.
    init(read: @escaping () -> [UInt8]) { self.read = read }

    /// The next line without its end ("\n" or "\r\n"); nil after the last.
    mutating func next() -> [UInt8]? {
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(buffer[start..<end])
                start = end + 1
                searched = start
                return line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            }
            searched = buffer.count
            if ended {
                defer { start = buffer.count }
                return start < buffer.count ? Array(buffer[start...]) : nil
            }
            buffer.removeFirst(start)
            searched -= start
            start = 0
            let bytes = read()
            ended = bytes.isEmpty
            buffer += bytes
        }
    }

    /// Everything that is left.
    mutating func rest() -> [UInt8] {
        while !ended {
            let bytes = read()
            ended = bytes.isEmpty
            buffer += bytes
        }
        defer {
            start = buffer.count
            searched = start
        }
        return Array(buffer[start...])
    }
}
