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
}

extension DenseFormat: ExpressibleByArgument {}
