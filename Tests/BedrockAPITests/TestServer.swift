import APISupport
import BedrockAPI
import Conversation
import Foundation
import Generation
import HTTPTypes
import Harmony
import Hummingbird
import HummingbirdTesting
import JSON
import Logging
import NIOCore
import OpenAIAPI
import TestSupport
import Testing
import Tokenizer

/// The Bedrock and the OpenAI door with a model whose output the test writes.
struct TestServer: Sendable {
    /// An ARN of the served model.
    static let arn = "arn:aws:bedrock:us-east-1:123456789012:imported-model/demo0000demo"

    let generator: ScriptedGenerator
    let state = ServiceState()
    private let connections = ClientConnections()
    private let responder: APIResponder

    /// - Parameter outputs: one per generation, with control tokens as text; the last is repeated.
    init(_ outputs: String..., keys: [String] = [], bodyLimit: Int = 32 << 20) throws {
        let tokenizer = try BytePairTokenizer.o200kHarmony()
        try self.init(
            scripts: outputs.map { ScriptedGenerator.Script(tokenizer.encode($0, allowedSpecial: .all)) }, keys: keys,
            bodyLimit: bodyLimit)
    }

    init(
        scripts: [ScriptedGenerator.Script], keys: [String] = [], bodyLimit: Int = 32 << 20,
        keepAlive: Duration = .seconds(15), controlPlane: ControlPlane? = nil
    ) throws {
        generator = ScriptedGenerator(scripts)
        let encoding = try HarmonyEncoding(tokenizer: try BytePairTokenizer.o200kHarmony())
        let model = ServedModel(
            id: "demo0000demo", names: ["demo"], generator: generator, encoding: encoding, created: 1_700_000_000)
        let pool = ModelPool(
            catalog: EmptyCatalog(), pinned: [OpenedModel(served: model, byteCount: 0) {}],
            date: CalendarDate(unixSeconds: 1_754_438_400), logger: Logger(label: "test"))
        let metrics = Metrics()
        responder = APIResponder(
            doors: [
                OpenAIDoor(pool, metrics: GenerationMetrics(metrics)).door,
                BedrockDoor(pool, controlPlane: controlPlane, metrics: GenerationMetrics(metrics), keepAlive: keepAlive)
                    .door,
            ],
            authenticator: Authenticator(keys: try temporaryKeys(keys)), bodyLimit: bodyLimit, state: state,
            metrics: metrics,
            connections: connections)
    }

    /// The application, on a free port when it is tested live.
    var application: Application<APIResponder> {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return Application(
            responder: responder,
            server: .http1(configuration: .init(additionalChannelHandlers: [connections.makeHandler()])),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)), logger: logger)
    }

    /// Sends one request in process.
    func send(
        _ method: HTTPRequest.Method, _ path: String, headers: HTTPFields = [:], body: String? = nil
    ) async throws -> TestAnswer {
        try await application.test(.router) { client in
            TestAnswer(
                try await client.executeRequest(
                    uri: path, method: method, headers: headers, body: body.map { ByteBuffer(string: $0) }))
        }
    }

    /// Posts a body to an operation of the model.
    func call(_ operation: String, _ body: String, headers: HTTPFields = [:]) async throws -> TestAnswer {
        try await send(.post, "/model/demo/\(operation)", headers: headers, body: body)
    }

    /// The prompt of the newest generation as text.
    var prompt: String {
        get throws {
            let tokenizer = try BytePairTokenizer.o200kHarmony()
            let ids = try #require(generator.requests.last?.prompt)
            return String(decoding: ids.flatMap { tokenizer.bytes(of: $0) ?? [] }, as: UTF8.self)
        }
    }
}

/// What the server answered.
struct TestAnswer: Sendable {
    let status: Int
    let headers: HTTPFields
    let bytes: [UInt8]

    init(_ response: TestResponse) {
        status = Int(response.status.code)
        headers = response.headers
        bytes = Array(buffer: response.body)
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The body as JSON.
    var json: JSONValue { get throws { try JSONValue.parse(bytes) } }

    /// A header by its name.
    func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }

    /// The frames of an event stream, checked byte by byte.
    func frames(_ location: SourceLocation = #_sourceLocation) throws -> [ParsedFrame] {
        #expect(header("content-type") == "application/vnd.amazon.eventstream", "\(text)", sourceLocation: location)
        return try ParsedFrame.parse(bytes)
    }

    /// The decoded objects of an invocation's stream.
    func chunks(_ location: SourceLocation = #_sourceLocation) throws -> [JSONValue] {
        try frames(location).map { frame in
            #expect(frame.headers[":event-type"] == "chunk", sourceLocation: location)
            let text = try #require(frame.json["bytes"]?.stringValue, sourceLocation: location)
            return try JSONValue.parse([UInt8](try #require(Data(base64Encoded: text), sourceLocation: location)))
        }
    }

    /// An error by its code, status and words.
    func expectError(
        _ status: Int, _ code: String, contains text: String = "", _ location: SourceLocation = #_sourceLocation
    ) throws {
        #expect(self.status == status, "\(self.text)", sourceLocation: location)
        #expect(header("x-amzn-errortype") == code, "\(self.text)", sourceLocation: location)
        #expect(header("content-type") == "application/json", sourceLocation: location)
        #expect(header("x-amzn-RequestId")?.isEmpty == false, sourceLocation: location)
        let message = try #require(try json["message"]?.stringValue, sourceLocation: location)
        #expect(text.isEmpty || message.contains(text), "\(message)", sourceLocation: location)
    }
}

/// A frame as a reader sees it that knows the format only.
struct ParsedFrame: Sendable {
    let headers: [String: String]
    let payload: [UInt8]

    var json: JSONValue { get throws { try JSONValue.parse(payload) } }

    static func parse(_ bytes: [UInt8]) throws -> [ParsedFrame] {
        var frames: [ParsedFrame] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let total = number(rest.prefix(4))
            try #require(total >= 16 && total <= rest.count)
            let frame = Array(rest.prefix(total))
            let headerBytes = number(frame[4..<8])
            try #require(headerBytes <= total - 16)
            #expect(checksum(frame[0..<8]) == number(frame[8..<12]))
            #expect(checksum(frame[0..<(total - 4)]) == number(frame[(total - 4)...]))
            frames.append(
                ParsedFrame(
                    headers: try headers(frame[12..<(12 + headerBytes)]),
                    payload: Array(frame[(12 + headerBytes)..<(total - 4)])))
            rest = rest.dropFirst(total)
        }
        return frames
    }

    private static func headers(_ bytes: ArraySlice<UInt8>) throws -> [String: String] {
        var result: [String: String] = [:]
        var rest = Array(bytes)
        while let length = rest.first {
            let name = String(decoding: rest[1...Int(length)], as: UTF8.self)
            rest.removeFirst(1 + Int(length))
            try #require(rest[0] == 7)
            let count = number(rest[1..<3])
            #expect(result.updateValue(String(decoding: rest[3..<(3 + count)], as: UTF8.self), forKey: name) == nil)
            rest.removeFirst(3 + count)
        }
        return result
    }

    private static func number(_ bytes: some Sequence<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

    /// CRC-32 bit by bit, written apart from the one that is tested.
    private static func checksum(_ bytes: some Sequence<UInt8>) -> Int {
        var register: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            for bit in 0..<8 {
                let isSet = (register ^ UInt32(byte) >> UInt32(bit)) & 1 == 1
                register = (register >> 1) ^ (isSet ? 0xEDB8_8320 : 0)
            }
        }
        return Int(~register)
    }
}

extension JSONValue {
    /// An element of an array.
    subscript(index: Int) -> JSONValue? {
        arrayValue.flatMap { $0.indices.contains(index) ? $0[index] : nil }
    }
}

/// A thought and an answer.
let simpleOutput =
    "<|channel|>analysis<|message|>Think.<|end|><|start|>assistant<|channel|>final<|message|>Hello you!<|return|>"
/// A thought and a call.
let callOutput =
    "<|channel|>analysis<|message|>Look.<|end|><|start|>assistant to=functions.get_weather<|channel|>commentary "
    + "<|constrain|>json<|message|>{\"city\": \"Oslo\"}<|call|>"
/// A question for Converse; more fields may follow.
func question(_ fields: String = "") -> String {
    "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Hi\"}]}]\(fields)}"
}
/// The declaration of a function for Converse, as a further field.
let weatherTool =
    ",\"toolConfig\":{\"tools\":[{\"toolSpec\":{\"name\":\"get_weather\",\"description\":\"Weather\",\"inputSchema\":"
    + "{\"json\":{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}}}}}}]}"
