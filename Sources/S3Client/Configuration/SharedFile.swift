/// What one of the files holds that the AWS tools share (`~/.aws/config`, `~/.aws/credentials`): sections of settings.
///
/// The format: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
public struct SharedFile: Sendable, Equatable {
    /// Which of the two files it is: they name their sections differently.
    public enum Kind: Sendable {
        /// `config`, with `[default]`, `[profile name]` and `[services name]`.
        case config
        /// `credentials`, with `[name]`.
        case credentials
    }

    /// The settings of a section.
    public struct Section: Sendable, Equatable {
        /// Values by setting.
        public var values: [String: String] = [:]
        /// Values by setting, below settings such as `s3 =` that have indented lines behind them.
        public var nested: [String: [String: String]] = [:]
    }

    /// The most bytes a file may have.
    public static let maximumByteCount = 1 << 20

    /// The profiles by name.
    public private(set) var profiles: [String: Section] = [:]
    /// The `services` sections by name: endpoints by service.
    public private(set) var services: [String: Section] = [:]

    /// No sections, as of a file that does not exist.
    public init() {}

    /// Reads a file's bytes. Sections that do not concern us are skipped; of a setting that is given twice the last counts.
    /// - Throws: `SharedFileError` at the first line that is none of a section, a setting, a comment and blank.
    public init(parsing bytes: [UInt8], kind: Kind) throws(SharedFileError) {
        guard bytes.count <= Self.maximumByteCount else {
            throw SharedFileError(line: 0, reason: "the file has more than \(Self.maximumByteCount) bytes")
        }
        var place = Place.start
        // The setting that indented lines belong to; they are skipped behind one that has a value of its own.
        var openSetting: String?
        var line = 0
        for bytes in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            line += 1
            let content = SharedLine.trimmed(bytes)
            guard let first = content.first, first != UInt8(ascii: "#"), first != UInt8(ascii: ";") else { continue }
            if let first = bytes.first, SharedLine.isBlank(first) {
                guard let openSetting, place != .ignored else { continue }
                let (name, value) = try SharedLine.setting(content, line: line)
                update(place) { $0.nested[openSetting, default: [:]][name] = value }
            } else if first == UInt8(ascii: "[") {
                place = Self.place(try SharedLine.sectionName(content, line: line), kind)
                openSetting = nil
                update(place) { _ in }
            } else if place != .ignored {
                let (name, value) = try SharedLine.setting(content, line: line)
                guard place != .start else {
                    throw SharedFileError(line: line, reason: "a setting before any [section]")
                }
                openSetting = value.isEmpty ? name : nil
                update(place) { $0.values[name] = value }
            }
        }
    }

    private enum Place: Equatable {
        case start
        case ignored
        case profile(String)
        case services(String)
    }

    private mutating func update(_ place: Place, _ change: (inout Section) -> Void) {
        switch place {
        case .profile(let name): change(&profiles[name, default: Section()])
        case .services(let name): change(&services[name, default: Section()])
        case .start, .ignored: break
        }
    }

    private static func place(_ section: String, _ kind: Kind) -> Place {
        if case .credentials = kind { return .profile(section) }
        if section == "default" { return .profile(section) }
        for (word, isProfile) in [("profile", true), ("services", false)] {
            let start = section.utf8.prefix(word.utf8.count)
            let rest = section.utf8.dropFirst(word.utf8.count)
            guard start.elementsEqual(word.utf8), let space = rest.first, SharedLine.isBlank(space) else { continue }
            let name = SharedLine.unquoted(SharedLine.trimmed(Array(rest)[...]))
            return isProfile ? .profile(name) : .services(name)
        }
        return .ignored
    }
}
