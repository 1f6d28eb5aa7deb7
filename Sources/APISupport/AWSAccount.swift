/// The account and region that the server plays, in ARNs that it makes.
public struct AWSAccount: Sendable, Equatable {
    /// Such as `us-east-1`.
    public var region: String
    /// Twelve digits.
    public var id: String

    /// An account in a region; the defaults are what clients are told when nothing else is configured.
    public init(region: String = "us-east-1", id: String = "000000000000") {
        self.region = region
        self.id = id
    }
}
