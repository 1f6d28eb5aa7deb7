import APISupport
import Access
import Conversation
import Foundation
import ImportJobs
import Inference
import Logging
import ModelImport
import ModelLibrary
import ObjectStore
import OutcropNumerics
import OutcropServer
import Usage

/// What `outcrop serve` makes of its options.
extension Serve {
    /// The models that were named, loaded.
    func openModels() async throws -> [OpenedModel] {
        var resolved: [ResolvedModel] = []
        for text in model { resolved.append(try await source.resolve(text)) }
        var options = engineOptions
        // What one model has reserved does not show in the memory that the next one finds free.
        let weights = resolved.reduce(0) { $0 + $1.artifact.file.byteCount }
        options.keyValueBytes =
            options.keyValueBytes
            ?? EngineOptions.keyValueShare(of: Machine.availableMemory - weights, models: max(1, resolved.count))
        return try resolved.enumerated().map { index, model in
            let names = resolved.count == 1 ? servedModelName : Array(servedModelName.dropFirst(index).prefix(1))
            return try OpenModel(model, names: names.isEmpty ? [model.name] : names, options: options).opened
        }
    }

    /// The server's settings, with everything that it keeps in the data folder open.
    func configuration(_ pinned: [OpenedModel], _ logger: Logger) async throws -> ServerConfiguration {
        let library = source.libraryArguments.library
        let folder = library.dataFolder
        // What dead imports and removals have left.
        library.sweep()
        let records = try LibraryRecords(library)
        var configuration = ServerConfiguration(
            pinned: pinned, catalog: catalog(records), date: date.flatMap { CalendarDate($0) } ?? .today)
        configuration.loading = LoadingPolicy(
            memoryLimit: memoryLimit, idleLimit: idleUnload.map { .seconds($0) })
        configuration.host = host
        configuration.port = port
        configuration.keys = try KeyStore(
            dataFolder: folder, givenKeys: apiKey + (EnvironmentVariable.apiKey.value.map { [$0] } ?? []))
        configuration.audit = try AuditLog(dataFolder: folder) { error in
            logger.error("the audit log cannot be written", metadata: ["error": "\(error)"])
        }
        configuration.usage = try UsageRecorder(dataFolder: folder) { error in
            logger.error("usage cannot be recorded", metadata: ["error": "\(error)"])
        }
        configuration.tls = tls(folder)
        configuration.account = AWSAccount(region: region, id: account)
        configuration.isInsecureAllowed = insecure
        configuration.version = Product.version
        let objects = try await ObjectStore.open(FileSystem.join(folder, "objects"))
        configuration.objects = objects
        configuration.bucketDomains += bucketDomain
        configuration.imports = try imports(records, objects, logger)
        return configuration
    }

    private func imports(_ records: LibraryRecords, _ objects: ObjectStore, _ logger: Logger) throws
        -> ImportService
    {
        let library = records.library
        let file = RoleFile(path: roles ?? FileSystem.join(library.dataFolder, RoleFile.fileName))
        // Read for each job; a file that cannot be used should be known before the first.
        _ = try file.roles()
        let work = CheckpointImport(
            library,
            roles: file,
            resolver: StoreSourceResolver(
                store: objects, environment: ProcessInfo.processInfo.environment, logger: logger),
            // Why strict: who asks through Amazon Bedrock's API wants to know what Amazon Bedrock would say.
            options: ImportOptions(isStrict: !repairImports, version: Product.version))
        var settings = ImportJobSettings()
        settings.parallelism = importJobs
        return ImportService(queue: ImportJobQueue(records), work: work, settings: settings)
    }

    private func tls(_ dataFolder: String) -> ServerTLS {
        if let tlsCertificate, let tlsKey { return .files(certificate: tlsCertificate, key: tlsKey) }
        return tls ? .selfMade(folder: FileSystem.join(dataFolder, "tls")) : .off
    }

    private var engineOptions: EngineOptions {
        var options = engine.options
        options.runningSequences = maxNumSeqs
        options.waitingRequests = maxQueue
        return options
    }

    /// Imported models, loaded on demand. Each may take a quarter of the memory for keys and values, so that some fit side by
    /// side.
    private func catalog(_ records: LibraryRecords) -> LibraryCatalog {
        var options = engineOptions
        options.keyValueBytes = options.keyValueBytes ?? memoryLimit / 4
        return LibraryCatalog(records: records, options: options)
    }

    private var memoryLimit: Int { modelMemory?.bytes ?? Machine.physicalMemory / 10 * 9 }
}
