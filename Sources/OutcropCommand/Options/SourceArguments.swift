import ArgumentParser
import ModelImport
import ModelLibrary

/// How a model named on the command line is found: an imported one by its name, or a checkpoint by its folder, which is
/// imported into a cache first.
struct SourceArguments: ParsableArguments {
    @OptionGroup var libraryArguments: LibraryArguments

    @Option(
        help: ArgumentHelp(
            "How a checkpoint folder's attention and unembedding are stored: int8 or bf16 (default: int8).",
            valueName: "format"))
    var dense: DenseFormat?

    /// Finds a model, showing progress when it must be imported first.
    /// - Throws: `ModelSourceError`.
    func resolve(_ text: String) async throws -> ResolvedModel {
        let (library, dense) = (libraryArguments.library, dense)
        return try await ImportTask.withProgress { progress in
            try ModelSource.resolve(
                text, library: library, dense: dense, version: Product.version, progress: progress)
        }
    }
}

/// The model that a command works on.
struct ModelArguments: ParsableArguments {
    @Option(help: ArgumentHelp("An imported model, or a checkpoint's folder.", valueName: "name or folder"))
    var model: String

    @OptionGroup var source: SourceArguments

    /// Finds it.
    /// - Throws: `ModelSourceError`.
    func resolve() async throws -> ResolvedModel { try await source.resolve(model) }
}
