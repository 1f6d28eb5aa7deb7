import OutcropNumerics

/// The reader of the prefix cache's file without an engine around it, for fuzzing.
package enum PrefixFileBytes {
    /// Reads bytes as a file of prefixes: as they are, behind a header that fits, and with every checksum made good too, since
    /// no mutation would find one.
    ///
    /// - Returns: how many blocks the last of these restored; nil if pages were lost or given twice.
    package static func restore(fuzz bytes: [UInt8]) -> Int? {
        guard let pool = try? KeyValuePages(pageCount: 6, layers: 1, heads: 1, headDim: 1, type: .f16) else {
            return nil
        }
        let layout = PrefixFileLayout(
            identity: 1, vocabularySize: 1 << 24, window: 33, fullByteCount: pool.pageByteCount,
            slidingByteCount: pool.pageByteCount)
        let behindHeader = layout.header + bytes
        var restored = 0
        for file in [bytes, behindHeader, withChecksums(behindHeader, layout)] {
            // Fewer sliding pages than others: either may be what is short.
            var pools = PagePools(
                fullPages: pool.pageCount, slidingPages: 4, window: layout.window, reusesPrefixes: true)
            if let reader = try? PrefixFileReader(MemoryBytes(bytes: file), layout: layout, report: { _ in }) {
                while reader.restoreSome(to: &pools, full: pool, sliding: pool) {}
            }
            guard pools.checkIntegrity([]) else { return nil }
            restored = pools.cache.idleCount
        }
        return restored
    }

    private static func withChecksums(_ file: [UInt8], _ layout: PrefixFileLayout) -> [UInt8] {
        var sealed = Array(file.prefix(PrefixFileLayout.headerByteCount))
        while let hasSliding = layout.hasSliding(Array(file.dropFirst(sealed.count).prefix(16))) {
            let size = layout.byteCount(hasSliding: hasSliding)
            guard size <= file.count - sealed.count else { break }
            var block = Array(file[sealed.count..<sealed.count + size - 8])
            PrefixFileLayout.seal(&block)
            sealed += block
        }
        return sealed + file.dropFirst(sealed.count)
    }

    /// A file's bytes without a file.
    private struct MemoryBytes: ByteSource {
        let path = "fuzz"
        let bytes: [UInt8]
        var byteCount: Int { bytes.count }

        func read(at offset: Int, count: Int, into buffer: inout [UInt8], at start: Int) throws(FileError) {
            guard offset >= 0, count >= 0, count <= bytes.count, offset <= bytes.count - count else {
                throw FileError(operation: "read", path: path, reason: "it ends before")
            }
            buffer.replaceSubrange(start..<start + count, with: bytes[offset..<offset + count])
        }
    }
}
