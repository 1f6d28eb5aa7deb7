import APISupport
import Access
import ArgumentParser
import Conversation
import Inference
import Logging
import ModelImport
import ModelLibrary
import OutcropNumerics
import OutcropServer

extension Logger.Level: @retroactive ExpressibleByArgument {}

/// `outcrop serve`: models, import jobs and objects on OpenAI's and Amazon's APIs.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve models on OpenAI's and Amazon Bedrock's APIs.",
        discussion: """
            One address for everything: /v1/chat/completions, /v1/completions, /v1/models and more for OpenAI's clients; S3, \
            import jobs and the runtime for Amazon's (AWS_ENDPOINT_URL); /health and /metrics for operators. Imported models are \
            loaded when they are asked for; those given as --model at once, checkpoint folders after an import. SIGTERM \
            or Ctrl-C refuses new requests, lets running ones end, then stops; import jobs go on with the next start.

            Only this machine can reach 127.0.0.1. To listen elsewhere create a key (outcrop keys create NAME), or say \
            --insecure.

            Examples:
              outcrop serve
              outcrop serve --model gpt-oss --port 9000 --max-model-len 32768
              outcrop serve --host 0.0.0.0 --tls --idle-unload 600
              outcrop serve --model ./med-gpt-oss-20b --served-model-name med --host 0.0.0.0 --api-key "$KEY"

            """ + EnvironmentVariable.help([.data, .instructionSet, .apiKey])
    )

    @Option(
        help: ArgumentHelp(
            "An imported model, or a checkpoint's folder, to load at once and keep; may be repeated.",
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

    @Flag(help: "Speak HTTPS, with a certificate made on the first start unless one is given.")
    var tls = false

    @Option(help: ArgumentHelp("A certificate for HTTPS with its chain, as PEM.", valueName: "file"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("The certificate's private key, as PEM.", valueName: "file"))
    var tlsKey: String?

    @Option(
        help: ArgumentHelp(
            "A host of which bucket names may be subdomains; may be repeated (localhost always is).",
            valueName: "domain"))
    var bucketDomain: [String] = []

    @Option(
        help: ArgumentHelp(
            "What roles of import jobs may read, and from which S3 servers (default: roles.json in the data folder).",
            valueName: "file"))
    var roles: String?

    @Option(help: ArgumentHelp("Import jobs that run at a time.", valueName: "count"))
    var importJobs = 1

    @Flag(help: "Let import jobs repair an index whose metadata Amazon Bedrock refuses, as `outcrop import` does.")
    var repairImports = false

    @Option(help: ArgumentHelp("The AWS region that ARNs name.", valueName: "region"))
    var region = AWSAccount().region

    @Option(help: ArgumentHelp("The AWS account that ARNs name: twelve digits.", valueName: "account"))
    var account = AWSAccount().id

    @Option(help: ArgumentHelp("The most conversations computed at once.", valueName: "count"))
    var maxNumSeqs = 32

    @Option(help: ArgumentHelp("The most requests that wait; more are answered with 429.", valueName: "count"))
    var maxQueue = 256

    @Option(
        help: ArgumentHelp(
            "Unload a model that was loaded on demand when nobody has used it for this long (default: never).",
            valueName: "seconds"))
    var idleUnload: Double?

    @Option(
        help: ArgumentHelp(
            "Memory for all loaded models, such as 20GiB; the ones unused for longest leave first (default: 90 % of the "
                + "machine's).", valueName: "bytes"))
    var modelMemory: ByteSize?

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
        if (tlsCertificate == nil) != (tlsKey == nil) {
            throw ValidationError("--tls-certificate and --tls-key belong together")
        }
        if account.utf8.count != 12 || !account.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            throw ValidationError("--account must be twelve digits")
        }
        if apiKey.contains(where: \.utf8.isEmpty) { throw ValidationError("an API key must not be empty") }
        if !(1...64).contains(importJobs) { throw ValidationError("--import-jobs must be 1 to 64") }
        if let idleUnload, !(idleUnload >= 1) { throw ValidationError("--idle-unload must be at least 1 second") }
        let most = EngineOptions().stepTokens
        if !(1...most).contains(maxNumSeqs) { throw ValidationError("--max-num-seqs must be 1 to \(most)") }
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
        let logger = Logger(label: "outcrop")
        let pinned = try await openModels()
        let configuration = try await configuration(pinned, logger)
        let application = try ServerApplication(configuration, logger: logger)
        let (host, tls) = (host.contains(":") ? "[\(host)]" : host, configuration.tls)
        let names = pinned.map(\.served.name)
        try await application.run { port in
            let what = names.isEmpty ? "imported models on demand" : names.joined(separator: ", ")
            writeError("serving \(what) on \(tls.scheme)://\(host):\(port)\n")
            if let path = tls.certificateToTrust {
                writeError("clients must trust \(path), with AWS_CA_BUNDLE or SSL_CERT_FILE for example\n")
            }
        }
    }
}
