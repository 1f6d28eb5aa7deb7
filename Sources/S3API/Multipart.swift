import APISupport
import AWSProtocol
import HTTPTypes
import Hummingbird
import ObjectStore

/// Multipart uploads.
extension S3Door {
    func createUpload(_ request: S3Request) async throws -> Response {
        try request.authorize(object: "PutObject")
        let type = try Self.checksumType(request)
        let (bucket, key) = (try request.requiredBucket(), try request.key())
        let upload = try await store.createUpload(
            bucket, key, attributes: try WriteHeaders.attributes(request),
            algorithm: try WriteHeaders.algorithm(request, .amzChecksumAlgorithm), type: type)
        var writer = XMLWriter()
        writer.element("InitiateMultipartUploadResult", namespace: XMLWriter.s3) { result in
            result.element("Bucket", bucket)
            result.element("Key", key.description)
            result.element("UploadId", upload.id)
        }
        var headers = HTTPFields()
        if let algorithm = upload.chosenAlgorithm {
            headers[.amzChecksumAlgorithm] = algorithm.rawValue
            headers[.amzChecksumType] = upload.checksumType.rawValue
        }
        return .xml(writer, headers: headers)
    }

    func putPart(_ request: S3Request) async throws -> Response {
        try request.authorize(object: "PutObject")
        let body = try UploadBody(request)
        let writer = try await store.beginPart(
            bucket: try request.requiredBucket(), key: try request.key(), upload: request.item("uploadId") ?? "",
            number: try Self.partNumber(request), checksums: body.algorithms, hashesContent: body.hashesContent,
            byteCount: body.byteCount)
        let expected = try await body.forEach { try await writer.write($0) }
        let part = try await writer.finish(expecting: expected)
        return .empty(headers: Self.headers(of: part, writer.upload))
    }

    func copyPart(_ request: S3Request) async throws -> Response {
        try request.authorize(object: "PutObject")
        let source = try await copySource(request)
        let open = try await store.open(source.bucket, source.key)
        let range = try Self.copyRange(request, of: open.object)
        let writer = try await store.beginPart(
            bucket: try request.requiredBucket(), key: try request.key(), upload: request.item("uploadId") ?? "",
            number: try Self.partNumber(request), byteCount: range.count)
        for try await piece in open.body(range) { try await writer.write(piece) }
        let part = try await writer.finish()
        var document = XMLWriter()
        document.element("CopyPartResult", namespace: XMLWriter.s3) { result in
            result.element("ETag", "\"\(part.entityTag)\"")
            result.element("LastModified", DateText.extended(part.modified))
            if let algorithm = writer.upload.chosenAlgorithm {
                writeChecksumValue(algorithm, Base64.encode(part.checksum), to: &result)
            }
        }
        return .xml(document)
    }

    func listParts(_ request: S3Request) async throws -> Response {
        try request.authorize(object: "ListMultipartUploadParts")
        let (bucket, key) = (try request.requiredBucket(), try request.key())
        let marker = try request.integer("part-number-marker", in: 0...10_000, default: 0)
        let limit = try request.integer("max-parts", in: 0...1000, default: 1000)
        let page = try await store.parts(bucket, key, request.item("uploadId") ?? "", after: marker, limit: limit)
        var writer = XMLWriter()
        writer.element("ListPartsResult", namespace: XMLWriter.s3) { result in
            result.element("Bucket", bucket)
            result.element("Key", key.description)
            result.element("UploadId", page.upload.id)
            result.element("PartNumberMarker", "\(marker)")
            result.element("NextPartNumberMarker", "\(page.parts.last?.number ?? 0)")
            result.element("MaxParts", "\(limit)")
            result.element("IsTruncated", page.isTruncated ? "true" : "false")
            if let algorithm = page.upload.chosenAlgorithm {
                result.element("ChecksumAlgorithm", algorithm.rawValue)
                result.element("ChecksumType", page.upload.checksumType.rawValue)
            }
            for part in page.parts {
                result.element("Part") { element in
                    element.element("PartNumber", "\(part.number)")
                    element.element("LastModified", DateText.extended(part.modified))
                    element.element("ETag", "\"\(part.entityTag)\"")
                    element.element("Size", "\(part.byteCount)")
                    if let algorithm = page.upload.chosenAlgorithm {
                        writeChecksumValue(algorithm, Base64.encode(part.checksum), to: &element)
                    }
                }
            }
            result.owner("Initiator")
            result.owner()
            result.element("StorageClass", "STANDARD")
        }
        return .xml(writer)
    }

    func abortUpload(_ request: S3Request) async throws -> Response {
        try request.authorize(object: "AbortMultipartUpload")
        try await store.abortUpload(
            try request.requiredBucket(), try request.key(), request.item("uploadId") ?? "")
        return .empty(.noContent)
    }

    private static func headers(of part: StoredPart, _ upload: MultipartUpload) -> HTTPFields {
        var headers: HTTPFields = [.eTag: "\"\(part.entityTag)\""]
        let algorithm = upload.chosenAlgorithm ?? .crc64nvme
        headers[.s3(algorithm.headerName)] = Base64.encode(part.checksum)
        return headers
    }

    private static func checksumType(_ request: S3Request) throws(S3Error) -> ChecksumType? {
        guard let text = request.header(.amzChecksumType) else { return nil }
        guard let type = ChecksumType(rawValue: text) else {
            throw S3Error(.invalidRequest, "Value for x-amz-checksum-type header is invalid.")
        }
        return type
    }

    private static func partNumber(_ request: S3Request) throws(S3Error) -> Int {
        guard let number = Int(request.item("partNumber") ?? ""), ObjectStore.partNumbers.contains(number) else {
            throw S3Error(.invalidArgument, "Part number must be an integer between 1 and 10000, inclusive")
        }
        return number
    }

    private static func copyRange(_ request: S3Request, of object: StoredObject) throws(S3Error) -> Range<Int> {
        guard let text = request.header(.amzCopySourceRange) else { return 0..<object.byteCount }
        guard case (let first?, let last?)? = ByteRange.parse(text) else {
            throw S3Error(
                .invalidArgument,
                "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based "
                    + "offsets of the first and last bytes to copy")
        }
        guard last < object.byteCount else {
            throw S3Error(
                .invalidArgument, "Range specified is not valid for source object of size: \(object.byteCount)")
        }
        return first..<last + 1
    }

    func writeChecksumValue(_ algorithm: ChecksumAlgorithm, _ value: String, to writer: inout XMLWriter) {
        switch algorithm {
        case .crc32: writer.element("ChecksumCRC32", value)
        case .crc32c: writer.element("ChecksumCRC32C", value)
        case .crc64nvme: writer.element("ChecksumCRC64NVME", value)
        case .sha1: writer.element("ChecksumSHA1", value)
        case .sha256: writer.element("ChecksumSHA256", value)
        }
    }
}
