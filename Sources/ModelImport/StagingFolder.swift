import ModelLibrary
import OutcropNumerics

/// A hidden folder in which an artifact is made. It is locked as long as this process lives, so that others can tell it
/// from what a dead process left; it takes its final name by one rename.
struct StagingFolder {
    let path: String
    private let parent: String
    private let lock: FileLock

    /// Creates and locks a staging folder for `name` in `parent`.
    /// - Throws: `FileError`.
    init(in parent: String, for name: String) throws(FileError) {
        try FileSystem.createFolder(parent)
        while true {
            let path = FileSystem.join(parent, ModelLibrary.hiddenName(.partial, name))
            try FileSystem.createFolder(path)
            do throws(FileError) {
                // Between its creation and its lock the folder looks dead, and a sweep may take it: then try again.
                if let lock = try FileLock.tryLock(path), FileSystem.status(of: path) != nil {
                    self.path = path
                    self.parent = parent
                    self.lock = lock
                    return
                }
            } catch {
                guard error.isNotFound else { throw error }
            }
        }
    }

    /// Deletes the folder. A failure leaves it to the next sweep.
    func discard() {
        withExtendedLifetime(lock) { try? FileSystem.remove(path) }
    }

    /// Gives the folder its final name; with `replace`, in place of a folder that has it.
    /// - Throws: `FileError`; `EEXIST` or `ENOTEMPTY` when the name is taken and may not be replaced.
    func publish(as name: String, replace: Bool) throws(FileError) {
        defer { withExtendedLifetime(lock) {} }
        let target = FileSystem.join(parent, name)
        try FileSystem.synchronizeFolder(path)
        guard replace, FileSystem.status(of: target) != nil else {
            try FileSystem.rename(path, to: target)
            return try FileSystem.synchronizeFolder(parent)
        }
        // A crash between the two renames is mended by the next sweep, which gives the old folder its name back. The lock
        // keeps a sweep in another process from doing so now.
        let oldLock = try FileLock.tryLock(target)
        defer { withExtendedLifetime(oldLock) {} }
        let old = FileSystem.join(parent, ModelLibrary.hiddenName(.replaced, name))
        try FileSystem.rename(target, to: old)
        do throws(FileError) {
            try FileSystem.rename(path, to: target)
        } catch {
            try FileSystem.rename(old, to: target)
            throw error
        }
        try FileSystem.synchronizeFolder(parent)
        try? FileSystem.remove(old)
    }
}
