/// The text that a signature of version 4 is made over.
enum CanonicalRequest {
    /// Method, path, query, headers, their names and the payload's hash, each on its line.
    ///
    /// S3 signs the path as it is on the wire; other services remove its dot segments and empty segments and encode it
    /// again. Names in `signedHeaders` are lower-case.
    static func text(
        _ request: SignableRequest, service: String, signedHeaders: [String], payloadHash: String
    ) -> String {
        let names = signedHeaders.map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
        var text = Array(request.method.utf8) + [newline]
        text += path(Array(request.path.utf8), service: service) + [newline]
        text += query(request) + [newline]
        for name in names {
            text += name + [UInt8(ascii: ":")] + value(of: name, in: request) + [newline]
        }
        text += [newline] + names.joined(separator: [UInt8(ascii: ";")]) + [newline]
        text += Array(payloadHash.utf8)
        return String(decoding: text, as: UTF8.self)
    }

    private static let newline = UInt8(ascii: "\n")
    private static let slash = UInt8(ascii: "/")

    private static func path(_ path: [UInt8], service: String) -> [UInt8] {
        guard !path.isEmpty else { return [slash] }
        return service.utf8.elementsEqual("s3".utf8)
            ? path : PercentEncoding.encode(normalised(path), keepingSlashes: true)
    }

    /// Without empty and dot segments; a slash at the end stays.
    private static func normalised(_ path: [UInt8]) -> [UInt8] {
        var segments: [ArraySlice<UInt8>] = []
        for segment in path.split(separator: slash) {
            if segment.elementsEqual("..".utf8) {
                _ = segments.popLast()
            } else if !segment.elementsEqual(".".utf8) {
                segments.append(segment)
            }
        }
        let leading = path.first == slash ? [slash] : []
        let trailing = path.last == slash && !segments.isEmpty ? [slash] : []
        return leading + segments.joined(separator: [slash]) + trailing
    }

    /// Sorted by encoded name, then value; the signature itself is left out.
    private static func query(_ request: SignableRequest) -> [UInt8] {
        let fields = request.queryFields.filter { !$0.name.elementsEqual("X-Amz-Signature".utf8) }
        let sorted = fields.sorted {
            $0.name == $1.name
                ? $0.value.lexicographicallyPrecedes($1.value) : $0.name.lexicographicallyPrecedes($1.name)
        }
        return Array(sorted.map { $0.name + [UInt8(ascii: "=")] + $0.value }.joined(separator: [UInt8(ascii: "&")]))
    }

    private static func value(of name: [UInt8], in request: SignableRequest) -> [UInt8] {
        let values = request.headers.filter { SignableRequest.lowercased($0.name) == name }.map { folded($0.value) }
        return Array(values.joined(separator: [UInt8(ascii: ",")]))
    }

    /// Without white space at the ends, and one space for each run within.
    private static func folded(_ value: String) -> [UInt8] {
        let words = value.utf8.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        return Array(words.map { Array($0) }.joined(separator: [UInt8(ascii: " ")]))
    }
}
