import APISupport
import AWSProtocol
import HTTPTypes
import Hummingbird
import ObjectStore

/// CompleteMultipartUpload, which may take long: then the answer begins before its outcome is known, as Amazon's does.
extension S3Door {
    /// How long the outcome is waited for before the answer begins, and then between its blanks.
    private static let patience = Duration.seconds(5)

    func completeUpload(_ request: S3Request) async throws -> Response {
        try request.authorize(object: "PutObject")
        let (bucket, key) = (try request.requiredBucket(), try request.key())
        let upload = request.item("uploadId") ?? ""
        let completion = try await Self.completion(request)
        let store = store
        let work = Task { try await store.completeUpload(bucket, key, upload, completion) }
        if let result = await Self.result(of: work, within: Self.patience) {
            return .xml(document(try result.get(), request))
        }
        let (id, patience) = (request.api.id, Self.patience)
        return Response(
            status: .ok, headers: [.contentType: "application/xml"],
            body: ResponseBody { writer in
                try await writer.write(ByteBuffer(string: XMLWriter.declaration))
                while true {
                    guard let result = await Self.result(of: work, within: patience) else {
                        try await writer.write(ByteBuffer(string: " "))
                        continue
                    }
                    try await writer.write(ByteBuffer(bytes: ending(result, request, id)))
                    return try await writer.finish(nil)
                }
            })
    }

    /// The element behind the blanks: the result, or the error that a status can no longer say.
    private func ending(
        _ result: Result<StoredObject, any Error>, _ request: S3Request, _ id: RequestIdentifier
    ) -> [UInt8] {
        switch result {
        case .success(let object): return document(object, request, declaration: false).bytes
        case .failure(let error):
            var writer = XMLWriter(declaration: false)
            let located = LocatedError(error: error, resource: request.path)
            S3ErrorRenderer().write(S3Error(located), id, to: &writer)
            return writer.bytes
        }
    }

    /// The outcome of a task, if it has one within a time.
    private static func result(
        of task: Task<StoredObject, any Error>, within time: Duration
    ) async -> Result<StoredObject, any Error>? {
        let (stream, continuation) = AsyncStream<Result<StoredObject, any Error>?>.makeStream()
        let waiting = [
            Task {
                let result = await task.result
                continuation.yield(result)
            },
            Task {
                try? await Task.sleep(for: time)
                continuation.yield(nil)
            },
        ]
        defer { for task in waiting { task.cancel() } }
        for await result in stream { return result }
        return nil
    }

    private func document(_ object: StoredObject, _ request: S3Request, declaration: Bool = true) -> XMLWriter {
        let key = PercentEncoding.encode(object.key.description, keepingSlashes: true)
        let host = request.api.head.authority ?? ""
        var writer = XMLWriter(declaration: declaration)
        writer.element("CompleteMultipartUploadResult", namespace: XMLWriter.s3) { result in
            result.element("Location", "\(request.api.head.scheme ?? "http")://\(host)/\(object.bucket)/\(key)")
            result.element("Bucket", object.bucket)
            result.element("Key", object.key.description)
            result.element("ETag", "\"\(object.entityTag)\"")
            writeChecksum(object.checksum, to: &result)
        }
        return writer
    }

    /// What the request says about the object that is to be.
    private static func completion(_ request: S3Request) async throws -> Completion {
        let checksum = try UploadBody.checksums(request).first
        // Why: the field speaks of the object, not of this body.
        let document = try XMLParser.parse(try await request.document(isObjectChecksum: true))
        guard document.name == "CompleteMultipartUpload" else { throw S3Error(.malformedXML) }
        let parts = try document.children(named: "Part").map { element throws(S3Error) in try part(element) }
        guard (1...10_000).contains(parts.count) else { throw S3Error(.malformedXML) }
        var size: Int?
        if let text = request.header(.amzObjectSize) {
            guard let count = Int(text), count >= 0 else {
                throw S3Error(.invalidArgument, "x-amz-mp-object-size must be a number of bytes")
            }
            size = count
        }
        let isComposite = request.header(.amzChecksumType) == ChecksumType.composite.rawValue
        return Completion(
            parts: parts, byteCount: size, checksum: isComposite ? nil : checksum,
            condition: try WriteHeaders.condition(request))
    }

    private static func part(_ element: XMLElement) throws(S3Error) -> PartReference {
        guard let number = element.text(of: "PartNumber").flatMap({ Int($0) }), let tag = element.text(of: "ETag")
        else {
            throw S3Error(.malformedXML)
        }
        var checksum: [UInt8]?
        for algorithm in ChecksumAlgorithm.allCases {
            guard let text = element.text(of: algorithm.elementName) else { continue }
            checksum = try UploadBody.checksum(algorithm, text).value
        }
        return PartReference(number: number, entityTag: tag.filter { $0 != "\"" }, checksum: checksum)
    }
}
