import APISupport
import JSON
import OpenAIWire

/// Sends the objects of a stream as server-sent events, with `[DONE]` behind the last.
struct ServerSentChunks<Writer: ChunkWriter>: EventEncoder {
    private var writer: Writer

    init(_ writer: Writer) { self.writer = writer }

    /// The first objects; a comment if there are none, so that the answer's head leaves at once.
    mutating func begin() -> [UInt8] {
        let events = writer.begin().flatMap(event)
        return events.isEmpty ? Array(": ready\n\n".utf8) : events
    }

    mutating func encode(_ event: Writer.Event, source: Int) -> [UInt8] {
        writer.encode(event, source: source).flatMap(self.event)
    }

    mutating func end() -> [UInt8] { writer.end().flatMap(event) + event(done) }

    /// An error within a stream: OpenAI's clients raise it when they read it.
    mutating func fail(_ error: any Error) -> [UInt8] {
        var object = JSONWriter()
        OpenAIError(error).write(to: &object)
        return event(object.bytes) + event(done)
    }

    private var done: [UInt8] { Array("[DONE]".utf8) }

    private func event(_ data: [UInt8]) -> [UInt8] { Array("data: ".utf8) + data + [0x0A, 0x0A] }
}
