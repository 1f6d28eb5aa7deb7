/// The name of a resource of Amazon Bedrock's: `arn:aws:bedrock:REGION:ACCOUNT:KIND/ID`.
public struct BedrockARN: Sendable, Equatable, CustomStringConvertible {
    /// What it names.
    public enum Kind: String, Sendable, CaseIterable {
        /// A model that was imported.
        case importedModel = "imported-model"
        /// An import job.
        case modelImportJob = "model-import-job"
    }

    /// The ARN's text.
    public let description: String
    /// The twelve digits between region and resource.
    public let account: String
    /// What it names.
    public let kind: Kind
    /// The resource's id: twelve lower-case letters and digits.
    public let id: String

    /// The ARN of a resource of this server's.
    public init(_ kind: Kind, id: String, in account: AWSAccount = AWSAccount()) {
        self.kind = kind
        self.id = id
        self.account = account.id
        description = "arn:aws:bedrock:\(account.region):\(account.id):\(kind.rawValue)/\(id)"
    }

    /// Nil unless the text is such an ARN, of any partition, region and account.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count <= 256 else { return nil }
        let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0].elementsEqual("arn".utf8),
            parts[1].elementsEqual("aws".utf8) || parts[1].starts(with: "aws-".utf8) && parts[1].count > 4,
            parts[2].elementsEqual("bedrock".utf8), Self.isWord(parts[3], 1...20, "-"), parts[4].count == 12,
            parts[4].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let kind = Kind.allCases.first(where: { parts[5].starts(with: "\($0.rawValue)/".utf8) })
        else { return nil }
        let id = parts[5].dropFirst(kind.rawValue.utf8.count + 1)
        guard Self.isWord(id, 12...12) else { return nil }
        self.kind = kind
        self.id = String(decoding: id, as: UTF8.self)
        description = text
        account = String(decoding: parts[4], as: UTF8.self)
    }

    private static func isWord(_ bytes: ArraySlice<UInt8>, _ count: ClosedRange<Int>, _ more: String = "") -> Bool {
        count.contains(bytes.count)
            && bytes.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || more.utf8.contains($0)
            }
    }
}
