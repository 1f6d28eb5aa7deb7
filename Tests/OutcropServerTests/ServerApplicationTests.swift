import APISupport
import Conversation
import Generation
import Harmony
import Hummingbird
import Logging
import ServiceLifecycle
import TestSupport
import Testing
import Tokenizer

@testable import OutcropServer

/// A model whose output is `Hello!`, after a while.
func scriptedModel(prefill: Duration = .zero) throws -> (model: ServedModel, generator: ScriptedGenerator) {
    let tokenizer = try BytePairTokenizer.o200kHarmony()
    let ids = tokenizer.encode("<|channel|>final<|message|>Hello!<|return|>", allowedSpecial: .all)
    let generator = ScriptedGenerator([.init(ids, prefill: prefill)])
    let encoding = try HarmonyEncoding(tokenizer: tokenizer)
    return (
        ServedModel(id: "scriptedmode", names: ["scripted"], generator: generator, encoding: encoding, created: 1),
        generator
    )
}

/// The model as the server wants it.
func opened(_ model: ServedModel) -> OpenedModel { OpenedModel(served: model, byteCount: 0) {} }

@Suite struct ServerApplicationTests {
    private static var quiet: Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }

    /// Runs a server for as long as a test takes.
    private func withServer<Value: Sendable>(
        _ model: ServedModel, _ change: (inout ServerConfiguration) -> Void = { _ in },
        _ test: @escaping @Sendable (Int) async throws -> Value
    ) async throws -> Value {
        var configuration = ServerConfiguration(pinned: [opened(model)])
        configuration.port = 0
        change(&configuration)
        let server = try ServerApplication(configuration, logger: Self.quiet)
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run { continuation.yield($0) } }
            guard let port = await ports.first(where: { _ in true }) else { throw CancellationError() }
            let value = try await test(port)
            group.cancelAll()
            return value
        }
    }

    @Test("it answers, whole and streamed, and says who it is", .timeLimit(.minutes(1)))
    func answers() async throws {
        let model = try scriptedModel().model
        try await withServer(model) { port in
            let answer = try await RawClient.send(RawClient.chat(), port: port)
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.lowercased().contains("server: outcrop"))
            #expect(answer.contains("\"content\":\"Hello!\""))
            let stream = try await RawClient.send(RawClient.chat(",\"stream\":true"), port: port)
            #expect(stream.contains("[DONE]"))
            #expect(try await RawClient.send(RawClient.get("/health"), port: port).contains("{\"status\":\"ok\"}"))
            let metrics = try await RawClient.send(RawClient.get("/metrics"), port: port)
            #expect(metrics.contains("vllm:num_requests_running{model_name=\"scripted\",engine=\"0\"} 0\n"))
            #expect(metrics.contains("vllm:kv_cache_usage_perc{model_name=\"scripted\",engine=\"0\"} 0.25\n"))
            #expect(metrics.contains("vllm:generation_tokens_total{model_name=\"scripted\",engine=\"0\"} 7\n"))
            #expect(metrics.contains("vllm:prefix_cache_queries_total{model_name=\"scripted\",engine=\"0\"} 20\n"))
            #expect(metrics.contains("vllm:prefix_cache_hits_total{model_name=\"scripted\",engine=\"0\"} 8\n"))
        }
    }

    @Test("what is no HTTP is refused and the server lives on", .timeLimit(.minutes(1)))
    func garbage() async throws {
        let model = try scriptedModel().model
        try await withServer(model) { port in
            for request in ["\u{0}\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"] {
                _ = try? await RawClient.send(request, port: port)
            }
            let health = try await RawClient.send(RawClient.get("/health"), port: port)
            #expect(health.contains(" 200 OK"))
        }
    }

    @Test("a port that is taken is a clear error", .timeLimit(.minutes(1)))
    func portInUse() async throws {
        let model = try scriptedModel().model
        try await withServer(model) { port in
            var configuration = ServerConfiguration(pinned: [opened(model)])
            configuration.port = port
            let second = try ServerApplication(configuration, logger: Self.quiet)
            await #expect(throws: ServerError.addressInUse(host: "127.0.0.1", port: port)) { try await second.run() }
        }
    }

    /// Starts a server that can be told to stop, asks it something, tells it to stop, and returns what the client got.
    private func stopWhileAnswering(
        prefill: Duration, drainTimeout: Duration, fields: String = "",
        meanwhile: @escaping @Sendable (Int) async throws -> Void = { _ in }
    ) async throws -> String {
        let (model, generator) = try scriptedModel(prefill: prefill)
        var configuration = ServerConfiguration(pinned: [opened(model)])
        configuration.port = 0
        configuration.drainTimeout = drainTimeout
        let server = try ServerApplication(configuration, logger: Self.quiet)
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let group = ServiceGroup(
            configuration: .init(services: [try server.service { continuation.yield($0) }], logger: Self.quiet))
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            guard let port = await ports.first(where: { _ in true }) else { throw CancellationError() }
            async let answer = RawClient.send(RawClient.chat(fields), port: port)
            while generator.running == 0 { try await Task.sleep(for: .milliseconds(2)) }
            await group.triggerGracefulShutdown()
            try await meanwhile(port)
            let text = try await answer
            try await tasks.waitForAll()
            return text
        }
    }

    @Test("told to stop, it refuses new requests and lets running ones end", .timeLimit(.minutes(1)))
    func drains() async throws {
        let answer = try await stopWhileAnswering(prefill: .milliseconds(500), drainTimeout: .seconds(20)) { port in
            try await Task.sleep(for: .milliseconds(50))
            let refused = try await RawClient.send(RawClient.chat(), port: port)
            #expect(refused.hasPrefix("HTTP/1.1 503"))
            #expect(refused.lowercased().contains("retry-after: 5"))
            #expect(try await RawClient.send(RawClient.get("/ready"), port: port).hasPrefix("HTTP/1.1 503"))
        }
        #expect(answer.contains("\"content\":\"Hello!\""))
    }

    @Test("what takes longer than the drain is cancelled", .timeLimit(.minutes(1)))
    func cancels() async throws {
        let start = ContinuousClock.now
        let answer = try? await stopWhileAnswering(
            prefill: .seconds(600), drainTimeout: .milliseconds(200), fields: ",\"stream\":true")
        #expect(ContinuousClock.now - start < .seconds(20))
        #expect(answer?.contains("Hello") != true)
    }
}
