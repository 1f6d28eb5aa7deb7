import Checkpoint
import ModelImport
import ModelLibrary
import OutcropNumerics

/// Why a job failed, in words for whoever asked for it. Paths of this machine are left out.
struct ImportFailure: Sendable {
    /// The longest message that Amazon Bedrock's API has.
    static let messageLimit = 2048

    /// At most `messageLimit` bytes.
    let message: String
    /// Every finding, a line each; nil when there are none.
    let findings: String?

    init(_ error: any Error) {
        switch error {
        case ImportError.checkpoint(.unusable(_, let findings)), CheckpointError.unusable(_, let findings):
            self.init(
                message: Self.message(findings), findings: findings.map(\.description).joined(separator: "\n"))
        case let error as ImportError: self.init(text: Self.text(error))
        case let error as FileError: self.init(text: Self.text(error))
        default: self.init(text: "\(error)")
        }
    }

    private init(text: String) { self.init(message: Self.cut(text, to: Self.messageLimit), findings: nil) }

    private init(message: String, findings: String?) {
        self.message = message
        self.findings = findings
    }

    private static func text(_ error: ImportError) -> String {
        switch error {
        case .diskFull(_, let needed, let free):
            "The server's disk is full: the model needs \(needed) bytes" + (free.map { ", \($0) are free" } ?? "")
                + ". Free some space there, then try the job again."
        case .file(let error): text(error)
        case .library(.file(let error)): text(error)
        default: "\(error)"
        }
    }

    private static func text(_ error: FileError) -> String {
        // An object's name is nobody's secret.
        if error.path.utf8.starts(with: "s3://".utf8) { return "The server \(error)." }
        return "The server could not \(error.operation) a file: \(error.reason). Mend that, then try the job again."
    }

    /// As many findings as there is room for: errors before warnings, one of each kind before the second of any.
    private static func message(_ findings: [Finding]) -> String {
        var seen: Set<FindingCode> = []
        let firsts = findings.filter { seen.insert($0.code).inserted }
        seen = []
        let others = findings.filter { !seen.insert($0.code).inserted }
        let lines = [firsts, others].flatMap { group in
            group.filter { $0.severity == .error } + group.filter { $0.severity < .error }
        }.map(\.description)
        var text = "The checkpoint cannot be imported."
        for (index, line) in lines.enumerated() {
            let left = lines.count - index
            let more = left > 1 ? "\n… and \(left - 1) more: outcrop jobs show lists all." : ""
            let room = messageLimit - text.utf8.count - 1 - more.utf8.count
            if line.utf8.count > room {
                guard index == 0 else { return text + "\n… and \(left) more: outcrop jobs show lists all." }
                return text + "\n" + cut(line, to: room) + more
            }
            text += "\n" + line
        }
        return text
    }

    /// The text, or as many of its characters as fit.
    static func cut(_ text: String, to byteCount: Int) -> String {
        guard text.utf8.count > byteCount else { return text }
        var bytes = Array(text.utf8.prefix(byteCount - "…".utf8.count))
        while let last = bytes.last, last & 0xC0 == 0x80 { bytes.removeLast() }
        // The first byte of a character that has lost others.
        if let last = bytes.last, last >= 0xC0 { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self) + "…"
    }
}
