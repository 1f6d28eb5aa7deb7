import JSON
import OutcropNumerics

/// Writes checkpoints with random weights: the shapes of real models without their download.
///
/// The weights depend on the size and the seed alone, not on threads or layout: the layouts of one seed hold the same
/// values, so the bfloat16 experts lie on the MXFP4 grid.
public enum SyntheticCheckpoint {
    /// Where to write and what.
    public struct Plan: Sendable {
        /// Files and sizes: names, bytes.
        public let shards: [(name: String, byteCount: Int)]
        /// Bytes of all shards.
        public var byteCount: Int { shards.reduce(0) { $0 + $1.byteCount } }
        let configuration: ModelConfiguration
        let kind: LayoutKind
        let layouts: [SafetensorsLayout]
        let pieces: [SyntheticPiece]
    }

    /// Pieces of this many bytes at most, but for single experts.
    private static let pieceByteCount = 8 << 20

    /// Whether there is anything in a folder, so that a checkpoint written to it could replace files.
    /// - Throws: `FileError` when it is there and cannot be listed.
    public static func isOccupied(_ folder: String) throws(FileError) -> Bool {
        do throws(FileError) {
            return try !FileSystem.names(inFolder: folder).isEmpty
        } catch {
            guard error.isNotFound else { throw error }
            return false
        }
    }

    /// Writes a checkpoint to a folder, which is created. Blocks the calling thread. Files that are there are replaced.
    /// When it fails or is cancelled, the files that it wrote are removed.
    /// - Parameters:
    ///   - layout: `huggingFaceMXFP4`, `huggingFaceBF16` or `original`.
    ///   - shardByteLimit: a new shard begins where this would be passed; nil for 5 GB (one file for `original` 20b).
    ///   - threads: threads that make weights.
    ///   - progress: bytes written so far and in all; called from several threads, one at a time.
    ///   - isCancelled: asked before each piece; true ends the work.
    /// - Throws: `FileError`, also when it was cancelled.
    public static func write(
        to folder: String, size: SyntheticSize, layout: LayoutKind, seed: UInt64, shardByteLimit: Int? = nil,
        threads: Int = 2, progress: @escaping @Sendable (_ bytesDone: Int, _ bytesTotal: Int) -> Void = { _, _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(FileError) {
        try write(
            to: folder, configuration: size.configuration, layout: layout, seed: seed, shardByteLimit: shardByteLimit,
            threads: threads, progress: progress, isCancelled: isCancelled)
    }

    /// Writes a checkpoint of any shape; see the other `write`.
    /// - Throws: `FileError`.
    public static func write(
        to folder: String, configuration: ModelConfiguration, layout: LayoutKind, seed: UInt64,
        shardByteLimit: Int? = nil, threads: Int = 2,
        progress: @escaping @Sendable (_ bytesDone: Int, _ bytesTotal: Int) -> Void = { _, _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(FileError) {
        let limit = shardByteLimit ?? (layout == .original ? 14_000_000_000 : 5_000_000_000)
        let plan = plan(configuration, layout, seed: seed, shardByteLimit: limit)
        let isNew = FileSystem.status(of: folder) == nil
        try FileSystem.createFolder(folder)
        do throws(FileError) {
            try write(plan, to: folder, threads, isCancelled, progress)
        } catch {
            // What cannot be removed stays; the failure itself is what its reader has to know.
            for name in plan.shards.map(\.name) + SyntheticFiles.names {
                try? FileSystem.remove(FileSystem.join(folder, name))
            }
            if isNew, (try? FileSystem.names(inFolder: folder).isEmpty) == true { try? FileSystem.remove(folder) }
            throw error
        }
    }

    private static func write(
        _ plan: Plan, to folder: String, _ threads: Int, _ isCancelled: @escaping @Sendable () -> Bool,
        _ progress: @escaping @Sendable (_ bytesDone: Int, _ bytesTotal: Int) -> Void
    ) throws(FileError) {
        if let free = FileSystem.freeBytes(at: folder), free < plan.byteCount {
            throw FileError(
                operation: "write a checkpoint of \(plan.byteCount) bytes to", path: folder,
                reason: "only \(free) bytes are free")
        }
        try SyntheticFiles.write(plan, to: folder)
        var files: [OutputFile] = []
        for (shard, layout) in zip(plan.shards, plan.layouts) {
            let file = try OutputFile(creating: FileSystem.join(folder, shard.name))
            try file.reserve(byteCount: shard.byteCount)
            try file.write(layout.headerBytes, at: 0)
            files.append(file)
        }
        let counter = ByteCounter(total: plan.byteCount, report: progress)
        let checkCancellation: @Sendable () throws(FileError) -> Void = { () throws(FileError) in
            guard isCancelled() else { return }
            throw FileError(
                operation: "write a checkpoint to", path: folder, reason: "it was cancelled; nothing of it is left")
        }
        try writePieces(plan.pieces, files, threads, counter, checkCancellation: checkCancellation)
        for file in files {
            try checkCancellation()
            try file.synchronize()
        }
        try checkCancellation()
    }

    private static func writePieces(
        _ pieces: [SyntheticPiece], _ files: [OutputFile], _ threads: Int, _ counter: ByteCounter,
        checkCancellation: @escaping @Sendable () throws(FileError) -> Void
    ) throws(FileError) {
        try ParallelSteps.run(
            count: pieces.count, threads: threads, makeWorker: { SyntheticPiece.Buffers() },
            step: { (buffers: inout SyntheticPiece.Buffers, index) throws(FileError) in
                try checkCancellation()
                let piece = pieces[index]
                piece.fill(&buffers)
                try files[piece.shard].write(buffers.out, 0..<piece.byteCount, at: piece.offset)
                counter.add(piece.byteCount)
            })
    }

    /// Distributes the tensors over shards and cuts them into pieces.
    static func plan(
        _ configuration: ModelConfiguration, _ kind: LayoutKind, seed: UInt64, shardByteLimit: Int
    ) -> Plan {
        let builder = SyntheticPlanBuilder(
            configuration: configuration, kind: kind, stream: SyntheticStream(seed: seed, configuration: configuration))
        let shards = builder.shards(byteLimit: shardByteLimit)
        var layouts: [SafetensorsLayout] = []
        var pieces: [SyntheticPiece] = []
        for (index, shard) in shards.enumerated() {
            // Only shapes that overflow 2^61 bytes have no layout; no configuration that can be named here has.
            guard
                let layout = SafetensorsLayout(
                    tensors: shard.map(\.tensor), metadata: kind == .original ? [] : [("format", "pt")])
            else { continue }
            for (tensor, info) in zip(shard, layout.tensors) {
                pieces += builder.pieces(of: tensor, shard: index, at: info.byteRange.lowerBound, pieceByteCount)
            }
            layouts.append(layout)
        }
        let names = shardNames(layouts.count, kind)
        return Plan(
            shards: zip(names, layouts).map { ($0, $1.fileByteCount) }, configuration: configuration, kind: kind,
            layouts: layouts, pieces: pieces)
    }

    private static func shardNames(_ count: Int, _ kind: LayoutKind) -> [String] {
        guard count > 1 else { return ["model.safetensors"] }
        func number(_ value: Int) -> String { String(repeating: "0", count: 5 - String(value).count) + String(value) }
        let separator = kind == .original ? "--" : "-"
        return (1...count).map { "model\(separator)\(number($0))-of-\(number(count)).safetensors" }
    }
}
