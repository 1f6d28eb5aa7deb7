import Generation
import Synchronization

/// A generation that is handed to exactly one reader, so that it is cancelled when that reader lets go of it.
final class GenerationBox: Sendable {
    typealias Stream = AsyncThrowingStream<GenerationEvent, any Error>

    private let stream: Mutex<Stream?>

    init(_ stream: Stream) {
        self.stream = Mutex(stream)
    }

    /// The generation, the first time; nil from then on.
    func take() -> Stream? {
        stream.withLock { stream in
            defer { stream = nil }
            return stream
        }
    }
}
