import ArgumentParser
import Foundation
import ModelLibrary

/// Where the imported models are; shared by every command that uses them.
struct LibraryArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Folder of the imported models (default: OUTCROP_DATA, else ~/.local/share/outcrop).",
            valueName: "folder"))
    var data: String?

    /// The library there.
    var library: ModelLibrary {
        ModelLibrary(
            dataFolder: DataFolder.resolve(option: data, environment: ProcessInfo.processInfo.environment))
    }

    /// The name of the only imported model, for commands that were told none.
    /// - Throws: `CommandFailure` when there is none, `ValidationError` naming the choices when there are several.
    func onlyModel() throws -> String {
        let names = library.models().map(\.name)
        if let name = names.first, names.count == 1 { return name }
        if names.isEmpty { throw CommandFailure("nothing is imported yet: outcrop import FOLDER --name NAME") }
        throw ValidationError("say which model: \(names.joined(separator: ", "))")
    }
}

extension DenseFormat: ExpressibleByArgument {}
