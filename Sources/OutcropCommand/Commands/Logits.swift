import ArgumentParser
import Checkpoint
import Inference
import ModelImport
import OutcropNumerics

/// `outcrop logits`: the exact scores after every token, for comparing engines and checkpoints.
struct Logits: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write the logits after every token to a safetensors file.",
        discussion: """
            The file holds one f32 tensor `logits` of shape [tokens, vocabulary]. With --precision f32 --dense bf16 it agrees \
            with the reference implementation within 1e-3.

            Example:
              outcrop logits --model ./gpt-oss-20b --tokens 1,2,3 --out logits.safetensors --precision f32 --dense bf16

            """ + EnvironmentVariable.help([.data, .instructionSet])
    )

    @OptionGroup var model: ModelArguments

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Token ids, such as 1,2,3.", valueName: "ids"),
        transform: TokenList.init(argument:))
    var tokens: TokenList

    @Option(help: ArgumentHelp("The file to write.", valueName: "file"))
    var out: String

    @OptionGroup var engine: EngineArguments

    func run() async throws {
        let model = try LoadedModel(try await model.resolve().artifact, options: engine.options)
        let shape = [tokens.ids.count, model.vocabularySize]
        guard
            let layout = SafetensorsLayout(
                tensors: [SafetensorsLayout.Tensor("logits", .f32, shape)], metadata: [("format", "pt")]),
            let place = layout.tensors.first
        else { throw ValidationError("so many logits do not fit into a file") }
        let file = try OutputFile(creating: out)
        try file.write(layout.headerBytes, at: 0)
        try model.forEachLogits(tokens.ids) { index, logits in
            try file.write(
                Self.littleEndianBytes(logits), at: place.byteRange.lowerBound + index * model.vocabularySize * 4)
        }
        writeError("wrote \(out): logits, f32 [\(shape[0]), \(shape[1])]\n")
    }

    private static func littleEndianBytes(_ values: Span<Float>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(values.count * 4)
        for index in values.indices {
            let bits = values[index].bitPattern
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: bits >> shift))
            }
        }
        return bytes
    }
}
