import AWSProtocol

/// The XML of one page of a bucket's listing (ListObjectsV2).
public struct ListDocument: Sendable, Equatable {
    /// The page's objects.
    public let objects: [S3Object]
    /// What to send for the next page; nil on the last.
    public let continuation: String?

    /// Reads a page.
    /// - Parameter bucket: the bucket that was listed.
    /// - Throws: `ListDocumentError` when the bytes are not such a document.
    public init(parsing bytes: [UInt8], bucket: String) throws(ListDocumentError) {
        let root: XMLElement
        do throws(XMLError) {
            root = try XMLParser.parse(bytes, limits: XMLLimits(byteCount: ListPage.byteLimit))
        } catch {
            throw ListDocumentError(reason: error.description)
        }
        guard root.name == "ListBucketResult" else {
            throw ListDocumentError(reason: "the listing is not a ListBucketResult")
        }
        let isEncoded = root.text(of: "EncodingType") == "url"
        var objects: [S3Object] = []
        for contents in root.children(named: "Contents") {
            objects.append(try Self.object(contents, bucket, isEncoded: isEncoded))
        }
        self.objects = objects
        guard root.text(of: "IsTruncated") == "true" else {
            continuation = nil
            return
        }
        continuation = root.text(of: "NextContinuationToken")
        guard continuation?.isEmpty == false else {
            throw ListDocumentError(reason: "the listing is cut and does not say how to go on")
        }
    }

    private static func object(
        _ contents: XMLElement, _ bucket: String, isEncoded: Bool
    ) throws(ListDocumentError) -> S3Object {
        guard let text = contents.text(of: "Key"), !text.isEmpty else {
            throw ListDocumentError(reason: "an object without a key in the listing")
        }
        let key = isEncoded ? decoded(text) : text
        guard let size = contents.text(of: "Size"), let byteCount = Int(size), byteCount >= 0 else {
            throw ListDocumentError(reason: "no size of the object \(key) in the listing")
        }
        guard let etag = contents.text(of: "ETag"), !etag.isEmpty else {
            throw ListDocumentError(
                reason: "no ETag of the object \(key) in the listing, so that its changing would go unnoticed")
        }
        return S3Object(bucket: bucket, key: key, byteCount: byteCount, etag: etag)
    }

    /// Encoded keys are written like forms: a "+" is a space.
    private static func decoded(_ text: String) -> String {
        let spaced = text.utf8.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }
        return String(decoding: PercentEncoding.decode(spaced), as: UTF8.self)
    }
}

/// A listing that cannot be read.
public struct ListDocumentError: Error, Sendable, Equatable {
    /// What is wrong with it.
    public let reason: String
}
