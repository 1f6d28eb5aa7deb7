import APISupport
import AWSProtocol
import HTTPTypes
import Hummingbird
import ObjectStore

/// GetObject and HeadObject.
extension S3Door {
    func getObject(_ request: S3Request) async throws -> Response {
        try request.authorize(object: "GetObject")
        let (bucket, key) = (try request.requiredBucket(), try request.key())
        do throws(any Error) {
            if request.api.head.method == .head {
                return try answer(request, try await store.object(bucket, key), body: nil)
            }
            let open = try await store.open(bucket, key)
            return try answer(request, open.object, body: open)
        } catch ObjectStoreError.noSuchKey(let bucket, let key) {
            // Who may not list the bucket is not told what is not in it.
            try request.authorize(bucket: "ListBucket")
            throw ObjectStoreError.noSuchKey(bucket: bucket, key: key)
        }
    }

    /// - Parameter open: the object's bytes; nil for an answer without a body.
    private func answer(_ request: S3Request, _ object: StoredObject, body open: OpenObject?) throws -> Response {
        var headers = ObjectHeaders.fields(of: object)
        guard try Conditions(request).hold(for: object) else {
            return .empty(.notModified, headers: headers)
        }
        ObjectHeaders.override(&headers, request)
        let part = try ByteRange.part(request, of: object)
        let range = try part ?? ByteRange.requested(request, of: object)
        if part != nil { headers[.amzPartsCount] = "\(max(object.partSizes.count, 1))" }
        if range == nil, request.header(.amzChecksumMode)?.lowercased() == "enabled" {
            // Never with a range: clients would compare it with the part that they get.
            headers[.s3(object.checksum.algorithm.headerName)] = object.checksum.value
            headers[.amzChecksumType] = object.checksum.type.rawValue
        }
        let wanted = range ?? 0..<object.byteCount
        if range != nil {
            headers[.contentRange] = "bytes \(wanted.lowerBound)-\(wanted.upperBound - 1)/\(object.byteCount)"
        }
        let status: HTTPResponse.Status = range == nil ? .ok : .partialContent
        headers[.contentLength] = "\(wanted.count)"
        guard let open else { return Response(status: status, headers: headers) }
        let pieces = open.body(wanted)
        return Response(
            status: status, headers: headers,
            body: ResponseBody(contentLength: wanted.count) { writer in
                for try await piece in pieces { try await writer.write(ByteBuffer(bytes: piece)) }
                try await writer.finish(nil)
            })
    }
}

/// The header fields of an object.
enum ObjectHeaders {
    /// Those that are stored with an object as they came, beside its metadata.
    static let stored: [HTTPField.Name] = [
        .contentType, .cacheControl, .contentDisposition, .contentEncoding, .contentLanguage, .expires,
    ]

    static func fields(of object: StoredObject) -> HTTPFields {
        var fields: HTTPFields = [
            .eTag: "\"\(object.entityTag)\"", .lastModified: DateText.http(object.modified), .acceptRanges: "bytes",
            .contentType: "binary/octet-stream",
        ]
        for header in object.attributes.headers {
            if let name = HTTPField.Name(header.name) { fields[name] = header.value }
        }
        for item in object.attributes.metadata {
            if let name = HTTPField.Name("x-amz-meta-" + item.name) { fields[name] = item.value }
        }
        if !object.attributes.tags.isEmpty { fields[.amzTaggingCount] = "\(object.attributes.tags.count)" }
        return fields
    }

    /// Sets what the query wants set otherwise: `response-content-type` and its like.
    static func override(_ fields: inout HTTPFields, _ request: S3Request) {
        for name in stored {
            if let value = request.item("response-" + name.canonicalName), HTTPField.isValidValue(value) {
                fields[name] = value
            }
        }
    }
}

/// A range of an object's bytes.
enum ByteRange {
    /// What the `Range` field asks for; nil for all: without one, for several ranges, and for what is no range.
    /// - Throws: `S3Error.invalidRange` for a range behind the object's end.
    static func requested(_ request: S3Request, of object: StoredObject) throws(S3Error) -> Range<Int>? {
        guard let text = request.header(.range), let bounds = parse(text) else { return nil }
        let count = object.byteCount
        let range: Range<Int>? =
            switch bounds {
            case (let first?, let last): first < count ? first..<min((last ?? count - 1), count - 1) + 1 : nil
            case (nil, let suffix?): suffix > 0 && count > 0 ? max(count - suffix, 0)..<count : nil
            default: nil
            }
        guard let range else {
            throw S3Error(.invalidRange).with("RangeRequested", text).with("ActualObjectSize", "\(count)")
        }
        return range
    }

    /// The bytes of the part that `partNumber` asks for.
    static func part(_ request: S3Request, of object: StoredObject) throws(S3Error) -> Range<Int>? {
        guard let text = request.item("partNumber") else { return nil }
        let sizes = object.partSizes.isEmpty ? [object.byteCount] : object.partSizes
        guard let number = Int(text), number >= 1 else {
            throw S3Error(.invalidArgument, "Part number must be an integer between 1 and 10000, inclusive")
        }
        guard number <= sizes.count else { throw S3Error(.invalidRange) }
        guard object.byteCount > 0 else { return nil }
        let start = sizes.prefix(number - 1).reduce(0, +)
        return start..<start + sizes[number - 1]
    }

    /// First and last byte of `bytes=a-b`, `bytes=a-`, or the length of `bytes=-n` as the second; nil for anything else.
    static func parse(_ text: String) -> (first: Int?, last: Int?)? {
        let unit = "bytes="
        guard text.lowercased().hasPrefix(unit) else { return nil }
        let bounds = text.dropFirst(unit.count).split(separator: "-", omittingEmptySubsequences: false)
        guard bounds.count == 2 else { return nil }
        func number(_ text: Substring) -> Int?? {
            let trimmed = text.drop { $0 == " " }
            if trimmed.isEmpty { return .some(nil) }
            guard trimmed.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            return Int(trimmed) ?? Int.max - 1
        }
        guard let first = number(bounds[0]), let last = number(bounds[1]) else { return nil }
        if first == nil && last == nil { return nil }
        if let first, let last, last < first { return nil }
        return (first, last)
    }
}

/// What must be so for a request to be answered.
struct Conditions {
    private let matches: String?
    private let noneMatches: String?
    private let modifiedSince: Int?
    private let unmodifiedSince: Int?

    init(_ request: S3Request) {
        self.init(
            matches: request.header(.ifMatch), noneMatches: request.header(.ifNoneMatch),
            modifiedSince: request.header(.ifModifiedSince), unmodifiedSince: request.header(.ifUnmodifiedSince))
    }

    init(matches: String?, noneMatches: String?, modifiedSince: String?, unmodifiedSince: String?) {
        self.matches = matches
        self.noneMatches = noneMatches
        self.modifiedSince = modifiedSince.flatMap(DateText.parseHTTP)
        self.unmodifiedSince = unmodifiedSince.flatMap(DateText.parseHTTP)
    }

    /// False if the client has the object already (RFC 9110, 13.2.2).
    /// - Throws: `S3Error.preconditionFailed`.
    func hold(for object: StoredObject) throws(S3Error) -> Bool {
        if let matches {
            guard Self.names(matches, object.entityTag) else {
                throw S3Error(.preconditionFailed).with("Condition", "If-Match")
            }
        } else if let unmodifiedSince, object.modified > unmodifiedSince {
            throw S3Error(.preconditionFailed).with("Condition", "If-Unmodified-Since")
        }
        if let noneMatches { return !Self.names(noneMatches, object.entityTag) }
        if let modifiedSince { return object.modified > modifiedSince }
        return true
    }

    /// Whether a list of entity tags, or `*`, names one.
    static func names(_ list: String, _ entityTag: String) -> Bool {
        list.split(separator: ",").contains { entry in
            var tag = entry.drop { $0 == " " }[...]
            if tag.hasPrefix("W/") { tag = tag.dropFirst(2) }
            let bare = tag.filter { $0 != "\"" && $0 != " " }
            return bare == "*" || bare.utf8.elementsEqual(entityTag.utf8)
        }
    }
}
