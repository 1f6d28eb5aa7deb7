/// Makes the best of a header, whatever it holds.
///
/// Parts are recognised in any order, from left to right, until something that is none:
/// - the author's name, if it is not known before;
/// - a channel: the longest name that the text behind `<|channel|>` begins with, or a channel's name as a word;
/// - a recipient: what follows `to=`, up to the first character that no name has; also a bare word that begins with
///   `functions.` or is the name of a declared function;
/// - a content type: the word behind `<|constrain|>`, or the bare words `json` and `code`;
/// - punctuation, which is ignored.
///
/// What is none of these is ignored if `<|message|>` ended the header. If it never came, free text begins there, which
/// is the message's content.
struct HeaderReader {
    /// What was found.
    struct Reading {
        var channel: HarmonyChannel?
        var recipient: String?
        var contentType: String?
        var isConstrained = false
        /// An author who is not the assistant.
        var foreignAuthor: String?
        /// The text from the first byte on that is no part of a header, where this may be content.
        var freeText = ""
        /// What was skipped as meaning nothing.
        var ignored = ""

        /// Whether the header is written as models are trained to, so that it may be repeated to the model.
        var isClean = false

        /// The header with what is missing filled in.
        var header: HarmonyHeader {
            HarmonyHeader(
                channel: channel ?? (recipient == nil ? .final : .commentary), recipient: recipient,
                contentType: contentType, isConstrained: isConstrained)
        }
    }

    private let symbols: [HeaderBuffer.Symbol]
    private let toolNames: HarmonyToolNames
    private let hasMessageToken: Bool
    private var offset = 0
    private var reading = Reading()

    /// Reads a header.
    ///
    /// - Parameter hasMessageToken: whether `<|message|>` ended it.
    static func read(_ buffer: HeaderBuffer, toolNames: HarmonyToolNames, hasMessageToken: Bool) -> Reading {
        var reader = HeaderReader(symbols: buffer.symbols, toolNames: toolNames, hasMessageToken: hasMessageToken)
        reader.skipSpace()
        if !buffer.isAuthorKnown { reader.readAuthor() }
        while reader.reading.foreignAuthor == nil, reader.readPart() {}
        let rest = reader.symbols[reader.offset...].compactMap(UInt8.init(exactly:))
        reader.reading.freeText = String(decoding: rest, as: UTF8.self)
        reader.reading.isClean = reader.isClean(isAuthorKnown: buffer.isAuthorKnown)
        return reader.reading
    }

    private init(symbols: [HeaderBuffer.Symbol], toolNames: HarmonyToolNames, hasMessageToken: Bool) {
        self.symbols = symbols
        self.toolNames = toolNames
        self.hasMessageToken = hasMessageToken
    }

    // MARK: - Parts

    private mutating func readAuthor() {
        let word = word(from: offset)
        if word.starts(with: "assistant".utf8) {
            offset += 9
            guard offset < symbols.count, symbols[offset] == UInt16(UInt8(ascii: ":")) else { return }
            offset += 1
            offset += nameBytes(from: offset).count
            return
        }
        let text = String(decoding: word, as: UTF8.self)
        let isOther = ["user", "system", "developer", "tool"].contains {
            text == $0 || text.dropping(prefix: $0 + ":") != nil
        }
        // A tool's result names the assistant as its recipient, right behind the tool.
        let behind = self.word(from: spaceEnd(from: offset + word.count))
        if isOther || text.dropping(prefix: "functions.") != nil || behind.starts(with: "to=assistant".utf8) {
            reading.foreignAuthor = text
        }
    }

    /// Reads the next part; false if there is none.
    private mutating func readPart() -> Bool {
        skipSpace()
        guard offset < symbols.count else { return false }
        switch symbols[offset] {
        case HeaderBuffer.channelMarker:
            offset += 1
            readMarkedChannel()
            return true
        case HeaderBuffer.constrainMarker:
            offset += 1
            readConstrainedType()
            return true
        default: return readWord()
        }
    }

    private mutating func readMarkedChannel() {
        skipSpace()
        let isSecond = reading.channel != nil
        skipPunctuation()
        skipDirt()
        let letters = word(from: offset).prefix { $0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "z") }
        let found = HarmonyChannel.allCases
            .map { (channel: $0, common: commonPrefix(letters, $0.rawValue)) }
            .max { $0.common < $1.common }
        guard let found, found.common > 0 else { return }
        let isWhole = found.common == found.channel.rawValue.utf8.count
        // Misspelt (`commentry`), or cut off where the header ends.
        let isNearly = found.common >= 4 && letters.count - found.common <= 3
        let isCut = found.common == letters.count && offset + letters.count == symbols.count
        guard isWhole || isNearly || isCut else { return }
        if isSecond || !isWhole { ignore(isSecond ? "<second channel>" : String(decoding: letters, as: UTF8.self)) }
        reading.channel = found.channel
        offset += isWhole ? found.common : letters.count
        skipPunctuation()
    }

    /// Skips what stands before a channel's name without a space, as in `––commentary`.
    private mutating func skipDirt() {
        let word = word(from: offset)
        let dirt = word.prefix { !isHeaderNameByte($0) || $0 == UInt8(ascii: "-") }
        if !dirt.isEmpty, channelWord(word.dropFirst(dirt.count)) != nil { ignore(consume(dirt.count)) }
    }

    private mutating func readConstrainedType() {
        skipSpace()
        let type = nameBytes(from: offset)
        if reading.isConstrained { ignore(reading.contentType ?? "") }
        reading.isConstrained = true
        if !type.isEmpty { reading.contentType = String(decoding: type, as: UTF8.self) }
        offset += type.count
        skipPunctuation()
    }

    private mutating func readWord() -> Bool {
        let word = word(from: offset)
        if word.starts(with: "to=".utf8) {
            offset += 3
            return readRecipient()
        }
        if word.elementsEqual("assistant".utf8) {
            ignore(consume(word.count))
            return true
        }
        if reading.channel == nil, let channel = channelWord(word) {
            ignore("missing <channel>")
            reading.channel = channel
            offset += channel.rawValue.utf8.count
            return true
        }
        if let type = typeWord(word) {
            reading.contentType = consume(type.utf8.count)
            return true
        }
        let name = nameBytes(from: offset)
        let text = String(decoding: name, as: UTF8.self)
        if reading.recipient == nil,
            text.dropping(prefix: "functions.") != nil || toolNames.declaredFunction(recipient: text) != nil
        {
            ignore("missing to=")
            reading.recipient = consume(name.count)
            return true
        }
        let start = offset
        skipPunctuation()
        return offset > start || skipUnknown(word)
    }

    /// Skips a word that means nothing, or what of it stands before a recipient, unless content may begin here.
    private mutating func skipUnknown(_ word: ArraySlice<UInt8>) -> Bool {
        guard hasMessageToken || symbols[offset...].contains(HeaderBuffer.channelMarker) else { return false }
        let recipient = word.firstRange(of: "to=".utf8) ?? word.firstRange(of: "functions.".utf8)
        let isAtStart = recipient?.lowerBound == word.startIndex
        ignore(consume(recipient.map { isAtStart ? word.count : $0.lowerBound - word.startIndex } ?? word.count))
        return true
    }

    /// Behind `to=`.
    private mutating func readRecipient() -> Bool {
        if offset < symbols.count, isSpace(symbols[offset]) { skipSpace() }
        while offset < symbols.count, symbols[offset] == UInt16(UInt8(ascii: "\"")) { ignore(consume(1)) }
        let name = consume(nameBytes(from: offset).count)
        if reading.recipient != nil, !name.isEmpty { ignore("<second recipient>") }
        // These are no tools.
        if !["", "all", "user", "assistant"].contains(name) { reading.recipient = name }
        skipPunctuation()
        return true
    }

    /// The channel that a word begins with, unless it is another word that goes on (`finally`).
    private func channelWord(_ word: ArraySlice<UInt8>) -> HarmonyChannel? {
        HarmonyChannel.allCases.first { channel in
            guard word.starts(with: channel.rawValue.utf8) else { return false }
            let next = word.dropFirst(channel.rawValue.utf8.count).first
            return next.map { !(UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) } ?? true
        }
    }

    /// A content type that a word is, or that a tool's arguments follow directly.
    private func typeWord(_ word: ArraySlice<UInt8>) -> String? {
        guard reading.contentType == nil else { return nil }
        return ["json", "code"].first { type in
            guard word.starts(with: type.utf8) else { return false }
            let next = word.dropFirst(type.utf8.count).first
            return next == nil || reading.recipient != nil && next.map { !isHeaderNameByte($0) } ?? true
        }
    }
}

// MARK: - The trained form

extension HeaderReader {
    /// Whether the header is exactly its parts in one of the orders that models write, with nothing else around them.
    private func isClean(isAuthorKnown: Bool) -> Bool {
        guard let channel = reading.channel else { return false }
        let author = isAuthorKnown ? [] : bytes("assistant")
        let channelPart = [HeaderBuffer.channelMarker] + bytes(channel.rawValue)
        let recipient = reading.recipient.map { bytes(" to=" + $0) } ?? []
        let types = reading.contentType.map { type in
            reading.isConstrained
                ? [
                    bytes(" ") + [HeaderBuffer.constrainMarker] + bytes(type),
                    [HeaderBuffer.constrainMarker] + bytes(type),
                ] : [bytes(" " + type)]
        }
        return (types ?? [[]]).contains { type in
            symbols == author + channelPart + recipient + type || symbols == author + recipient + channelPart + type
        }
    }

    private func bytes(_ text: String) -> [HeaderBuffer.Symbol] { text.utf8.map(HeaderBuffer.Symbol.init) }
}

// MARK: - Symbols

extension HeaderReader {
    private func isSpace(_ symbol: HeaderBuffer.Symbol) -> Bool {
        symbol == 0x20 || symbol == 0x09 || symbol == 0x0A || symbol == 0x0D
    }

    private func spaceEnd(from start: Int) -> Int {
        symbols[min(start, symbols.count)...].firstIndex { !isSpace($0) } ?? symbols.count
    }

    private mutating func skipSpace() { offset = spaceEnd(from: offset) }

    /// Bytes up to white space or a marker.
    private func word(from start: Int) -> ArraySlice<UInt8> {
        ArraySlice(symbols[min(start, symbols.count)...].prefix { $0 < 256 && !isSpace($0) }.map(UInt8.init))
    }

    private func nameBytes(from start: Int) -> ArraySlice<UInt8> { word(from: start).prefix(while: isHeaderNameByte) }

    /// Skips punctuation that is a word, or the end of one. Brackets and quotes begin texts and stay.
    private mutating func skipPunctuation() {
        let rest = word(from: offset)
        let marks = String(decoding: rest, as: UTF8.self).unicodeScalars
        guard !marks.isEmpty, marks.allSatisfy({ headerPunctuation.contains($0) }) else { return }
        ignore(consume(rest.count))
    }

    private mutating func consume(_ count: Int) -> String {
        let text = symbols[offset..<offset + count].compactMap(UInt8.init(exactly:))
        offset += count
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func ignore(_ text: String) {
        reading.ignored += reading.ignored.isEmpty ? text : " " + text
    }

    private func commonPrefix(_ letters: ArraySlice<UInt8>, _ name: String) -> Int {
        zip(letters, name.utf8).prefix { $0 | 0x20 == $1 }.count
    }
}

/// What models have been seen to write around the parts of headers.
private let headerPunctuation = Set(
    "?!.,:;-_=|/<>*\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2015}\u{2026}\u{FFFD}".unicodeScalars)
