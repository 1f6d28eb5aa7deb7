import APISupport
import AWSProtocol
import HTTPTypes
import Hummingbird
import ObjectStore

/// PutObject, CopyObject, DeleteObject and DeleteObjects.
extension S3Door {
    func putObject(_ request: S3Request) async throws -> Response {
        try request.authorize(object: "PutObject")
        let condition = try WriteHeaders.condition(request)
        let attributes = try WriteHeaders.attributes(request)
        let body = try UploadBody(request)
        let (bucket, key) = (try request.requiredBucket(), try request.key())
        try await require(condition, bucket, key)
        let writer = try await store.beginObject(
            bucket: bucket, key: key, attributes: attributes,
            checksums: body.algorithms, hashesContent: body.hashesContent, byteCount: body.byteCount)
        let expected = try await body.forEach { try await writer.write($0) }
        let object = try await writer.finish(expecting: expected, if: condition)
        return .empty(headers: WriteHeaders.answer(object.entityTag, object.checksum))
    }

    /// Refuses, before a body is read, what will be refused behind it.
    private func require(_ condition: WriteCondition, _ bucket: String, _ key: ObjectKey) async throws {
        switch condition {
        case .none: break
        case .absent:
            do {
                _ = try await store.object(bucket, key)
            } catch ObjectStoreError.noSuchKey {
                return
            }
            throw ObjectStoreError.preconditionFailed(.absent)
        case .matches(let entityTag):
            let found = try await store.object(bucket, key).entityTag
            guard found.utf8.elementsEqual(entityTag.utf8) else { throw ObjectStoreError.preconditionFailed(.matches) }
        }
    }

    func copyObject(_ request: S3Request) async throws -> Response {
        try request.authorize(object: "PutObject")
        var source = try await copySource(request)
        while true {
            do {
                return try await copy(source, request)
            } catch ObjectStoreError.preconditionFailed(.matches) {
                // Somebody may have replaced the source since it was looked up.
                let current = try await copySource(request)
                guard current != source else { throw ObjectStoreError.preconditionFailed(.matches) }
                source = current
            }
        }
    }

    private func copy(_ source: StoredObject, _ request: S3Request) async throws -> Response {
        let isReplacing = try WriteHeaders.isReplacing(request, .amzMetadataDirective)
        var attributes = isReplacing ? try WriteHeaders.attributes(request) : source.attributes
        attributes.tags =
            try WriteHeaders.isReplacing(request, .amzTaggingDirective)
            ? try WriteHeaders.tags(request.header(.amzTagging) ?? "") : source.attributes.tags
        let (bucket, key) = (try request.requiredBucket(), try request.key())
        guard isReplacing || source.bucket != bucket || source.key != key else {
            throw S3Error(
                .invalidRequest,
                "This copy request is illegal because it is trying to copy an object to itself without changing the object's "
                    + "metadata, storage class, website redirect location or encryption attributes.")
        }
        let copy = try await store.copy(
            source, to: bucket, key, attributes: attributes,
            algorithm: try WriteHeaders.algorithm(request, .amzChecksumAlgorithm),
            if: try WriteHeaders.condition(request))
        var writer = XMLWriter()
        writer.element("CopyObjectResult", namespace: XMLWriter.s3) { result in
            result.element("ETag", "\"\(copy.entityTag)\"")
            result.element("LastModified", DateText.extended(copy.modified))
            writeChecksum(copy.checksum, to: &result)
        }
        return .xml(writer)
    }

    /// The object that a copy's source names, its conditions checked.
    func copySource(_ request: S3Request) async throws -> StoredObject {
        let text = request.header(.amzCopySource) ?? ""
        let halves = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        if halves.count == 2, halves[1].hasPrefix("versionId=") {
            try S3Request.requireCurrent(String(halves[1].dropFirst("versionId=".count)))
        }
        let bytes = PercentEncoding.decode(Array(halves[0].utf8))
        let parts = (bytes.first == UInt8(ascii: "/") ? bytes.dropFirst() : bytes[...])
            .split(separator: UInt8(ascii: "/"), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty else {
            throw S3Error(
                .invalidArgument, "Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
        }
        let (bucket, key) = (String(decoding: parts[0], as: UTF8.self), Array(parts[1]))
        try request.api.caller.authorize("s3:GetObject", on: try S3Request.arn(bucket, key))
        let source = try await store.object(bucket, try ObjectKey(key))
        let conditions = Conditions(
            matches: request.header(.amzCopySourceIfMatch), noneMatches: request.header(.amzCopySourceIfNoneMatch),
            modifiedSince: request.header(.amzCopySourceIfModifiedSince),
            unmodifiedSince: request.header(.amzCopySourceIfUnmodifiedSince))
        guard try conditions.hold(for: source) else { throw S3Error(.preconditionFailed) }
        return source
    }

    func deleteObject(_ request: S3Request) async throws -> Response {
        try request.authorize(object: "DeleteObject")
        try await store.delete(try request.requiredBucket(), [try request.key()])
        return .empty(.noContent)
    }

    func deleteObjects(_ request: S3Request) async throws -> Response {
        let bucket = try request.requiredBucket()
        let document = try XMLParser.parse(try await request.document())
        let entries = document.children(named: "Object")
        guard document.name == "Delete", (1...1000).contains(entries.count) else { throw S3Error(.malformedXML) }
        let isQuiet = document.text(of: "Quiet")?.lowercased() == "true"
        var keys: [ObjectKey] = []
        var refused: [(key: String, error: S3Error)] = []
        for entry in entries {
            guard let text = entry.text(of: "Key") else { throw S3Error(.malformedXML) }
            do {
                let key = try ObjectKey(text)
                if let version = entry.text(of: "VersionId") { try S3Request.requireCurrent(version) }
                try request.api.caller.authorize("s3:DeleteObject", on: try S3Request.arn(bucket, key.bytes))
                keys.append(key)
            } catch {
                refused.append((text, S3Error(error)))
            }
        }
        try await store.delete(bucket, keys)
        var writer = XMLWriter()
        writer.element("DeleteResult", namespace: XMLWriter.s3) { result in
            for key in isQuiet ? [] : keys {
                result.element("Deleted") { $0.element("Key", key.description) }
            }
            for (key, error) in refused {
                result.element("Error") { element in
                    element.element("Key", key)
                    element.element("Code", error.code.rawValue)
                    element.element("Message", error.message)
                }
            }
        }
        return .xml(writer)
    }

    func writeChecksum(_ checksum: StoredChecksum, to writer: inout XMLWriter) {
        writeChecksumValue(checksum.algorithm, checksum.value, to: &writer)
        writer.element("ChecksumType", checksum.type.rawValue)
    }
}

/// What the header of a request that stores something says about the object.
enum WriteHeaders {
    /// What is stored beside the bytes.
    /// - Throws: `S3Error` for what this store cannot honour.
    static func attributes(_ request: S3Request) throws(S3Error) -> ObjectAttributes {
        var attributes = ObjectAttributes()
        for name in ObjectHeaders.stored {
            guard var value = request.header(name) else { continue }
            if name == .contentEncoding {
                // How the request was framed is not how the object is encoded.
                value = value.split(separator: ",").map { $0.drop { $0 == " " } }
                    .filter { $0.lowercased() != "aws-chunked" }.joined(separator: ",")
                if value.isEmpty { continue }
            }
            attributes.headers.append(.init(name.canonicalName.lowercased(), value))
        }
        let prefix = "x-amz-meta-"
        for field in request.api.head.headerFields where field.name.canonicalName.hasPrefix(prefix) {
            let name = String(field.name.canonicalName.dropFirst(prefix.count))
            if let index = attributes.metadata.firstIndex(where: { $0.name.utf8.elementsEqual(name.utf8) }) {
                attributes.metadata[index].value += "," + field.value
            } else {
                attributes.metadata.append(.init(name, field.value))
            }
        }
        if let tags = request.header(.amzTagging) { attributes.tags = try self.tags(tags) }
        return attributes
    }

    /// What would be silently lost: encryption, locks, redirections, other classes of storage, rights of others.
    static func refuseUnsupported(_ request: S3Request) throws(S3Error) {
        try AccessControl.check(request)
        let prefixes = [
            "x-amz-server-side-encryption", "x-amz-copy-source-server-side-encryption", "x-amz-object-lock-",
            "x-amz-website-redirect-location",
        ]
        let names = request.api.head.headerFields.map(\.name.canonicalName)
        guard !names.contains(where: { name in prefixes.contains { name.hasPrefix($0) } }) else {
            throw S3Error(.notImplemented)
        }
        if request.header(.amzBucketObjectLock)?.lowercased() == "true" { throw S3Error(.notImplemented) }
        if let storage = request.header(.amzStorageClass), storage != "STANDARD" {
            throw S3Error(.invalidStorageClass).with("StorageClassRequested", storage)
        }
    }

    /// Tags as in a query: `a=1&b=2`.
    static func tags(_ text: String) throws(S3Error) -> [ObjectAttributes.Field] {
        var tags: [ObjectAttributes.Field] = []
        for item in text.split(separator: "&") {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let words = pair.map { word in
                let spaced = word.utf8.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }
                return String(decoding: PercentEncoding.decode(spaced), as: UTF8.self)
            }
            guard !tags.contains(where: { $0.name.utf8.elementsEqual(words[0].utf8) }) else {
                throw S3Error(.invalidTag, "Cannot provide multiple Tags with the same key")
            }
            tags.append(.init(words[0], words.count > 1 ? words[1] : ""))
        }
        return tags
    }

    /// What must be so for the object to be replaced.
    static func condition(_ request: S3Request) throws(S3Error) -> WriteCondition {
        if let tag = request.header(.ifMatch) { return .matches(tag.filter { $0 != "\"" }) }
        guard let text = request.header(.ifNoneMatch) else { return .none }
        guard text == "*" else { throw S3Error(.notImplemented) }
        return .absent
    }

    /// Whether a copy takes the request's metadata or tags instead of the source's.
    static func isReplacing(_ request: S3Request, _ directive: HTTPField.Name) throws(S3Error) -> Bool {
        switch request.header(directive) {
        case nil, "COPY": false
        case "REPLACE": true
        default: throw S3Error(.invalidArgument, "Unknown \(directive.canonicalName).")
        }
    }

    /// The checksum algorithm that a header field names.
    static func algorithm(_ request: S3Request, _ field: HTTPField.Name) throws(S3Error) -> ChecksumAlgorithm? {
        guard let name = request.header(field) else { return nil }
        guard let algorithm = ChecksumAlgorithm(name: name) else {
            throw S3Error(
                .invalidRequest,
                "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, "
                    + "CRC64NVME, SHA1, SHA256]")
        }
        return algorithm
    }

    /// What a client is told of what it has stored.
    static func answer(_ entityTag: String, _ checksum: StoredChecksum) -> HTTPFields {
        var headers: HTTPFields = [.eTag: "\"\(entityTag)\""]
        headers[.s3(checksum.algorithm.headerName)] = checksum.value
        headers[.amzChecksumType] = checksum.type.rawValue
        return headers
    }
}
