import OutcropNumerics

/// The folder of the store's files.
///
///     objects/index.sqlite     what is stored, see `Schema`
///     objects/files/ID         the bytes of an object or part
///     objects/incoming/ID      a file that is being written
///     objects/sessions/NAME    locked while the process that writes files ID = NAME-... lives
///
/// A file is named by its session and random characters. It belongs to the store once a record names it; without one it is
/// garbage as soon as its session is over. So a process that was killed leaves nothing that the next does not find, and
/// processes that share the folder leave each other's unfinished files alone.
final class StoreFolder: Sendable {
    /// The folder itself.
    let path: String
    private let session: String
    // Held, not used: the lock goes with the object.
    private let lock: FileLock

    /// Creates what is missing and begins a session.
    /// - Throws: `FileError`.
    init(_ path: String) throws(FileError) {
        for name in ["files", "incoming", "sessions"] {
            try FileSystem.createFolder(FileSystem.join(path, name))
        }
        // A folder that is lost with the power takes what was acknowledged with it.
        try FileSystem.synchronizeFolder(path)
        if let parent = FileSystem.parent(of: path) { try FileSystem.synchronizeFolder(parent) }
        self.path = path
        while true {
            let name = Self.randomName(length: 10)
            // Nil: another process looked at the new lock file before it was locked, or, hardly, has the same name.
            if let lock = try FileLock.tryCreating(FileSystem.join(path, "sessions/" + name)) {
                session = name
                self.lock = lock
                return
            }
        }
    }

    /// The path of the index.
    var index: String { FileSystem.join(path, "index.sqlite") }

    /// A name for a new file.
    func newFile() -> String { session + "-" + Self.randomName(length: 20) }

    /// Where a file is once it is complete.
    func complete(_ file: String) -> String { FileSystem.join(path, "files/" + file) }

    /// Where a file is while it is written.
    func incoming(_ file: String) -> String { FileSystem.join(path, "incoming/" + file) }

    /// Makes a written and flushed file a complete one, also after a loss of power.
    /// - Throws: `FileError`.
    func publish(_ file: String) throws(FileError) {
        try FileSystem.rename(incoming(file), to: complete(file))
        try FileSystem.synchronizeFolder(FileSystem.join(path, "files"))
    }

    /// Removes complete files. One that cannot be removed is garbage for a later sweep.
    func remove(_ files: [String]) {
        for file in files { try? FileSystem.remove(complete(file)) }
    }

    /// Bytes of the disk that bodies leave free, so that the index can still be written when they have filled it.
    private static let reserve = 16 << 20

    /// Refuses a body that the disk cannot hold.
    /// - Throws: `ObjectStoreError.outOfSpace`.
    func checkSpace(for byteCount: Int) throws(ObjectStoreError) {
        guard let free = FileSystem.freeBytes(at: path) else { return }
        guard byteCount <= free - Self.reserve else { throw .outOfSpace }
    }

    /// About 5.2 bits a character, from the system's source. Lower case: some file systems know no other.
    static func randomName(length: Int) -> String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        var source = SystemRandomNumberGenerator()
        return String(
            decoding: (0..<length).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &source)] },
            as: UTF8.self)
    }
}

extension StoreFolder {
    /// Removes files that sessions which are over left behind.
    /// - Parameter unreferenced: which of these complete files no record names.
    /// - Returns: how many files were removed.
    /// - Throws: `FileError`, and what `unreferenced` throws.
    func sweep(unreferenced: ([String]) throws -> [String]) throws -> Int {
        // Why before the sessions: a session that begins later has no file in these lists.
        let unfinished = try FileSystem.names(inFolder: FileSystem.join(path, "incoming"))
        let complete = try FileSystem.names(inFolder: FileSystem.join(path, "files"))
        let sessions = FileSystem.join(path, "sessions")
        var alive: Set<String> = []
        // Why the locks are kept until the end: a sweep that is interrupted leaves the sessions' files for the next one.
        var dead: [FileLock] = []
        for name in try FileSystem.names(inFolder: sessions) {
            // Creating is right here: a lock taken this way takes its file with it when it goes.
            if let lock = try FileLock.tryCreating(FileSystem.join(sessions, name)) {
                dead.append(lock)
            } else {
                alive.insert(name)
            }
        }
        defer { withExtendedLifetime(dead) {} }
        let isLeft = { (file: String) in !alive.contains(String(file.prefix { $0 != "-" })) }
        let garbage = try unreferenced(complete.filter(isLeft)).map { self.complete($0) }
        let paths = unfinished.filter(isLeft).map { incoming($0) } + garbage
        for path in paths { try FileSystem.remove(path) }
        return paths.count
    }
}
