import APISupport
import Generation

/// The parser of Converse's bodies without a server around it, for fuzzing.
package enum ConverseBodies {
    /// Reads bytes as the body of Converse.
    ///
    /// - Returns: whether a server would take it. That this returns at all is what fuzzing is about.
    package static func isConverseRequest(_ bytes: [UInt8]) -> Bool {
        let limits = GeneratorLimits(contextLength: 4096, vocabularySize: 201_088)
        return (try? ConverseBody(BedrockFields(body: bytes), id: "fuzz", limits: limits)) != nil
    }
}
