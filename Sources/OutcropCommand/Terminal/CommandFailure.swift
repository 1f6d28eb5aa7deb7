/// Why a command that was used rightly could not do its work: printed without the usage line, exit code 1.
struct CommandFailure: Error, CustomStringConvertible {
    /// What is wrong and what to do.
    let description: String

    init(_ description: String) { self.description = description }
}
