import APISupport
import Conversation

/// Writes the events of an answer as the JSON objects of a stream, which each door frames in its own way.
package protocol ChunkWriter<Event>: Sendable {
    /// What is written.
    associatedtype Event: MeasuredEvent
    /// The objects before anything has happened.
    mutating func begin() -> [[UInt8]]
    /// The objects of an event.
    mutating func encode(_ event: Event, source: Int) -> [[UInt8]]
    /// The objects when all sources have ended.
    mutating func end() -> [[UInt8]]
    /// The usage of what has come so far.
    var usage: TokenUsage { get }
}
