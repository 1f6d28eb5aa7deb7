import Tokenizer

extension HarmonyStreamParser {
    /// - Parameter channelToken: the `<|channel|>` that began the header, if none of the author's tokens did.
    mutating func beginHeader(isAuthorKnown: Bool, channelToken: Int32?) {
        headerBuffer = HeaderBuffer(isAuthorKnown: isAuthorKnown)
        if let channelToken {
            headerBuffer.append(marker: HeaderBuffer.channelMarker, token: channelToken)
            headerBuffer.isMended = true
        }
        phase = .header
    }

    mutating func consumeInHeader(_ id: Int32) {
        if id == encoding.message {
            endHeader(id)
        } else if let end = messageEnd(id) {
            salvage(end)
            if phase != .over { moveOn(after: end) }
        } else if id == encoding.start {
            restartHeader()
        } else if id == encoding.channel {
            appendChannelMarker(id)
        } else if id == encoding.constrain {
            headerBuffer.append(marker: HeaderBuffer.constrainMarker, token: id)
            salvageIfFull()
        } else if encoding.tokenizer.isSpecial(id) {
            headerBuffer.isMended = true
            diagnose(.unexpectedControlToken(id))
        } else if let bytes = encoding.tokenizer.bytes(of: id) {
            headerBuffer.append(bytes, token: id)
            if headerBuffer.isSuspicious { salvageIfText() }
        } else {
            headerBuffer.isMended = true
            diagnose(.unknownToken(id))
        }
    }

    private func reading(hasMessageToken: Bool) -> HeaderReader.Reading {
        HeaderReader.read(headerBuffer, toolNames: toolNames, hasMessageToken: hasMessageToken)
    }

    /// At `<|message|>`.
    private mutating func endHeader(_ id: Int32) {
        let reading = reading(hasMessageToken: true)
        if abandon(reading) { return }
        let ignored = [reading.ignored, reading.freeText].filter { !$0.isEmpty }.joined(separator: " ")
        if reading.channel == nil { diagnose(.missingChannel) }
        if !ignored.isEmpty || reading.channel != nil && !reading.isClean {
            diagnose(.malformedHeader(ignored: ignored))
        }
        let isClean = reading.isClean && !headerBuffer.isMended
        beginMessage(reading.header, tokens: isClean ? repeatableTokens.map { $0 + [id] } : nil)
    }

    /// The header's ids without the author's; nil if the author is written in another way than the renderer does.
    private var repeatableTokens: [Int32]? {
        if headerBuffer.isAuthorKnown { return headerBuffer.tokens }
        guard headerBuffer.tokens.starts(with: authorTokens) else { return nil }
        return Array(headerBuffer.tokens.dropFirst(authorTokens.count))
    }

    /// Ends the turn if the header is another author's.
    private mutating func abandon(_ reading: HeaderReader.Reading) -> Bool {
        guard let author = reading.foreignAuthor else { return false }
        diagnose(.foreignAuthor(author))
        endTurn(.abandoned)
        return true
    }

    // MARK: - Headers without <|message|>

    /// Makes a message of a header that something else than `<|message|>` ended, if it holds text or names a recipient.
    private mutating func salvage(_ end: HarmonyMessageEnd) {
        let reading = reading(hasMessageToken: false)
        if abandon(reading) { return }
        guard !reading.freeText.isEmpty || reading.recipient != nil else {
            diagnose(.malformedHeader(ignored: reading.ignored))
            return
        }
        beginSalvaged(reading)
        endMessage(end)
    }

    private mutating func beginSalvaged(_ reading: HeaderReader.Reading) {
        diagnose(.missingMessageToken)
        if reading.channel == nil { diagnose(.missingChannel) }
        if !reading.ignored.isEmpty { diagnose(.malformedHeader(ignored: reading.ignored)) }
        beginMessage(reading.header, tokens: nil)
        emit(reading.freeText)
    }

    /// Turns to content as soon as a header holds so much text that it cannot be one, but never within a scalar.
    private mutating func salvageIfText() {
        if headerBuffer.endsWithinScalar { return }
        let reading = reading(hasMessageToken: false)
        let isText = reading.freeText.utf8.count > 96 || reading.freeText.utf8.contains(0x0A)
        guard isText || headerBuffer.isFull else { return }
        if !abandon(reading) { beginSalvaged(reading) }
    }

    private mutating func salvageIfFull() {
        if headerBuffer.isFull { salvageIfText() }
    }

    /// At `<|start|>` within a header.
    private mutating func restartHeader() {
        let reading = reading(hasMessageToken: false)
        if abandon(reading) { return }
        if !reading.freeText.isEmpty {
            beginSalvaged(reading)
            endMessage(.nextMessage)
        } else if !headerBuffer.isEmpty {
            diagnose(.malformedHeader(ignored: "<second start>"))
        }
        beginHeader(isAuthorKnown: false, channelToken: nil)
    }

    /// At `<|channel|>`. A header that has a channel and text has lost its `<|message|>`, and another one begins.
    private mutating func appendChannelMarker(_ id: Int32) {
        let reading = reading(hasMessageToken: false)
        if reading.foreignAuthor == nil, reading.channel != nil, reading.recipient == nil, !reading.freeText.isEmpty {
            beginSalvaged(reading)
            endMessage(.nextMessage)
            beginHeader(isAuthorKnown: true, channelToken: id)
        } else if headerBuffer.symbols.last == HeaderBuffer.channelMarker {
            headerBuffer.isMended = true
            diagnose(.unexpectedControlToken(id))
        } else {
            headerBuffer.append(marker: HeaderBuffer.channelMarker, token: id)
            salvageIfFull()
        }
    }

    /// At the end of the ids: text is kept, but a part of a header that was cut off is no text.
    mutating func finishHeader() {
        let reading = reading(hasMessageToken: false)
        if abandon(reading) { return }
        let parts = ["assistant", "to=", "json", "code", "functions."] + HarmonyChannel.allCases.map(\.rawValue)
        let isPart = parts.contains { $0.utf8.starts(with: reading.freeText.utf8) }
        if reading.freeText.isEmpty || isPart {
            if !headerBuffer.isEmpty { diagnose(.unfinishedHeader) }
            return
        }
        beginSalvaged(reading)
        endMessage(.unfinished)
    }
}
