import ModelLibrary
import OutcropNumerics

/// The name under which the artifact of a checkpoint folder is cached: it changes with the folder's path, its files'
/// names, sizes and times, and the way it is converted.
struct CacheKey: Equatable {
    /// What all artifacts of this checkpoint and format begin with.
    let checkpointPrefix: String
    /// The whole name.
    let folderName: String

    /// The key of the checkpoint at an absolute path.
    init(checkpoint path: String, dense: DenseFormat) {
        var pathHash = StableHash()
        pathHash.add(path)
        var contentHash = StableHash()
        contentHash.add(ArtifactLayout.formatVersion)
        for name in (try? FileSystem.names(inFolder: path)) ?? [] {
            guard name.hasSuffix(".safetensors") || name.hasSuffix(".json"),
                let status = FileSystem.status(of: FileSystem.join(path, name)), status.kind == .file
            else { continue }
            contentHash.add(name)
            contentHash.add(String(status.byteCount))
            contentHash.add(String(status.modified))
        }
        checkpointPrefix = "\(pathHash.text)-\(dense.rawValue)-"
        folderName = checkpointPrefix + contentHash.text
    }
}

/// A hash that is the same in every process (Swift's own is seeded anew in each): FNV-1a, 64 bits.
///
/// Source: Fowler, Noll, Vo, draft-eastlake-fnv. It names cache entries; it resists no attacker.
struct StableHash {
    private var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ text: String) {
        for byte in text.utf8 { add(byte) }
        add(0)
    }

    private mutating func add(_ byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x100_0000_01b3
    }

    /// 16 hexadecimal digits.
    var text: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
