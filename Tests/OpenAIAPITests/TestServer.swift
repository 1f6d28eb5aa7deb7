import APISupport
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

/// The OpenAI door with a model whose output the test writes.
struct TestServer: Sendable {
    let generator: ScriptedGenerator
    let metrics = Metrics()
    let state = ServiceState()
    private let connections = ClientConnections()
    private let responder: APIResponder

    /// - Parameter outputs: one per generation, with control tokens as text; the last is repeated.
    init(_ outputs: String..., keys: [String] = [], bodyLimit: Int = 1 << 20) throws {
        let tokenizer = try BytePairTokenizer.o200kHarmony()
        try self.init(
            scripts: outputs.map { ScriptedGenerator.Script(tokenizer.encode($0, allowedSpecial: .all)) }, keys: keys,
            bodyLimit: bodyLimit)
    }

    init(
        scripts: [ScriptedGenerator.Script], keys: [String] = [], bodyLimit: Int = 1 << 20,
        keepAlive: Duration = .seconds(15)
    ) throws {
        generator = ScriptedGenerator(scripts)
        let encoding = try HarmonyEncoding(tokenizer: try BytePairTokenizer.o200kHarmony())
        let model = ServedModel(
            id: "demo0000demo", names: ["demo", "org/alias"], generator: generator, encoding: encoding,
            created: 1_700_000_000)
        let pool = ModelPool(
            catalog: EmptyCatalog(), pinned: [OpenedModel(served: model, byteCount: 0) {}],
            date: CalendarDate(unixSeconds: 1_754_438_400), logger: Logger(label: "test"))
        let door = OpenAIDoor(pool, metrics: GenerationMetrics(metrics), keepAlive: keepAlive)
        let operations = OperationsRoutes(state: state, metrics: metrics, version: "1.2.3")
        responder = APIResponder(
            doors: [door.door, Door(routes: operations.routes, errors: door.door.errors)],
            authenticator: Authenticator(keys: try temporaryKeys(keys)),
            bodyLimit: bodyLimit, state: state, metrics: metrics, connections: connections)
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
            let response = try await client.executeRequest(
                uri: path, method: method, headers: headers, body: body.map { ByteBuffer(string: $0) })
            return TestAnswer(response)
        }
    }

    /// Posts a body in process.
    func post(_ path: String, _ body: String) async throws -> TestAnswer {
        try await send(.post, path, body: body)
    }

    /// Asks one question; more fields may follow.
    func chat(_ fields: String = "") async throws -> TestAnswer {
        try await post(
            "/v1/chat/completions",
            "{\"model\":\"demo\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]\(fields)}")
    }
}

/// What the server answered.
struct TestAnswer: Sendable {
    let status: Int
    let headers: HTTPFields
    let text: String

    init(_ response: TestResponse) {
        status = Int(response.status.code)
        headers = response.headers
        text = String(buffer: response.body)
    }

    /// The body as JSON.
    var json: JSONValue { get throws { try JSONValue.parse(text) } }

    /// The data of each event of a stream, the last one's `[DONE]` checked and left out.
    var events: [JSONValue] {
        get throws {
            var events = text.components(separatedBy: "\n\n").filter { $0.hasPrefix("data: ") }.map { $0.dropFirst(6) }
            #expect(events.popLast() == "[DONE]")
            return try events.map { try JSONValue.parse(String($0)) }
        }
    }

    /// The error object's fields.
    func expectError(
        _ status: Int, _ code: String?, parameter: String? = nil, contains text: String = "",
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        #expect(self.status == status, "\(self.text)", sourceLocation: location)
        let error = try #require(try json["error"], sourceLocation: location)
        #expect(error["code"]?.stringValue == code, "\(self.text)", sourceLocation: location)
        #expect(error["param"]?.stringValue == parameter, "\(self.text)", sourceLocation: location)
        #expect(error["type"]?.stringValue != nil, sourceLocation: location)
        #expect(
            text.isEmpty || error["message"]?.stringValue?.contains(text) == true, "\(self.text)",
            sourceLocation: location)
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
