import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Writes text to standard output at once, without waiting for a line's end.
func writeOutput(_ text: String) { writeOutput(bytes: Data(text.utf8)) }

/// Writes bytes to standard output at once. What nobody will read ends the program: a pipe that was closed by its signal, a
/// full disk with an error.
func writeOutput(bytes: Data) {
    do {
        try FileHandle.standardOutput.write(contentsOf: bytes)
    } catch {
        writeError("Error: cannot write to standard output: \(error.localizedDescription)\n")
        exit(1)
    }
}

/// Writes text to standard error at once.
func writeError(_ text: String) {
    FileHandle.standardError.write(Data(text.utf8))
}
