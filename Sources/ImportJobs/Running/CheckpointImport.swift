import Checkpoint
import ModelImport
import ModelLibrary
import OutcropNumerics

/// The work of a job: its role is checked, its source found, the checkpoint validated and imported.
public struct CheckpointImport: ImportWork {
    private let library: ModelLibrary
    private let roles: RoleFile
    private let resolver: any ImportSourceResolver
    private let options: ImportOptions
    private let isStrict: Bool

    /// - Parameters:
    ///   - options: how checkpoints are converted.
    ///   - isStrict: whether checkpoints are refused for what Amazon Bedrock refuses them for, though they could be imported.
    public init(
        _ library: ModelLibrary, roles: RoleFile, resolver: any ImportSourceResolver,
        options: ImportOptions = ImportOptions(), isStrict: Bool = false
    ) {
        self.library = library
        self.roles = roles
        self.resolver = resolver
        self.options = options
        self.isStrict = isStrict
    }

    /// Imports the checkpoint of a job.
    /// - Returns: the findings that did not stop it, a line each; nil when there are none.
    /// - Throws: `ImportSourceError`, `ImportError`, or what the source's reader throws.
    public func run(
        _ job: ImportJob, progress: @escaping @Sendable (ImportProgress) -> Void
    ) async throws -> String? {
        guard let uri = S3URI(job.source) else { throw ImportSourceError.noObjects(job.source) }
        let roles = roles
        let role = try await onOwnThread { try roles.role(job.role) }
        try role.checkMayRead(uri)
        let folder = FileSystem.join(ImportJobQueue.folder(library), job.id)
        try await onOwnThread {
            try FileSystem.remove(folder)
            try FileSystem.createFolder(folder)
        }
        do {
            try await resolver.place(uri, role: role, in: folder)
            let warnings = try await convert(folder, job, progress)
            try await onOwnThread { try FileSystem.remove(folder) }
            return warnings.isEmpty ? nil : warnings.joined(separator: "\n")
        } catch {
            try? await onOwnThread { try FileSystem.remove(folder) }
            throw error
        }
    }

    private func convert(
        _ folder: String, _ job: ImportJob, _ progress: @escaping @Sendable (ImportProgress) -> Void
    ) async throws -> [String] {
        let cancellation = ImportCancellation()
        let names = SourceNames(folder: folder, source: job.source)
        var options = options
        options.id = job.modelID
        options.source = job.source
        let (library, isStrict, finalOptions) = (library, isStrict, options)
        return try await withTaskCancellationHandler {
            try await onOwnThread {
                do {
                    if isStrict { try Self.checkStrictly(folder) }
                    let model = try Importer(library: library).run(
                        folder, name: job.modelName, options: finalOptions, cancellation: cancellation,
                        progress: progress)
                    return model.manifest.warnings.map(names.text)
                } catch {
                    throw names.error(error)
                }
            }
        } onCancel: {
            cancellation.cancel()
        }
    }

    /// Refuses what Amazon Bedrock refuses.
    private static func checkStrictly(_ folder: String) throws(CheckpointError) {
        let report = try CheckpointValidator.validate(path: folder)
        let errors = report.findings.filter { $0.severity == .error || $0.code == .tokenizerMissing }
        guard errors.isEmpty else { throw .unusable(path: folder, findings: errors) }
    }
}

/// Says where things are in the words of whoever asked: object keys instead of the files that stand for them.
private struct SourceNames: Sendable {
    let folder: String
    let source: String

    func text(_ text: String) -> String {
        let base = source.utf8.last == UInt8(ascii: "/") ? String(source.dropLast()) : source
        return text.replacing(folder, with: base)
    }

    func error(_ error: any Error) -> any Error {
        switch error {
        case ImportError.checkpoint(.unusable(_, let findings)), CheckpointError.unusable(_, let findings):
            CheckpointError.unusable(path: source, findings: findings.map(finding))
        default: error
        }
    }

    private func finding(_ finding: Finding) -> Finding {
        Finding(
            finding.code, path: finding.path.map(text), tensor: finding.tensor, byteOffset: finding.byteOffset,
            text(finding.message), remedy: text(finding.remedy))
    }
}
