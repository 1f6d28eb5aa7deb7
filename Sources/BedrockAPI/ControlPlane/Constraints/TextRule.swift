/// What a text of a request must be. Checked by hand: several of the published regular expressions take exponential time in
/// engines that backtrack.
struct TextRule: Sendable {
    /// The fewest and the most characters.
    let length: ClosedRange<Int>
    /// The published pattern, for messages.
    let pattern: String
    /// Whether bytes match the pattern, their number aside.
    let matches: @Sendable ([UInt8]) -> Bool

    init(_ length: ClosedRange<Int>, _ pattern: String, _ matches: @escaping @Sendable ([UInt8]) -> Bool) {
        self.length = length
        self.pattern = pattern
        self.matches = matches
    }

    /// What is wrong with a text, in AWS' words; nil when nothing is.
    func violation(_ text: String) -> String? {
        let count = text.unicodeScalars.count
        if count < length.lowerBound {
            return "Member must have length greater than or equal to \(length.lowerBound)"
        }
        if count > length.upperBound { return "Member must have length less than or equal to \(length.upperBound)" }
        return matches(Array(text.utf8)) ? nil : "Member must satisfy regular expression pattern: \(pattern)"
    }
}

extension TextRule {
    static let jobName = TextRule(1...63, "[a-zA-Z0-9](-*[a-zA-Z0-9\\+\\-\\.])*") { bytes in
        bytes.first?.isLetterOrDigit ?? false
            && bytes.allSatisfy { $0.isLetterOrDigit || "+-.".utf8.contains($0) }
    }

    static let modelName = TextRule(1...63, "([0-9a-zA-Z][_-]?)+") { bytes in
        // A separator stands behind a letter or digit.
        var isSeparatorAllowed = false
        for byte in bytes {
            guard byte.isLetterOrDigit || isSeparatorAllowed && "_-".utf8.contains(byte) else { return false }
            isSeparatorAllowed = byte.isLetterOrDigit
        }
        return true
    }

    static let roleARN = TextRule(0...2048, "arn:aws(-[^:]+)?:iam::([0-9]{12})?:role/.+") { bytes in
        let parts = bytes.split(separator: UInt8(ascii: ":"), maxSplits: 5, omittingEmptySubsequences: false)
        return parts.count == 6 && isPartition(parts[0], parts[1]) && parts[2].elementsEqual("iam".utf8)
            && parts[3].isEmpty && (parts[4].isEmpty || isAccount(parts[4])) && parts[5].starts(with: "role/".utf8)
            && parts[5].count > 5 && !parts[5].contains { $0 == 0x0A || $0 == 0x0D }
    }

    static let requestToken = TextRule(1...256, "[a-zA-Z0-9]([-a-zA-Z0-9]{0,254}[a-zA-Z0-9])?") { bytes in
        bytes.first?.isLetterOrDigit ?? false && bytes.last?.isLetterOrDigit ?? false
            && bytes.allSatisfy { $0.isLetterOrDigit || $0 == UInt8(ascii: "-") }
    }

    static let tagKey = TextRule(1...128, "[a-zA-Z0-9\\s._:/=+@-]*", isTagText)
    static let tagValue = TextRule(0...256, "[a-zA-Z0-9\\s._:/=+@-]*", isTagText)

    private static let isTagText: @Sendable ([UInt8]) -> Bool = { bytes in
        bytes.allSatisfy { $0.isLetterOrDigit || (0x09...0x0D).contains($0) || " ._:/=+@-".utf8.contains($0) }
    }

    static let networkID = TextRule(0...32, "[-0-9a-zA-Z]+") { bytes in
        !bytes.isEmpty && bytes.allSatisfy { $0.isLetterOrDigit || $0 == UInt8(ascii: "-") }
    }

    static let kmsKey = TextRule(
        1...2048,
        "(arn:aws(-[^:]+)?:kms:[a-zA-Z0-9-]*:[0-9]{12}:((key/[a-zA-Z0-9-]{36})|(alias/[a-zA-Z0-9-_/]+)))|([a-zA-Z0-9-]{36})"
            + "|(alias/[a-zA-Z0-9-_/]+)"
    ) { bytes in
        if isKeyID(bytes[...]) || isKeyAlias(bytes[...]) { return true }
        let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 6, isPartition(parts[0], parts[1]), parts[2].elementsEqual("kms".utf8),
            parts[3].allSatisfy({ $0.isLetterOrDigit || $0 == UInt8(ascii: "-") }), isAccount(parts[4])
        else { return false }
        return isKeyAlias(parts[5]) || parts[5].starts(with: "key/".utf8) && isKeyID(parts[5].dropFirst(4))
    }

    private static func isKeyID(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.count == 36 && bytes.allSatisfy { $0.isLetterOrDigit || $0 == UInt8(ascii: "-") }
    }

    private static func isKeyAlias(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.starts(with: "alias/".utf8) && bytes.count > 6
            && bytes.dropFirst(6).allSatisfy { $0.isLetterOrDigit || "-_/".utf8.contains($0) }
    }

    private static func isPartition(_ arn: ArraySlice<UInt8>, _ partition: ArraySlice<UInt8>) -> Bool {
        arn.elementsEqual("arn".utf8)
            && (partition.elementsEqual("aws".utf8) || partition.starts(with: "aws-".utf8) && partition.count > 4)
    }

    private static func isAccount(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.count == 12 && bytes.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}

extension UInt8 {
    /// Whether the byte is an ASCII letter or digit.
    fileprivate var isLetterOrDigit: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self)
    }
}
