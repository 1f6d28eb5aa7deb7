import ModelLibrary
import OutcropNumerics

/// Where and how much of the prefix cache is kept while no engine runs.
struct PrefixFile: Sendable {
    /// The file's name in an artifact's folder: it goes with the model.
    static let name = "prefixes.cache"

    let path: String
    let layout: PrefixFileLayout
    /// The most bytes to write.
    let byteLimit: Int
    /// Told in a sentence what could not be read or written.
    let report: @Sendable (String) -> Void

    /// Nil if nothing is to be kept.
    init?(_ artifact: Artifact, shape: ModelShape, options: EngineOptions, kernels: KernelSet) {
        guard options.reusesPrefixes, let limit = options.prefixFileBytes else { return nil }
        path = FileSystem.join(artifact.folder, Self.name)
        byteLimit = limit
        report = options.report
        layout = PrefixFileLayout(
            identity: Self.identity(artifact, options, kernels), vocabularySize: shape.vocabularySize,
            window: shape.widestWindow, fullByteCount: options.pageByteCount(shape, layers: shape.fullLayers),
            slidingByteCount: options.pageByteCount(shape, layers: shape.slidingLayers))
    }

    /// A number that changes with the weights and with everything that may change a bit of the keys and values.
    private static func identity(_ artifact: Artifact, _ options: EngineOptions, _ kernels: KernelSet) -> UInt64 {
        let (samples, sampleBytes) = (64, 4096)
        // Another build may compute other bits, and so does a processor that has not all of an instruction set.
        let choices = WeightKind.allCases.map { kind in
            (1...64).map { kernels.activationKind(for: kind, tokens: $0, precision: options.precision) }
        }
        var bytes = Array(
            """
            \(Machine.executableIdentity) \(kernels.name) \(choices) \(options.precision) \(options.storedKeyValueType) \
            \(options.isDeterministic)
            """.utf8)
        // The whole of the weights would take as long to read as they are large.
        let last = max(0, artifact.file.byteCount - sampleBytes)
        for sample in 0..<samples {
            let start = last / (samples - 1) * sample
            bytes += artifact.file.bytes(start..<min(start + sampleBytes, artifact.file.byteCount))
        }
        return ContentHash.of(bytes.span)
    }

    // MARK: - Writing

    /// Writes the blocks used most recently, as far as they fit, and replaces the file that is there.
    ///
    /// Not flushed to the disk: what a lost machine leaves unfinished shows in the checksums, and is a cache.
    func save(_ cache: PrefixCache, full: KeyValuePages, sliding: KeyValuePages) {
        do {
            // Another process that serves the same model may be writing; one file is enough.
            guard let lock = try FileLock.tryCreating(path + ".lock") else { return }
            defer { _ = lock }
            let temporary = path + ".partial"
            do throws(FileError) {
                try write(cache, full: full, sliding: sliding, to: temporary)
                try FileSystem.rename(temporary, to: path)
            } catch {
                try? FileSystem.remove(temporary)
                throw error
            }
        } catch {
            report("the prefix cache was not saved: \(error)")
        }
    }

    private func write(
        _ cache: PrefixCache, full: KeyValuePages, sliding: KeyValuePages, to path: String
    ) throws(FileError) {
        let file = try OutputFile(creating: path, isPrivate: true)
        try file.write(layout.header, at: 0)
        var offset = PrefixFileLayout.headerByteCount
        var numbers: [Int32: Int] = [:]
        for page in cache.idleNewestFirst {
            let block = cache[page]
            let slidingPage = block.isLandmark ? block.slidingPage : nil
            let size = layout.byteCount(hasSliding: slidingPage != nil)
            guard offset + size <= byteLimit else { break }
            let parent = block.key.parent < 0 ? -1 : numbers[block.key.parent]
            guard let parent else { continue }
            var bytes: [UInt8] = []
            bytes.reserveCapacity(size)
            let tokens = block.key.tokens.indices.map { block.key.tokens[$0] }
            PrefixFileLayout.append(
                .init(parent: parent, hasSliding: slidingPage != nil, tokens: tokens), to: &bytes)
            full.append(page: Int(page), to: &bytes)
            if let slidingPage { sliding.append(page: Int(slidingPage), to: &bytes) }
            PrefixFileLayout.seal(&bytes)
            try file.write(bytes, at: offset)
            offset += size
            numbers[page] = numbers.count
        }
    }

    /// Starts reading the file; nil if there is none that can be used.
    func reader() -> PrefixFileReader? {
        guard FileSystem.status(of: path)?.kind == .file else { return nil }
        do {
            return try PrefixFileReader(RandomAccessFile(path: path), layout: layout, report: report)
        } catch let damage as PrefixFileLayout.Damage {
            report("\(path) is not used: \(damage.description)")
        } catch {
            report("\(path) is not used: \(error)")
        }
        return nil
    }
}

/// Reads a file of prefixes block by block, so that the first request need not wait for all of them.
final class PrefixFileReader {
    /// Bytes read between two steps: a few hundredths of a second.
    private static let portion = 16 << 20

    private let file: any ByteSource
    private let layout: PrefixFileLayout
    private let report: @Sendable (String) -> Void
    private var offset = PrefixFileLayout.headerByteCount
    /// The page of each block read so far.
    private var pages: [Int32] = []

    /// - Throws: `PrefixFileLayout.Damage` for a file that is not of this layout, `FileError` for one that cannot be read.
    init(_ file: any ByteSource, layout: PrefixFileLayout, report: @escaping @Sendable (String) -> Void) throws {
        self.file = file
        self.layout = layout
        self.report = report
        let size = PrefixFileLayout.headerByteCount
        guard file.byteCount >= size else { throw PrefixFileLayout.Damage.notAPrefixFile }
        try layout.check(header: file.read(at: 0, count: size))
    }

    /// Reads some more blocks into free pages.
    /// - Returns: whether there may be more; not when the pages are needed for something else.
    func restoreSome(to pools: inout PagePools, full: KeyValuePages, sliding: KeyValuePages) -> Bool {
        do {
            let end = offset + Self.portion
            while offset < end {
                // Blocks whose parents were forgotten would be in the way.
                guard !pools.hasEvicted, let block = try next() else { return false }
                let parent = block.header.parent < 0 ? nil : pages[block.header.parent]
                let key = PrefixCache.Key(block.header.tokens, block: 0, parent: parent)
                guard let place = pools.restore(key, hasSliding: block.header.hasSliding) else { return false }
                pages.append(place.full)
                guard place.isNew else { continue }
                full.restore(page: Int(place.full), from: block.bytes, at: PrefixFileLayout.pagesOffset)
                if let page = place.sliding {
                    sliding.restore(
                        page: Int(page), from: block.bytes, at: PrefixFileLayout.pagesOffset + full.pageByteCount)
                }
            }
            return true
        } catch let damage as PrefixFileLayout.Damage {
            report("\(file.path) is used in part: \(damage.description)")
        } catch {
            report("\(file.path) is used in part: \(error)")
        }
        return false
    }

    /// The next block, checked; nil at the end of the file.
    private func next() throws -> (header: PrefixFileLayout.BlockHeader, bytes: [UInt8])? {
        let left = file.byteCount - offset
        guard left > 0 else { return nil }
        guard left >= PrefixFileLayout.blockOverhead,
            let hasSliding = layout.hasSliding(try file.read(at: offset, count: 16)),
            layout.byteCount(hasSliding: hasSliding) <= left
        else { throw PrefixFileLayout.Damage.block(pages.count) }
        let bytes = try file.read(at: offset, count: layout.byteCount(hasSliding: hasSliding))
        offset += bytes.count
        return (try layout.block(bytes, number: pages.count), bytes)
    }
}
