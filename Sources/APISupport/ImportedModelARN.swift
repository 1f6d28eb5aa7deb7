/// The name of an imported model in AWS' form: `arn:aws:bedrock:REGION:ACCOUNT:imported-model/ID`.
public struct ImportedModelARN: Sendable, CustomStringConvertible {
    private let arn: BedrockARN

    /// The ARN's text.
    public var description: String { arn.description }
    /// The twelve digits between region and resource.
    public var account: String { arn.account }
    /// The resource's id.
    public var id: String { arn.id }

    /// The ARN of a model that is served.
    public init(id: String, in account: AWSAccount = AWSAccount()) {
        arn = BedrockARN(.importedModel, id: id, in: account)
    }

    /// Nil unless the text is an imported model's ARN, of any partition, region and account.
    public init?(_ text: String) {
        guard let arn = BedrockARN(text), arn.kind == .importedModel else { return nil }
        self.arn = arn
    }
}
