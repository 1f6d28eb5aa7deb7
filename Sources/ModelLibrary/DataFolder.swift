import OutcropNumerics

/// Where the program keeps its data.
public enum DataFolder {
    /// The data folder: the option if given, `OUTCROP_DATA`, `$XDG_DATA_HOME/outcrop`, `~/.local/share/outcrop`, in this
    /// order; the current folder's `.outcrop` when there is not even a home.
    public static func resolve(option: String? = nil, environment: [String: String]) -> String {
        if let option, !option.isEmpty { return option }
        if let folder = environment["OUTCROP_DATA"], !folder.isEmpty { return folder }
        // The XDG specification says that relative paths must be ignored.
        if let folder = environment["XDG_DATA_HOME"], folder.utf8.first == UInt8(ascii: "/") {
            return FileSystem.join(folder, "outcrop")
        }
        if let home = environment["HOME"], !home.isEmpty { return FileSystem.join(home, ".local/share/outcrop") }
        return ".outcrop"
    }
}
