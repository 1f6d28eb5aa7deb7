#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension OutputFile {
    /// Copies a whole file into this one without moving its bytes through this program where the system can: the blocks are
    /// shared (btrfs, XFS) or copied in the kernel. For one thread at a time.
    /// - Parameters:
    ///   - source: the file.
    ///   - offset: where its bytes go in this file.
    /// - Throws: `FileError`; `isOutOfSpace` when the disk is full.
    public func copy(_ source: RandomAccessFile, to offset: Int) throws(FileError) {
        guard source.byteCount > 0, !shareBlocks(source, at: offset) else { return }
        var done = 0
        while done < source.byteCount {
            guard let copied = try kernelCopy(source, from: done, to: offset + done) else {
                return try plainCopy(source, from: done, to: offset + done)
            }
            guard copied > 0 else {
                throw FileError(operation: "copy", path: source.path, reason: "the file became shorter meanwhile")
            }
            done += copied
        }
    }

    /// Makes the file system note that the bytes are the source's, if it can: it wants whole blocks.
    private func shareBlocks(_ source: RandomAccessFile, at offset: Int) -> Bool {
        #if os(Linux) && canImport(Glibc)
            // struct file_clone_range and FICLONERANGE of <linux/fs.h>.
            let range = [Int64(source.descriptor), 0, Int64(source.byteCount), Int64(offset)]
            return unsafe range.withUnsafeBytes { bytes in
                guard let base = bytes.baseAddress else { return false }
                return unsafe ioctl(descriptor, 0x4020_940D, UnsafeMutableRawPointer(mutating: base)) == 0
            }
        #else
            return false
        #endif
    }

    /// The bytes that one system call copied; nil where this pair of files has to be copied in the plain way.
    private func kernelCopy(
        _ source: RandomAccessFile, from start: Int, to offset: Int
    ) throws(FileError) -> Int? {
        #if os(Linux)
            guard lseek(descriptor, off_t(offset), SEEK_SET) >= 0 else { throw .last("write", path) }
            while true {
                var position = off_t(start)
                let copied = unsafe sendfile(
                    descriptor, source.descriptor, &position, min(source.byteCount - start, 1 << 30))
                if copied >= 0 { return copied }
                switch errno {
                case EINTR: continue
                case EINVAL, ENOSYS, EOPNOTSUPP: return nil
                default: throw .last("copy \(source.path) to", path)
                }
            }
        #else
            return nil
        #endif
    }

    private func plainCopy(_ source: RandomAccessFile, from start: Int, to offset: Int) throws(FileError) {
        var buffer: [UInt8] = []
        var done = start
        while done < source.byteCount {
            let count = min(source.byteCount - done, 1 << 20)
            try source.read(at: done, count: count, into: &buffer)
            try write(buffer, 0..<count, at: offset + done - start)
            done += count
        }
    }
}
