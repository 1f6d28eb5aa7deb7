import AsyncHTTPClient

/// One page of a listing.
struct ListPage: S3Exchange {
    /// The most bytes that a page may have: 1,000 keys of 1,024 bytes, each percent-encoded, and their frames.
    static let byteLimit = 8 << 20

    private let uri: S3URI
    private let continuation: String?
    /// The page's objects.
    private(set) var objects: [S3Object] = []
    /// What to go on with; nil on the last page.
    private(set) var next: String?

    /// - Parameters:
    ///   - uri: the folder to list.
    ///   - continuation: where to go on; nil for the first page.
    init(_ uri: S3URI, continuation: String?) {
        self.uri = uri
        self.continuation = continuation
    }

    var progress: Int { 0 }

    var request: S3Request {
        var query = [("list-type", "2"), ("encoding-type", "url"), ("max-keys", "1000")]
        if !uri.folderPrefix.isEmpty { query.append(("prefix", uri.folderPrefix)) }
        if let continuation { query.append(("continuation-token", continuation)) }
        return S3Request(operation: "ListObjectsV2", bucket: uri.bucket, query: query)
    }

    func meaning(status: Int, code: String) -> S3Error.Reason? { nil }

    mutating func receive(_ response: HTTPClientResponse, stall: Duration) async throws(AttemptError) {
        let bytes: [UInt8]
        do throws(TransportError) {
            bytes = try await HTTPTransport.body(of: response, limit: Self.byteLimit)
        } catch {
            throw AttemptError(error, stall: stall)
        }
        let document: ListDocument
        do throws(ListDocumentError) {
            document = try ListDocument(parsing: bytes, bucket: uri.bucket)
        } catch {
            // A proxy may have cut it short.
            throw .passing(.unexpectedAnswer(error.reason))
        }
        let prefix = uri.folderPrefix.utf8
        guard document.objects.allSatisfy({ $0.key.utf8.starts(with: prefix) }) else {
            throw .lasting(.unexpectedAnswer("the listing has keys outside the prefix that was asked for"))
        }
        guard document.continuation == nil || document.continuation != continuation else {
            throw .lasting(.unexpectedAnswer("the listing goes in circles"))
        }
        objects = document.objects
        next = document.continuation
    }
}
