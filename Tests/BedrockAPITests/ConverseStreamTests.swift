import Foundation
import Generation
import JSON
import TestSupport
import Testing

@Suite struct ConverseStreamTests {
    /// A frame as `name: payload`, without what changes from run to run.
    private func line(_ frame: ParsedFrame) throws -> String {
        let text = try frame.json.serialized()
            .replacing(/"latencyMs":\d+/, with: "\"latencyMs\":0")
            .replacing(/"toolUseId":"[A-Za-z0-9_.:-]{1,64}"/, with: "\"toolUseId\":\"ID\"")
        return (frame.headers[":event-type"] ?? frame.headers[":exception-type"] ?? "") + ": " + text
    }

    @Test("blocks follow each other: text and thoughts without a start, calls with one")
    func order() async throws {
        let server = try TestServer(callOutput)
        let frames = try await server.call("converse-stream", question(weatherTool)).frames()
        #expect(frames.allSatisfy { $0.headers[":message-type"] == "event" })
        #expect(frames.allSatisfy { $0.headers[":content-type"] == "application/json" })
        let lines = try frames.map(line)
        #expect(lines.first == "messageStart: {\"role\":\"assistant\"}")
        let starts = lines.filter { $0.hasPrefix("contentBlockStart") }
        #expect(
            starts == [
                "contentBlockStart: {\"start\":{\"toolUse\":{\"toolUseId\":\"ID\",\"name\":\"get_weather\"}},"
                    + "\"contentBlockIndex\":1}"
            ])
        let deltas = try frames.filter { $0.headers[":event-type"] == "contentBlockDelta" }.map { try $0.json }
        let thoughts = deltas.compactMap { $0["delta"]?["reasoningContent"]?["text"]?.stringValue }.joined()
        #expect(thoughts == "Look.")
        let input = deltas.compactMap { $0["delta"]?["toolUse"]?["input"]?.stringValue }.joined()
        #expect(input == "{\"city\": \"Oslo\"}")
        let stops = lines.filter { $0.hasPrefix("contentBlockStop") }
        #expect(stops == (0...1).map { "contentBlockStop: {\"contentBlockIndex\":\($0)}" })
        #expect(lines.dropLast().last == "messageStop: {\"stopReason\":\"tool_use\"}")
        #expect(lines.last?.hasPrefix("metadata: {\"usage\":{\"inputTokens\":") == true)
    }

    @Test("indices never go back, and every block is closed before the next")
    func indices() async throws {
        let server = try TestServer(simpleOutput)
        let frames = try await server.call("converse-stream", question()).frames()
        var open: Int?
        var next = 0
        for frame in frames {
            let index = try frame.json["contentBlockIndex"]?.intValue
            switch frame.headers[":event-type"] {
            case "contentBlockDelta":
                if open == nil { (open, next) = (next, next + 1) }
                #expect(index == open)
            case "contentBlockStop":
                #expect(index == open)
                open = nil
            default: #expect(index == nil)
            }
        }
        #expect(open == nil && next == 2)
    }

    @Test("a stream and a whole answer say the same")
    func sameAsWhole() async throws {
        let whole = try await TestServer(simpleOutput).call("converse", question()).json
        let frames = try await TestServer(simpleOutput).call("converse-stream", question()).frames()
        let text = try frames.compactMap { try $0.json["delta"]?["text"]?.stringValue }.joined()
        #expect(whole["output"]?["message"]?["content"]?[1]?["text"]?.stringValue == text)
        #expect(try frames.last?.json["usage"] == whole["usage"])
    }

    @Test(
        "an engine that fails ends the stream with an exception frame",
        arguments: [
            (GenerationError.failed("no pages left"), "modelStreamErrorException"),
            (GenerationError.overloaded(retryAfterSeconds: 2), "throttlingException"),
            (GenerationError.shuttingDown, "serviceUnavailableException"),
        ])
    func failure(_ error: GenerationError, _ type: String) async throws {
        let server = try TestServer(scripts: [.init([200_005, 17_196, 200_008, 13_225], failure: error)])
        let last = try #require(try await server.call("converse-stream", question()).frames().last)
        #expect(last.headers[":message-type"] == "exception")
        #expect(last.headers[":exception-type"] == type)
        #expect(try last.json["message"]?.stringValue?.isEmpty == false)
    }
}
