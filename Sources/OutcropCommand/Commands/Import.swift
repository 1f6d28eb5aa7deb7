import ArgumentParser
import JSON
import ModelImport
import ModelLibrary

/// `outcrop import`: a checkpoint becomes a model that can be used.
struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Convert a checkpoint once into a model that starts at once.",
        discussion: """
            Takes OpenAI's files, Hugging Face's MXFP4 files and bf16 fine-tunes. The checkpoint stays as it is. Nothing is left \
            when the import is interrupted; start it again. With --base, the weights are compared with those of the model that \
            was fine-tuned, tensor by tensor, so that a fine-tune that is none shows.

            Examples:
              outcrop import ./gpt-oss-20b --name gpt-oss
              outcrop import ./med-gpt-oss-20b --name med --dense bf16
              outcrop import ./gpt-oss-20b --name gpt-oss --replace
              outcrop import ./med-gpt-oss-20b --name med --base gpt-oss

            """ + EnvironmentVariable.help([.data])
    )

    @Argument(help: "The checkpoint's folder.")
    var path: String

    @Option(
        help: ArgumentHelp("What to call the model: letters, digits, dots, hyphens, underscores.", valueName: "name"))
    var name: String

    @Option(
        help: ArgumentHelp(
            "How attention and unembedding are stored: int8 (half the memory traffic), or bf16 (exact).",
            valueName: "format"))
    var dense: DenseFormat = .int8

    @Flag(help: "Refuse everything that Amazon Bedrock's import refuses, such as total_parameters in the index.")
    var strict = false

    @Option(
        help: ArgumentHelp(
            "Compare the model with this one: an imported model, or a checkpoint's folder.", valueName: "name or folder"
        ))
    var base: String?

    @Flag(help: "Replace the model of this name.")
    var replace = false

    @Option(
        help: ArgumentHelp("Threads that convert (default: the machine's processors, at most 8).", valueName: "count"))
    var threads: Int?

    @Flag(help: "Print the result as JSON.")
    var json = false

    @OptionGroup var libraryArguments: LibraryArguments

    func validate() throws {
        guard ModelLibrary.isValidName(name) else { throw ValidationError("\(LibraryError.invalidName(name))") }
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads must be 1 to 1024") }
    }

    func run() async throws {
        let options = ImportOptions(
            dense: dense, replace: replace, isStrict: strict, base: base, threads: threads, version: Product.version)
        // Ctrl-C, `kill` and a terminal that is closed end the import at its next step, with nothing of it left.
        let cancellation = ImportCancellation()
        let interrupts = InterruptHandler(of: InterruptHandler.endings) { cancellation.cancel() }
        defer { withExtendedLifetime(interrupts) {} }
        let manifest = try await ImportTask.run(
            path: path, name: name, library: libraryArguments.library, options: options, cancellation: cancellation)
        if json {
            writeOutput(manifest.json.serialized(pretty: true) + "\n")
            return
        }
        let style = TerminalStyle.standardOutput
        writeOutput(
            """
            \(style.green("imported")) \(manifest.name): \(Quantity.bytes(manifest.artifactByteCount)) in \
            \(Quantity.time(manifest.seconds)); experts \(accuracy(manifest.largestExpertError)), dense weights \
            \(manifest.dense.rawValue) \(accuracy(manifest.largestDenseError))

            """)
        if let base = manifest.base, !base.isIdentical { writeOutput("  \(base.verdict)\n") }
        for warning in manifest.warnings.prefix(Self.shownWarnings) { writeOutput("  \(warning)\n") }
        if manifest.warnings.count > Self.shownWarnings {
            writeOutput(
                "  and \(manifest.warnings.count - Self.shownWarnings) more: outcrop show \(manifest.name)\n")
        }
        writeOutput("try: outcrop chat \(manifest.name)\n")
    }

    /// As many warnings as a person reads.
    private static let shownWarnings = 10

    private func accuracy(_ error: Double) -> String {
        error == 0 ? "exact" : "within \(Quantity.figures(error * 100)) % (largest relative error of a tensor)"
    }
}
