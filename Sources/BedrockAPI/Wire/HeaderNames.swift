import HTTPTypes

extension HTTPField.Name {
    /// The code of an error.
    static let amznErrorType = constant("x-amzn-errortype")
    /// Milliseconds after which to try again, which newer SDKs obey.
    static let amzRetryAfter = constant("x-amz-retry-after")
    /// What the chunks of a stream hold, wanted and sent.
    static let bedrockAccept = constant("X-Amzn-Bedrock-Accept")
    static let bedrockContentType = constant("X-Amzn-Bedrock-Content-Type")
    /// What an invocation cost.
    static let inputTokenCount = constant("X-Amzn-Bedrock-Input-Token-Count")
    static let outputTokenCount = constant("X-Amzn-Bedrock-Output-Token-Count")
    static let invocationLatency = constant("X-Amzn-Bedrock-Invocation-Latency")
    /// A guardrail to apply.
    static let guardrailIdentifier = constant("X-Amzn-Bedrock-GuardrailIdentifier")
    static let guardrailVersion = constant("X-Amzn-Bedrock-GuardrailVersion")

    private static func constant(_ name: String) -> HTTPField.Name {
        guard let field = HTTPField.Name(name) else { preconditionFailure("\(name) is a valid field name") }
        return field
    }
}
