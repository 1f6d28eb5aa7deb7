import APISupport

/// Whether an answer is streamed, and with what.
package struct StreamOptions: Sendable, Equatable {
    /// Streamed at all.
    package var isStreamed = false
    /// A last chunk with the usage.
    package var includesUsage = false

    /// Reads `stream` and `stream_options`.
    package init(_ fields: Fields) throws(OpenAIError) {
        isStreamed = try fields.bool("stream") ?? false
        guard let options = try fields.object("stream_options") else { return }
        guard isStreamed else {
            throw .invalid(
                "The 'stream_options' parameter is only allowed when 'stream' is true.", parameter: "stream_options")
        }
        includesUsage = try options.bool("include_usage") ?? false
    }
}
