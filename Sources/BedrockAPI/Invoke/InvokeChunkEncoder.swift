import APISupport
import AWSProtocol
import Conversation
import JSON
import OpenAIWire

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Frames the objects of a streamed invocation: each is a `chunk` event with its bytes in base64, and the last one carries the
/// invocation's metrics next to its own members.
struct InvokeChunkEncoder<Writer: ChunkWriter>: EventEncoder {
    private var writer: Writer
    private let stopwatch: Stopwatch
    private var firstByte: Int?
    /// The newest object: whether it is the last is known when the next one comes, or none.
    private var held: [UInt8]?

    init(_ writer: Writer, _ stopwatch: Stopwatch) {
        self.writer = writer
        self.stopwatch = stopwatch
    }

    mutating func begin() -> [UInt8] { writer.begin().flatMap(Self.chunk) }

    mutating func encode(_ event: Writer.Event, source: Int) -> [UInt8] {
        let objects = writer.encode(event, source: source)
        guard !objects.isEmpty else { return [] }
        firstByte = firstByte ?? stopwatch.milliseconds
        // Why only these are held back: text should not wait for the next token.
        guard event.milestone.isEnd else { return release() + objects.flatMap(Self.chunk) }
        let ready = release() + objects.dropLast().flatMap(Self.chunk)
        held = objects.last
        return ready
    }

    mutating func end() -> [UInt8] {
        let objects = (held.map { [$0] } ?? []) + writer.end()
        held = nil
        let last = objects.last.map { Self.chunk(withMetrics($0)) } ?? []
        return objects.dropLast().flatMap(Self.chunk) + last
    }

    func silence() -> [UInt8] { EventFrame.keepAlive.bytes }

    mutating func fail(_ error: any Error) -> [UInt8] {
        let error = BedrockError(error)
        return release() + EventFrame.exception(error.code.streamMember, error.body).bytes
    }

    private mutating func release() -> [UInt8] {
        defer { held = nil }
        return held.map(Self.chunk) ?? []
    }

    private func withMetrics(_ object: [UInt8]) -> [UInt8] {
        let total = stopwatch.milliseconds
        var metrics = JSONWriter()
        metrics.append(raw: ",\"amazon-bedrock-invocationMetrics\":{\"inputTokenCount\":")
        metrics.append(writer.usage.promptTokens)
        metrics.append(raw: ",\"outputTokenCount\":")
        metrics.append(writer.usage.completionTokens)
        metrics.append(raw: ",\"invocationLatency\":")
        metrics.append(total)
        metrics.append(raw: ",\"firstByteLatency\":")
        metrics.append(firstByte ?? total)
        metrics.append(raw: "}}")
        return object.dropLast() + metrics.bytes
    }

    private static func chunk(_ object: [UInt8]) -> [UInt8] {
        let payload = "{\"bytes\":\"\(Data(object).base64EncodedString())\"}"
        return EventFrame.event("chunk", Array(payload.utf8)).bytes
    }
}
