import ArgumentParser
import Checkpoint
import ModelImport
import OutcropNumerics

extension SyntheticSize: ExpressibleByArgument {}

/// `outcrop synth`: a checkpoint with random weights.
struct Synth: AsyncParsableCommand {
    /// The layouts by the names that people use for them.
    enum Layout: String, CaseIterable, ExpressibleByArgument {
        /// Hugging Face's files with MXFP4 experts.
        case mxfp4
        /// Hugging Face's files with bfloat16 experts.
        case bf16
        /// OpenAI's own files.
        case original

        /// What the checkpoint reader calls it.
        var kind: LayoutKind {
            switch self {
            case .mxfp4: .huggingFaceMXFP4
            case .bf16: .huggingFaceBF16
            case .original: .original
            }
        }
    }

    static let configuration = CommandConfiguration(
        abstract: "Write a checkpoint with random weights, to try an import or a machine without a download.",
        discussion: """
            The files have the shapes of the published models in any of their layouts. One seed gives the same weights in every \
            layout. Memory stays bounded; the disk needs 13.8 GB for gpt-oss-20b as mxfp4, 41.8 GB as bf16, 65.2 GB for \
            gpt-oss-120b as mxfp4.

            Examples:
              outcrop synth ./random --size tiny
              outcrop synth ./random-20b --size gpt-oss-20b --layout bf16 --seed 7
            """
    )

    @Argument(help: "The folder to write to.")
    var folder: String

    @Option(help: ArgumentHelp("The shape.", valueName: "size"))
    var size: SyntheticSize

    @Option(help: ArgumentHelp("The layout of the files.", valueName: "layout"))
    var layout: Layout = .mxfp4

    @Option(help: ArgumentHelp("Fixes the weights.", valueName: "number"))
    var seed: UInt64 = 0

    func run() async throws {
        let (folder, size, layout, seed) = (folder, size, layout, seed)
        if try SyntheticCheckpoint.isOccupied(folder) {
            throw CommandFailure("\(folder) is not empty: give a new folder")
        }
        let cancellation = ImportCancellation()
        let interrupts = InterruptHandler(of: InterruptHandler.endings) { cancellation.cancel() }
        defer { withExtendedLifetime(interrupts) {} }
        try await SyntheticTask.write(
            to: folder, size: size, layout: layout.kind, seed: seed, cancellation: cancellation)
        let names = try FileSystem.names(inFolder: folder)
        let byteCount = names.reduce(0) {
            $0 + (FileSystem.status(of: FileSystem.join(folder, $1))?.byteCount ?? 0)
        }
        writeError("wrote \(folder): \(Quantity.bytes(byteCount))\ntry: outcrop validate \(folder)\n")
    }
}
