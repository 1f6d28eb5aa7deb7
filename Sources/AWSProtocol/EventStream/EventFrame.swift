/// A message of `application/vnd.amazon.eventstream`.
///
/// ```
/// u32 length of all | u32 length of headers | u32 CRC-32 of these 8 bytes | headers | payload | u32 CRC-32 of all before
/// ```
///
/// Numbers are big-endian. A header is `u8 length, name, u8 type, value`; a string has type 7 and is `u16 length, UTF-8`.
public struct EventFrame: Sendable, Equatable {
    /// Names and texts, each name once.
    public var headers: [(name: StaticString, value: String)]
    /// A JSON object, or nothing.
    public var payload: [UInt8]

    /// Makes a frame from its parts.
    public init(headers: [(name: StaticString, value: String)], payload: [UInt8]) {
        self.headers = headers
        self.payload = payload
    }

    /// An event of a kind, such as `chunk`.
    public static func event(_ type: String, _ payload: [UInt8]) -> EventFrame {
        EventFrame(
            headers: [(":event-type", type), (":content-type", "application/json"), (":message-type", "event")],
            payload: payload)
    }

    /// An error that ends the stream, by its member name such as `throttlingException`.
    public static func exception(_ type: String, _ payload: [UInt8]) -> EventFrame {
        EventFrame(
            headers: [
                (":exception-type", type), (":content-type", "application/json"), (":message-type", "exception"),
            ], payload: payload)
    }

    /// Keeps a connection alive while a long prompt is computed: clients give up after 60 s without a byte, and skip events of a
    /// type that they do not know.
    public static let keepAlive = event("keepAlive", Array("{}".utf8))

    /// The message's bytes.
    public var bytes: [UInt8] {
        let fields = headers.flatMap { Self.header($0.name, $0.value) }
        var result: [UInt8] = []
        result.reserveCapacity(fields.count + payload.count + 16)
        Self.append(fields.count + payload.count + 16, to: &result)
        Self.append(fields.count, to: &result)
        result += Checksum.of(result, .crc32)
        result += fields
        result += payload
        result += Checksum.of(result, .crc32)
        return result
    }

    private static func header(_ name: StaticString, _ value: String) -> [UInt8] {
        // Why the prefixes: the lengths have one and two bytes. Names and values are our own words, and short.
        let name = Array(name.description.utf8.prefix(255))
        let value = Array(value.utf8.prefix(32_767))
        let length = [UInt8(value.count >> 8), UInt8(value.count & 0xFF)]
        return [UInt8(name.count)] + name + [7] + length + value
    }

    private static func append(_ number: Int, to bytes: inout [UInt8]) {
        for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    /// Whether the bytes are the same.
    public static func == (left: EventFrame, right: EventFrame) -> Bool { left.bytes == right.bytes }
}
