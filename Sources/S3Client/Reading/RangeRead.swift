import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Some bytes of one version of an object. After a broken connection it goes on at the byte it reached.
struct RangeRead: S3Exchange {
    private let object: S3Object
    private let range: Range<Int>
    /// What has come so far.
    private(set) var bytes: [UInt8] = []
    /// An average below so many bytes in a second counts as standing still.
    private static let slowest = 1024.0

    /// - Parameter range: not empty, within the object.
    init(_ object: S3Object, _ range: Range<Int>) {
        self.object = object
        self.range = range
        bytes.reserveCapacity(range.count)
    }

    var progress: Int { bytes.count }

    private var missing: Range<Int> { range.lowerBound + bytes.count..<range.upperBound }

    var request: S3Request {
        S3Request(
            operation: "GetObject", bucket: object.bucket, key: object.key,
            headers: [
                ("range", "bytes=\(missing.lowerBound)-\(missing.upperBound - 1)"), ("if-match", object.etag),
            ])
    }

    func meaning(status: Int, code: String) -> S3Error.Reason? {
        // A range that is not satisfiable means that the object became shorter.
        status == 412 || status == 416 ? .objectChanged : nil
    }

    mutating func receive(_ response: HTTPClientResponse, stall: Duration) async throws(AttemptError) {
        try checkVersion(response.headers)
        try checkRange(Int(response.status.code), response.headers)
        let begin = ContinuousClock.now
        let countBefore = bytes.count
        do {
            for try await part in response.body {
                guard part.readableBytes <= missing.count else {
                    throw AttemptError.passing(.unexpectedAnswer("more bytes came than the range has"))
                }
                bytes.append(contentsOf: part.readableBytesView)
                let seconds = (ContinuousClock.now - begin) / .seconds(1)
                let isSlow = Double(bytes.count - countBefore) < Self.slowest * seconds
                if isSlow, ContinuousClock.now - begin > stall, !missing.isEmpty {
                    throw AttemptError.passing(.stalled(seconds: Int(stall.components.seconds)))
                }
            }
        } catch let error as AttemptError {
            throw error
        } catch {
            throw AttemptError(TransportError(error), stall: stall)
        }
        guard missing.isEmpty else {
            throw .passing(.unexpectedAnswer("\(bytes.count) bytes came of the \(range.count) in the range"))
        }
    }

    /// Not every server obeys `if-match`, but all say which version they send.
    private func checkVersion(_ headers: HTTPHeaders) throws(AttemptError) {
        guard let etag = headers.first(name: "etag") else { return }
        let sent = S3Object(bucket: object.bucket, key: object.key, byteCount: 0, etag: etag).etag
        guard sent.utf8.elementsEqual(object.etag.utf8) else { throw .lasting(.objectChanged) }
    }

    private func checkRange(_ status: Int, _ headers: HTTPHeaders) throws(AttemptError) {
        guard status == 206 else {
            // A server may send the whole object when all of it was asked for.
            guard status == 200, missing == 0..<object.byteCount else {
                throw .lasting(.unexpectedAnswer("status \(status) to a request for a range of bytes"))
            }
            return
        }
        guard let text = headers.first(name: "content-range"), let found = ContentRange(text) else {
            throw .lasting(.unexpectedAnswer("status 206 without a content-range that can be read"))
        }
        if let total = found.total, total != object.byteCount { throw .lasting(.objectChanged) }
        guard found.range == missing else {
            throw .lasting(
                .unexpectedAnswer("bytes \(found.range) came when \(missing) were asked for"))
        }
    }
}
