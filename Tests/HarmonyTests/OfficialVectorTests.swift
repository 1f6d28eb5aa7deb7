import Harmony
import JSON
import TestSupport
import Testing
import Tokenizer

/// The official package's recorded behaviour.
@Suite struct OfficialVectorTests {
    private func encoding() throws -> HarmonyEncoding { try HarmonyEncoding(tokenizer: .o200kHarmony()) }

    private func vectors(_ name: String) throws -> [JSONValue] {
        try fixtureLines("harmony/\(name).jsonl").map { try JSONValue.parse($0) }
    }

    @Test("every conversation renders to the official ids and text, or fails as the official renderer does")
    func render() throws {
        let lines = HarmonyLines(try encoding())
        let vectors = try vectors("render")
        #expect(vectors.count == 596)
        for vector in vectors {
            let output = lines.render(line: vector)
            let error = vector["error"]
            // The texts of shape errors are the JSON library's, not the format's.
            let isShapeError = error?["type"] == "ValueError" && output["error"]?["type"] == "ValueError"
            let isRight =
                isShapeError
                || isSame(output["error"], error) && isSame(output["ids"], vector["ids"])
                    && isSame(output["text"], vector["text"])
            if !isRight { report(vector, expected: error ?? vector["text"], found: output) }
        }
    }

    private func isSame(_ left: JSONValue?, _ right: JSONValue?) -> Bool {
        left?.serializedBytes() == right?.serializedBytes()
    }

    private func report(_ vector: JSONValue, expected: JSONValue?, found: JSONValue) {
        let name = "\(vector["id"]?.stringValue ?? "") \(vector["cat"]?.stringValue ?? "")"
        Issue.record("\(name)\nexpected \(expected?.serialized() ?? "")\nfound \(found.serialized())")
    }

    @Test("all tokens parse to the official messages or errors, strictly and leniently", arguments: [true, false])
    func parse(isStrict: Bool) throws {
        let lines = HarmonyLines(try encoding())
        let vectors = try vectors("parse")
        #expect(vectors.count == 1015)
        for vector in vectors {
            var input = vector.objectValue ?? JSONObject()
            input["strict"] = .bool(isStrict)
            let output = lines.parse(line: .object(input))
            let expected = vector[isStrict ? "strict" : "lenient"]
            if !isSame(output, expected) { report(vector, expected: expected, found: output) }
        }
    }

    @Test("after every token the parser is in the official state with the official delta")
    func stream() throws {
        let encoding = try encoding()
        var runCount = 0
        for vector in try vectors("parse") {
            let tokens = (vector["tokens"]?.arrayValue ?? []).compactMap(\.intValue).compactMap(UInt32.init(exactly:))
            let role = vector["role"]?.stringValue.flatMap(HarmonyRole.init(rawValue:))
            for run in vector["stream"]?.arrayValue ?? [] {
                runCount += 1
                let isStrict = run["strict"]?.boolValue ?? true
                let found = streamRun(tokens, OfficialParser(encoding, role: role, isStrict: isStrict), isStrict)
                if !isSame(found, run) { report(vector, expected: run, found: found) }
            }
        }
        #expect(runCount == 1117)
    }

    /// A run in the form in which the vectors have it.
    private func streamRun(_ tokens: [UInt32], _ initial: OfficialParser, _ isStrict: Bool) -> JSONValue {
        var parser = initial
        var steps: [JSONValue] = []
        for (index, token) in tokens.enumerated() {
            do {
                try parser.process(token)
                steps.append(snapshot(parser))
            } catch {
                return [
                    "strict": .bool(isStrict), "steps": .array(steps),
                    "error": [
                        "at": JSONValue(index), "type": .string(error.kind.rawValue),
                        "message": .string(error.message), "state_after": snapshot(parser),
                    ], "messages": messages(parser),
                ]
            }
        }
        let content = parser.currentContent
        var end: JSONValue = ["ok": true]
        do { try parser.processEnd() } catch { end = ["ok": false, "error": error.json] }
        return [
            "strict": .bool(isStrict), "steps": .array(steps), "content_before_eos": .string(content), "eos": end,
            "after_eos": snapshot(parser), "messages": messages(parser),
        ]
    }

    private func messages(_ parser: OfficialParser) -> JSONValue {
        .array(
            parser.messages.map { message in
                var object = JSONObject([("role", .string(message.role.rawValue))])
                object["name"] = message.name.map(JSONValue.string)
                object["recipient"] = message.recipient.map(JSONValue.string)
                object["content"] = .string(message.text)
                object["channel"] = message.channel.map(JSONValue.string)
                object["content_type"] = message.contentType.map(JSONValue.string)
                return .object(object)
            })
    }

    private func snapshot(_ parser: OfficialParser) -> JSONValue {
        func json(_ text: String?) -> JSONValue { text.map(JSONValue.string) ?? .null }
        let state =
            switch parser.state {
            case .expectStart: "E"
            case .header: "H"
            case .content: "C"
            }
        return [
            .string(state), json(parser.currentRole?.rawValue), json(parser.currentChannel),
            json(parser.currentRecipient), json(parser.currentContentType), json(parser.lastContentDelta),
            JSONValue(parser.messages.count),
        ]
    }
}
