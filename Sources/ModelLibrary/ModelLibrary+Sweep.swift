import OutcropNumerics

extension ModelLibrary {
    /// The kinds of hidden folders beside the models.
    public enum HiddenFolder: String, Sendable, CaseIterable {
        /// An import in progress, or what a dead one left.
        case partial = ".partial-"
        /// A removed model that is being deleted.
        case trash = ".trash-"
        /// The old artifact while a new one takes its name; the old one comes back if that did not happen.
        case replaced = ".replaced-"
    }

    /// A hidden name that nobody else uses.
    public static func hiddenName(_ kind: HiddenFolder, _ name: String) -> String {
        kind.rawValue + name + "-" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
    }

    /// Clears away what dead imports and removals left behind; folders that a living process has locked stay.
    /// - Returns: the paths that were removed or brought back.
    @discardableResult
    public func sweep() -> [String] {
        Self.sweep(folder: modelsFolder) + Self.sweep(folder: cacheFolder)
    }

    /// `sweep` for one folder. What cannot be removed now stays for the next time.
    static func sweep(folder: String) -> [String] {
        var done: [String] = []
        for name in (try? FileSystem.names(inFolder: folder)) ?? [] {
            guard let kind = HiddenFolder.allCases.first(where: { name.utf8.starts(with: $0.rawValue.utf8) }) else {
                continue
            }
            let path = FileSystem.join(folder, name)
            guard let lock = try? FileLock.tryLock(path) else { continue }
            if kind == .replaced, let original = originalName(name, kind) {
                let target = FileSystem.join(folder, original)
                if FileSystem.status(of: target) == nil, (try? FileSystem.rename(path, to: target)) != nil {
                    done.append(target)
                    continue
                }
            }
            if (try? FileSystem.remove(path)) != nil { done.append(path) }
            withExtendedLifetime(lock) {}
        }
        return done
    }

    private static func originalName(_ hidden: String, _ kind: HiddenFolder) -> String? {
        let bytes = Array(hidden.utf8).dropFirst(kind.rawValue.utf8.count)
        guard let dash = bytes.lastIndex(of: UInt8(ascii: "-")) else { return nil }
        let name = String(decoding: bytes[..<dash], as: UTF8.self)
        return isValidName(name) ? name : nil
    }
}
