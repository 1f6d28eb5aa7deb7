import ArgumentParser
import JSON
import ModelLibrary

/// `outcrop models`: what is imported.
struct Models: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the imported models.",
        discussion: """
            Examples:
              outcrop models
              outcrop models --json | jq -r '.[].name'

            """ + EnvironmentVariable.help([.data]),
        aliases: ["list", "ls"]
    )

    @OptionGroup var libraryArguments: LibraryArguments

    @Flag(help: "Print the models as JSON.")
    var json = false

    func run() throws {
        let models = libraryArguments.library.models()
        if json {
            writeOutput(JSONValue.array(models.map(\.manifest.json)).serialized(pretty: true) + "\n")
        } else if models.isEmpty {
            writeError("Nothing is imported yet: outcrop import FOLDER --name NAME\n")
        } else {
            let rows = models.map { model in
                let manifest = model.manifest
                return [
                    model.name, Quantity.short(manifest.parameterCount),
                    Quantity.bytes(manifest.artifactByteCount), manifest.dense.rawValue, manifest.createdText,
                ]
            }
            writeOutput(Table(header: ["NAME", "PARAMETERS", "SIZE", "DENSE", "IMPORTED"], rows: rows).text)
        }
    }
}
