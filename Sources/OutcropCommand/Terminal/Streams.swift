import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Writes text to standard output at once, without waiting for a line's end.
func writeOutput(_ text: String) {
    print(text, terminator: "")
    fflush(nil)
}

/// Writes text to standard error at once.
func writeError(_ text: String) {
    FileHandle.standardError.write(Data(text.utf8))
}
