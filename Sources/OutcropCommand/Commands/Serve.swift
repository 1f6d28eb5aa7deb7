import ArgumentParser
import Conversation
import Inference
import Logging
import ModelImport
import OutcropServer

extension Logger.Level: @retroactive ExpressibleByArgument {}

/// `outcrop serve`: models on OpenAI's API.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve models on OpenAI's API.",
        discussion: """
            Answers /v1/chat/completions, /v1/completions, /v1/models, /tokenize, /health, /metrics and more. A checkpoint's folder \
            given as --model is imported on the first start. SIGTERM or Ctrl-C refuses new requests, lets running ones end, \
            then stops.

            Only this machine can reach 127.0.0.1. To listen elsewhere set a key, or say --insecure.

            Examples:
              outcrop serve
              outcrop serve --model gpt-oss --port 9000 --max-model-len 32768
              outcrop serve --model ./med-gpt-oss-20b --served-model-name med --host 0.0.0.0 --api-key "$KEY"

            """ + EnvironmentVariable.help([.data, .instructionSet, .apiKey])
    )

    @Option(
        help: ArgumentHelp(
            "An imported model, or a checkpoint's folder; may be repeated (default: the only imported model).",
            valueName: "name or folder"))
    var model: [String] = []

    @Option(
        help: ArgumentHelp(
            "What requests call the model; may be repeated: further names of one model, or one name for each model.",
            valueName: "name"))
    var servedModelName: [String] = []

    @Option(help: ArgumentHelp("The address to listen on.", valueName: "address"))
    var host = "127.0.0.1"

    @Option(help: ArgumentHelp("The port to listen on; 0 takes a free one.", valueName: "port"))
    var port = 8080

    @Option(help: ArgumentHelp("A key that clients must send as a bearer token; may be repeated.", valueName: "key"))
    var apiKey: [String] = []

    @Flag(help: "Listen on an address that other machines can reach, without a key.")
    var insecure = false

    @Option(help: ArgumentHelp("The most conversations computed at once.", valueName: "count"))
    var maxNumSeqs = 32

    @Option(help: ArgumentHelp("The most requests that wait; more are answered with 429.", valueName: "count"))
    var maxQueue = 256

    @Option(
        help: ArgumentHelp(
            "The date that models are told, as YYYY-MM-DD (default: the day of the start).", valueName: "date"))
    var date: String?

    @Option(help: ArgumentHelp("What to log.", valueName: "level"))
    var logLevel = Logger.Level.info

    @OptionGroup var source: SourceArguments

    @OptionGroup var engine: EngineArguments

    func validate() throws {
        if !(0...65535).contains(port) { throw ValidationError("--port must be 0 to 65535") }
        if !(1...4096).contains(maxNumSeqs) { throw ValidationError("--max-num-seqs must be 1 to 4096") }
        if !(0...1_000_000).contains(maxQueue) { throw ValidationError("--max-queue must be 0 to 1000000") }
        if let date, CalendarDate(date) == nil { throw ValidationError("'\(date)' is no date: write it as YYYY-MM-DD") }
        if model.count > 1, !servedModelName.isEmpty, servedModelName.count != model.count {
            throw ValidationError("with several --model, give --served-model-name once for each, or not at all")
        }
    }

    func run() async throws {
        let level = logLevel
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        let models = try await openModels()
        defer { for model in models { model.close() } }
        let application = try ServerApplication(configuration(models.map(\.served)), logger: Logger(label: "outcrop"))
        let (host, names) = (host, models.map(\.served.name).joined(separator: ", "))
        try await application.run { port in
            writeError("serving \(names) on http://\(host.contains(":") ? "[\(host)]" : host):\(port)/v1\n")
        }
    }

    private func openModels() async throws -> [OpenModel] {
        let wanted = model.isEmpty ? [try source.libraryArguments.onlyModel()] : model
        var options = engine.options
        options.runningSequences = maxNumSeqs
        options.waitingRequests = maxQueue
        var models: [OpenModel] = []
        for (index, text) in wanted.enumerated() {
            let resolved = try await source.resolve(text)
            let names = wanted.count == 1 ? servedModelName : Array(servedModelName.dropFirst(index).prefix(1))
            models.append(try OpenModel(resolved, names: names.isEmpty ? [resolved.name] : names, options: options))
        }
        return models
    }

    private func configuration(_ models: [ServedModel]) -> ServerConfiguration {
        var configuration = ServerConfiguration(models: models, date: date.flatMap { CalendarDate($0) } ?? .today)
        configuration.host = host
        configuration.port = port
        configuration.apiKeys = apiKey + (EnvironmentVariable.apiKey.value.map { [$0] } ?? [])
        configuration.isInsecureAllowed = insecure
        configuration.version = Product.version
        return configuration
    }
}
