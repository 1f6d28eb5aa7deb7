import OutcropNumerics

/// One version of an object as a file that can be read at any offset, for threads that may block.
///
/// Long reads are split into pieces that are fetched at the same time. Never call it from a task: the thread waits, and
/// what it waits for needs the tasks' threads.
public final class S3ByteSource: ByteSource {
    /// The object.
    public let object: S3Object
    private let client: S3Client

    /// Reads an object through a client. No request is sent yet.
    public init(_ object: S3Object, _ client: S3Client) {
        self.object = object
        self.client = client
    }

    /// `s3://bucket/key`.
    public var path: String { object.description }

    /// Its size in bytes.
    public var byteCount: Int { object.byteCount }

    /// Reads `count` bytes at `offset` into `buffer` from index `start`; `buffer` must be large enough.
    /// - Throws: `FileError` when the range is outside the object, the object has changed or S3 fails; its reason is the
    ///   `S3Error`'s text.
    public func read(at offset: Int, count: Int, into buffer: inout [UInt8], at start: Int) throws(FileError) {
        precondition(start >= 0 && count >= 0 && start <= buffer.count - count, "the buffer is too small")
        guard offset >= 0, count <= byteCount, offset <= byteCount - count else {
            throw FileError(
                operation: "read", path: path,
                reason: "bytes \(offset) to \(offset) + \(count) are outside the object of \(byteCount) bytes")
        }
        let pieceByteCount = max(client.transfer.pieceByteCount, 1)
        var pending: [PendingRead] = []
        defer { for read in pending { read.cancel() } }
        var started = 0
        var done = 0
        while done < count {
            while started < count, pending.count < max(client.transfer.parallelism, 1) {
                let length = min(pieceByteCount, count - started)
                pending.append(PendingRead(client, object, offset + started..<offset + started + length))
                started += length
            }
            let bytes = try wait(for: pending.removeFirst())
            buffer.replaceSubrange(start + done..<start + done + bytes.count, with: bytes)
            done += bytes.count
        }
    }

    private func wait(for read: PendingRead) throws(FileError) -> [UInt8] {
        do throws(S3Error) {
            return try read.wait()
        } catch {
            throw FileError(operation: "read", path: path, reason: error.description)
        }
    }
}
