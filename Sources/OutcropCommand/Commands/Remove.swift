import ArgumentParser
import ModelLibrary

/// `outcrop rm`: removes imported models.
struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Remove imported models.",
        discussion: """
            The checkpoints that they were imported from stay.

            Example:
              outcrop rm gpt-oss

            """ + EnvironmentVariable.help([.data])
    )

    @Argument(help: "The models' names.")
    var names: [String]

    @OptionGroup var libraryArguments: LibraryArguments

    func run() throws {
        let library = libraryArguments.library
        // A wrong name among several removes nothing.
        for name in names where !library.contains(name) {
            throw CommandFailure("there is no model '\(name)'; `outcrop models` lists what there is")
        }
        for name in names {
            try library.remove(named: name)
            writeError("removed \(name)\n")
        }
    }
}
