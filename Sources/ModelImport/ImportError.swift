import Checkpoint
import ModelLibrary
import OutcropNumerics

/// Why an import did not finish. Nothing of it is left then.
public enum ImportError: Error, Sendable, CustomStringConvertible {
    /// The checkpoint cannot be imported.
    case checkpoint(CheckpointError)
    /// The name is not allowed or taken, or the library cannot be written.
    case library(LibraryError)
    /// The checkpoint's files cannot be read any more, or have changed since the import began.
    case source(FileError)
    /// A file operation failed where the model is written.
    case file(FileError)
    /// The disk cannot hold the artifact.
    case diskFull(folder: String, needed: Int, free: Int?)
    /// What the model should be compared with cannot be used.
    indirect case base(ModelSourceError)
    /// What the model should be compared with has another shape.
    case baseMismatch(base: String, reason: String)
    /// Weights that no quantised format can hold.
    case notFinite(tensor: String, count: Int)
    /// A router's weights that bfloat16 would change.
    case routerInexact(tensor: String, count: Int)
    /// Another import of the same name is running.
    case nameBusy(String)
    /// It was cancelled.
    case cancelled

    /// The reason, and what to do.
    public var description: String {
        switch self {
        case .checkpoint(let error): "\(error)"
        case .library(let error): "\(error)"
        case .source(let error): "\(error). Start the import again when the checkpoint's files stay as they are"
        case .file(let error): "\(error)"
        case .diskFull(let folder, let needed, let free):
            "the disk is full: the model needs \(needed) bytes in \(folder)"
                + (free.map { ", \($0) are free" } ?? "")
                + ". Free some space, or choose another data folder (--data)"
        case .base(let error): "the base cannot be used: \(error)"
        case .baseMismatch(let base, let reason):
            "'\(base)' cannot be the base of this checkpoint: \(reason). Give the model that was fine-tuned, or import without a "
                + "base"
        case .notFinite(let tensor, let count):
            "\(tensor) has \(count) values that are not finite (NaN or infinity): the checkpoint is damaged or its training "
                + "diverged"
        case .routerInexact(let tensor, let count):
            "\(tensor) has \(count) values that bfloat16 cannot hold; rounding a router changes which experts run. Save the "
                + "checkpoint as bfloat16 and check that it still answers as it should"
        case .nameBusy(let name):
            "another import of '\(name)' is running: wait for it, or choose another name"
        case .cancelled: "the import was cancelled; nothing of it is left"
        }
    }

    /// The error for a failed file operation while `needed` bytes are written to `folder`.
    static func writing(_ error: FileError, folder: String, needed: Int) -> ImportError {
        error.isOutOfSpace
            ? .diskFull(folder: folder, needed: needed, free: FileSystem.freeBytes(at: folder)) : .file(error)
    }
}
