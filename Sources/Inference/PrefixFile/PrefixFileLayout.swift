import OutcropNumerics

/// How prefixes are kept in a file: a header that says for which model and machine they were computed, then blocks of one
/// size or the other, each with its parent's number in the file, its tokens, its pages and a checksum. Little-endian.
struct PrefixFileLayout: Equatable, Sendable {
    /// Begins every such file; ends with the format's version.
    static let magic: [UInt8] = Array("OUTCROP PREFIX 1".utf8)
    /// Bytes of the header.
    static let headerByteCount = 80
    /// Bytes of a block besides its pages.
    static let blockOverhead = 8 + 8 + 4 * KeyValuePages.tokensPerPage + 8

    /// Tells models, precisions and instruction sets apart.
    var identity: UInt64
    var vocabularySize: Int
    var window: Int
    /// Bytes of the pages of the two pools; a page's inner layout follows from `identity`.
    var fullByteCount: Int
    var slidingByteCount: Int

    /// A block without its pages.
    struct BlockHeader: Equatable {
        /// Number of the parent in the file; -1 for the first block of a prefix.
        var parent: Int
        var hasSliding: Bool
        var tokens: [Int32]
    }

    /// Why a file is not used, or not all of it.
    enum Damage: Error, Equatable {
        case notAPrefixFile
        case foreign
        case block(Int)

        var description: String {
            switch self {
            case .notAPrefixFile: "it is not a file of prefixes that this version reads"
            case .foreign: "it was written for another model, precision, instruction set or size of memory pages"
            case .block(let number): "it is damaged from its block \(number) on"
            }
        }
    }

    func byteCount(hasSliding: Bool) -> Int {
        Self.blockOverhead + fullByteCount + (hasSliding ? slidingByteCount : 0)
    }

    // MARK: - Header

    var header: [UInt8] {
        var bytes = Self.magic
        for word in [
            identity, UInt64(vocabularySize), UInt64(window), UInt64(KeyValuePages.tokensPerPage),
            UInt64(fullByteCount),
            UInt64(slidingByteCount), 0,
        ] { Self.append(word, to: &bytes) }
        Self.append(ContentHash.of(bytes.span), to: &bytes)
        return bytes
    }

    func check(header bytes: [UInt8]) throws(Damage) {
        guard bytes.count == Self.headerByteCount, bytes.starts(with: Self.magic) else { throw .notAPrefixFile }
        guard bytes == header else { throw .foreign }
    }

    // MARK: - Blocks

    /// Appends a block's beginning; the pages and `seal` follow.
    static func append(_ block: BlockHeader, to bytes: inout [UInt8]) {
        append(UInt64(bitPattern: Int64(block.parent)), to: &bytes)
        append(block.hasSliding ? 1 : 0, to: &bytes)
        for token in block.tokens {
            for shift in stride(from: 0, to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: token >> Int32(shift)))
            }
        }
    }

    /// Appends the checksum of all the bytes of a block.
    static func seal(_ bytes: inout [UInt8]) { append(ContentHash.of(bytes.span), to: &bytes) }

    /// Where in a block the pages of the full layers start; those of the sliding layers follow.
    static let pagesOffset = 16 + 4 * KeyValuePages.tokensPerPage

    /// Whether the block that starts in these bytes has a sliding page; nil if that is not said.
    func hasSliding(_ bytes: [UInt8]) -> Bool? {
        guard bytes.count >= 16 else { return nil }
        return switch Self.word(bytes, 8) {
        case 0: false
        case 1: true
        default: nil
        }
    }

    /// Checks the bytes of block `number` and reads its beginning.
    func block(_ bytes: [UInt8], number: Int) throws(Damage) -> BlockHeader {
        guard let hasSliding = hasSliding(bytes), bytes.count == byteCount(hasSliding: hasSliding),
            Self.word(bytes, bytes.count - 8) == ContentHash.of(bytes.span.extracting(droppingLast: 8))
        else { throw .block(number) }
        let parent = Int64(bitPattern: Self.word(bytes, 0))
        guard parent >= -1, parent < number else { throw .block(number) }
        let tokens = (0..<KeyValuePages.tokensPerPage / 2).flatMap { pair in
            let word = Self.word(bytes, 16 + 8 * pair)
            return [Int32(truncatingIfNeeded: word), Int32(truncatingIfNeeded: word >> 32)]
        }
        guard tokens.allSatisfy({ $0 >= 0 && Int($0) < vocabularySize }) else { throw .block(number) }
        return BlockHeader(parent: Int(parent), hasSliding: hasSliding, tokens: tokens)
    }

    private static func append(_ word: UInt64, to bytes: inout [UInt8]) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
    }

    private static func word(_ bytes: [UInt8], _ offset: Int) -> UInt64 {
        (0..<8).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
    }
}
