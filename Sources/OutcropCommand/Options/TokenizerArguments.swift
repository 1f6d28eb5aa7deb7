import ArgumentParser
import ModelImport
import ModelLibrary
import OutcropNumerics
import Tokenizer

/// Which tokenizer a command uses.
struct TokenizerArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "An imported model or a checkpoint's folder whose tokenizer to use (default: o200k_harmony).",
            valueName: "name or folder"))
    var model: String?

    @OptionGroup var libraryArguments: LibraryArguments

    /// The model's tokenizer, or the published models' when it came without one or no model is named.
    /// - Throws: `ModelSourceError.notFound`, or why the tokenizer cannot be used.
    func tokenizer() throws -> BytePairTokenizer {
        guard let model else { return try BytePairTokenizer.o200kHarmony() }
        let library = libraryArguments.library
        let folder = library.contains(model) ? try library.folder(named: model) : model
        guard FileSystem.status(of: folder)?.kind == .folder else {
            throw ModelSourceError.notFound(model, known: library.models().map(\.name))
        }
        let path = FileSystem.join(folder, Artifact.tokenizerFileName)
        return try Self.tokenizer(at: FileSystem.status(of: path)?.kind == .file ? path : nil)
    }

    /// The tokenizer in a file, or the published models' without one.
    /// - Throws: `FileError`, `TokenizerError`.
    static func tokenizer(at path: String?) throws -> BytePairTokenizer {
        guard let path else { return try BytePairTokenizer.o200kHarmony() }
        let file = try RandomAccessFile(path: path)
        return try BytePairTokenizer(tokenizerJSON: try file.read(at: 0, count: file.byteCount))
    }
}
