import ArgumentParser
import Checkpoint
import JSON
import ModelLibrary

/// `outcrop show`: everything known about an imported model.
struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what is known about an imported model.",
        discussion: """
            Where it came from, how large it is, by how much quantisation changed its weights, and how it differs from the base \
            that its import was told of (--base).

            Examples:
              outcrop show gpt-oss
              outcrop show gpt-oss --json | jq '.errors[] | select(.relative_rms_error > 0)'
              outcrop show med --json | jq '.base.differences[].tensor'

            """ + EnvironmentVariable.help([.data])
    )

    @Argument(help: "The model's name.")
    var name: String

    @OptionGroup var libraryArguments: LibraryArguments

    @Flag(help: "Print it as JSON, with every tensor's error and difference from the base.")
    var json = false

    func run() throws {
        let model = try libraryArguments.library.model(named: name)
        let artifact = try Artifact(folder: model.folder)
        if json {
            writeOutput(model.manifest.json.serialized(pretty: true) + "\n")
            return
        }
        let manifest = model.manifest
        let configuration = artifact.configuration
        var rows = [
            ["name", model.name],
            ["folder", model.folder],
            ["source", "\(manifest.source) (\(manifest.layout), \(Quantity.bytes(manifest.sourceByteCount)))"],
            [
                "imported",
                "\(manifest.createdText) in \(Quantity.time(manifest.seconds)), by outcrop \(manifest.version)",
            ],
            ["size", Quantity.bytes(manifest.artifactByteCount)],
            ["parameters", Quantity.count(manifest.parameterCount)],
            [
                "shape",
                "\(configuration.layerCount) layers, hidden size \(configuration.hiddenSize), \(configuration.expertCount) "
                    + "experts, \(configuration.expertsPerToken) per token",
            ],
            ["context", "\(Quantity.count(configuration.maximumContextLength)) tokens"],
            ["vocabulary", "\(Quantity.count(configuration.vocabularySize)) tokens"],
            ["tokenizer", artifact.tokenizerPath == nil ? "o200k_harmony (built in)" : "its own"],
            ["dense weights", "\(manifest.dense.rawValue), \(error(manifest.largestDenseError))"],
            ["experts", "MXFP4, \(error(manifest.largestExpertError))"],
        ]
        if let base = manifest.base { rows.append(["base", base.verdict]) }
        writeOutput(Table(header: nil, rows: rows).text)
        for warning in manifest.warnings { writeOutput("  \(warning)\n") }
    }

    private func error(_ relative: Double) -> String {
        relative == 0
            ? "exactly as in the checkpoint" : "largest relative error \(Quantity.figures(relative * 100)) %"
    }
}
