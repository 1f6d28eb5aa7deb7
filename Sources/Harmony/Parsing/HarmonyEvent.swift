/// What a token of the model means.
///
/// A message is one `messageStart`, any number of `text` and one `messageEnd`, with nothing of other messages between.
public enum HarmonyEvent: Sendable, Equatable {
    /// A message begins.
    case messageStart(HarmonyHeader)
    /// Text of the message that has begun, never empty, never half a scalar.
    case text(String, HarmonyHeader)
    /// The message is complete.
    case messageEnd(HarmonyHeader, HarmonyMessageEnd)
    /// The model wrote what the format does not allow. Worth logging and counting, never an error.
    case diagnostic(HarmonyDiagnostic)
}

/// What ended a message.
public enum HarmonyMessageEnd: Sendable, Equatable {
    /// `<|end|>`
    case end
    /// `<|call|>`
    case call
    /// `<|return|>`
    case turnEnd
    /// `<|endoftext|>`
    case endOfText
    /// The next message's header, without an end of this one.
    case nextMessage
    /// Nothing: no more tokens came.
    case unfinished
}

/// What ended the model's turn.
public enum HarmonyTurnEnd: Sendable, Equatable {
    /// `<|return|>`
    case returned
    /// `<|call|>`
    case called
    /// `<|endoftext|>`
    case endOfText
    /// Something after a complete message that cannot be part of the turn, such as a message of another author.
    case abandoned
}

/// A break of the format and what was made of it.
public enum HarmonyDiagnostic: Sendable, Equatable {
    /// A header was not written as models are trained to. What means nothing in it was ignored.
    case malformedHeader(ignored: String)
    /// A header named no channel.
    case missingChannel
    /// A message had no `<|message|>`: what stood behind the header's parts is its text.
    case missingMessageToken
    /// A message began without `<|start|>assistant`.
    case missingStart
    /// A message began before the last one had ended.
    case missingEnd
    /// The tokens ended within a header, which had no text to keep.
    case unfinishedHeader
    /// A control token stood where it means nothing, and was left out.
    case unexpectedControlToken(Int32)
    /// No token has this id; it was left out.
    case unknownToken(Int32)
    /// A message of another author began; the turn ended there.
    case foreignAuthor(String)
    /// Text after a complete message, outside of any message.
    case textOutsideMessage(String)
    /// A token after the end of the turn.
    case tokenAfterTurn(Int32)
}
