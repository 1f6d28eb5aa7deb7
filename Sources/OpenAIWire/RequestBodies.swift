import APISupport
import Generation

/// The parsers of request bodies without a server around them, for fuzzing.
package enum RequestBodies {
    /// Reads bytes as the body of a chat request.
    ///
    /// - Returns: whether a server would take it. That this returns at all is what fuzzing is about.
    package static func isChatRequest(_ bytes: [UInt8]) -> Bool {
        let limits = GeneratorLimits(contextLength: 4096, vocabularySize: 201_088)
        do throws(OpenAIError) {
            _ = try ChatRequest(Fields(body: bytes), id: "fuzz", limits: limits)
            return true
        } catch {
            return false
        }
    }
}
