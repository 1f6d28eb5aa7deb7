/// The name of an imported model in AWS' form: `arn:aws:bedrock:REGION:ACCOUNT:imported-model/ID`.
public struct ImportedModelARN: Sendable, CustomStringConvertible {
    /// The region as clients are told when nothing else says one.
    public static let region = "us-east-1"
    /// The account as clients are told when nothing else says one.
    public static let account = "000000000000"

    /// The ARN's text.
    public let description: String
    /// The twelve digits between region and resource.
    public let account: String
    /// The resource's id.
    public let id: String

    /// The ARN of a model that is served.
    public init(id: String) {
        self.id = id
        account = Self.account
        description = "arn:aws:bedrock:\(Self.region):\(Self.account):imported-model/\(id)"
    }

    /// Nil unless the text is an imported model's ARN, of any partition, region and account.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count <= 256 else { return nil }
        let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        let resource = Array("imported-model/".utf8)
        guard parts.count == 6, parts[0].elementsEqual("arn".utf8),
            parts[1].elementsEqual("aws".utf8) || parts[1].starts(with: "aws-".utf8),
            parts[2].elementsEqual("bedrock".utf8), Self.isWord(parts[3], 1...20, "-"), parts[4].count == 12,
            parts[4].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            parts[5].starts(with: resource), Self.isWord(parts[5].dropFirst(resource.count), 12...12)
        else { return nil }
        description = text
        account = String(decoding: parts[4], as: UTF8.self)
        id = String(decoding: parts[5].dropFirst(resource.count), as: UTF8.self)
    }

    private static func isWord(_ bytes: ArraySlice<UInt8>, _ count: ClosedRange<Int>, _ more: String = "") -> Bool {
        count.contains(bytes.count)
            && bytes.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || more.utf8.contains($0)
            }
    }
}
