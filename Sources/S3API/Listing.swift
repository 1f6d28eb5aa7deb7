import APISupport
import AWSProtocol
import HTTPTypes
import Hummingbird
import ObjectStore

/// ListObjects in both versions, and ListMultipartUploads.
extension S3Door {
    func listObjects(_ request: S3Request) async throws -> Response {
        try request.authorize(bucket: "ListBucket")
        let form = try ListForm(request)
        let token = request.item("continuation-token")
        var query = form.query
        if let token {
            guard let place = Base64.decode(token), !place.isEmpty else {
                throw S3Error(.invalidArgument, "The continuation token provided is incorrect")
            }
            query.after = place
        } else {
            query.after = Array((request.item("start-after") ?? "").utf8)
        }
        let page = try await store.list(form.bucket, query)
        var writer = XMLWriter()
        writer.element("ListBucketResult", namespace: XMLWriter.s3) { result in
            form.writeHead(to: &result)
            if let start = request.item("start-after") { result.element("StartAfter", form.encode(Array(start.utf8))) }
            if let token { result.element("ContinuationToken", token) }
            result.element("KeyCount", "\(page.entries.count)")
            result.element("MaxKeys", "\(query.limit)")
            result.element("IsTruncated", page.isTruncated ? "true" : "false")
            if page.isTruncated, let last = page.last { result.element("NextContinuationToken", Base64.encode(last)) }
            form.write(page, hasOwner: request.item("fetch-owner") == "true", to: &result)
        }
        return .xml(writer)
    }

    func listObjectsV1(_ request: S3Request) async throws -> Response {
        try request.authorize(bucket: "ListBucket")
        let form = try ListForm(request)
        var query = form.query
        let marker = request.item("marker") ?? ""
        query.after = Array(marker.utf8)
        let page = try await store.list(form.bucket, query)
        var writer = XMLWriter()
        writer.element("ListBucketResult", namespace: XMLWriter.s3) { result in
            form.writeHead(to: &result)
            result.element("Marker", form.encode(query.after))
            result.element("MaxKeys", "\(query.limit)")
            result.element("IsTruncated", page.isTruncated ? "true" : "false")
            if page.isTruncated, let last = page.last { result.element("NextMarker", form.encode(last)) }
            form.write(page, hasOwner: true, to: &result)
        }
        return .xml(writer)
    }

    func listUploads(_ request: S3Request) async throws -> Response {
        try request.authorize(bucket: "ListBucketMultipartUploads")
        let form = try ListForm(request, limit: "max-uploads")
        var query = form.query
        query.after = Array((request.item("key-marker") ?? "").utf8)
        let marker = request.item("upload-id-marker").flatMap { $0.isEmpty || query.after.isEmpty ? nil : $0 }
        let page = try await store.uploads(form.bucket, query, afterID: marker)
        var writer = XMLWriter()
        writer.element("ListMultipartUploadsResult", namespace: XMLWriter.s3) { result in
            result.element("Bucket", form.bucket)
            result.element("KeyMarker", form.encode(query.after))
            result.element("UploadIdMarker", marker ?? "")
            if page.isTruncated, let last = page.entries.last {
                switch last {
                case .item(let upload):
                    result.element("NextKeyMarker", form.encode(upload.key.bytes))
                    result.element("NextUploadIdMarker", upload.id)
                case .commonPrefix(let prefix): result.element("NextKeyMarker", form.encode(prefix))
                }
            }
            form.writePattern(to: &result)
            result.element("MaxUploads", "\(query.limit)")
            result.element("IsTruncated", page.isTruncated ? "true" : "false")
            for case .item(let upload) in page.entries {
                result.element("Upload") { element in
                    element.element("Key", form.encode(upload.key.bytes))
                    element.element("UploadId", upload.id)
                    element.owner("Initiator")
                    element.owner()
                    element.element("StorageClass", "STANDARD")
                    element.element("Initiated", DateText.extended(upload.initiated))
                    if let algorithm = upload.chosenAlgorithm {
                        element.element("ChecksumAlgorithm", algorithm.rawValue)
                        element.element("ChecksumType", upload.checksumType.rawValue)
                    }
                }
            }
            form.writePrefixes(page.prefixes, to: &result)
        }
        return .xml(writer)
    }
}

/// What all listings share: prefix, delimiter, limit, and how keys are written.
struct ListForm {
    let bucket: String
    var query: ListQuery
    private let isEncoded: Bool

    /// - Parameter limit: the name of the query item with the most entries.
    init(_ request: S3Request, limit: String = "max-keys") throws(S3Error) {
        bucket = try request.requiredBucket()
        query = ListQuery(
            prefix: Array((request.item("prefix") ?? "").utf8),
            delimiter: Array((request.item("delimiter") ?? "").utf8),
            limit: try request.integer(limit, in: 0...1000, default: 1000))
        switch request.item("encoding-type") {
        case nil, "": isEncoded = false
        case "url": isEncoded = true
        default: throw S3Error(.invalidArgument, "Invalid Encoding Method specified in Request")
        }
    }

    /// A key as the client wants it: percent-encoded, or as it is.
    func encode(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        return isEncoded ? PercentEncoding.encode(text, keepingSlashes: true) : text
    }

    func writeHead(to result: inout XMLWriter) {
        result.element("Name", bucket)
        writePattern(to: &result)
    }

    func writePattern(to result: inout XMLWriter) {
        result.element("Prefix", encode(query.prefix))
        if !query.delimiter.isEmpty { result.element("Delimiter", encode(query.delimiter)) }
        if isEncoded { result.element("EncodingType", "url") }
    }

    func write(_ page: ListPage<StoredObject>, hasOwner: Bool, to result: inout XMLWriter) {
        for case .item(let object) in page.entries {
            result.element("Contents") { element in
                element.element("Key", encode(object.key.bytes))
                element.element("LastModified", DateText.extended(object.modified))
                element.element("ETag", "\"\(object.entityTag)\"")
                element.element("ChecksumAlgorithm", object.checksum.algorithm.rawValue)
                element.element("ChecksumType", object.checksum.type.rawValue)
                element.element("Size", "\(object.byteCount)")
                if hasOwner { element.owner() }
                element.element("StorageClass", "STANDARD")
            }
        }
        writePrefixes(page.prefixes, to: &result)
    }

    func writePrefixes(_ prefixes: [[UInt8]], to result: inout XMLWriter) {
        for prefix in prefixes {
            result.element("CommonPrefixes") { $0.element("Prefix", encode(prefix)) }
        }
    }
}

extension ListPage {
    /// The groups of keys that are listed as one.
    fileprivate var prefixes: [[UInt8]] {
        entries.compactMap { if case .commonPrefix(let prefix) = $0 { prefix } else { nil } }
    }
}

extension ListPage<StoredObject> {
    /// Where the next page begins behind.
    fileprivate var last: [UInt8]? {
        switch entries.last {
        case .item(let object): object.key.bytes
        case .commonPrefix(let prefix): prefix
        case nil: nil
        }
    }
}
