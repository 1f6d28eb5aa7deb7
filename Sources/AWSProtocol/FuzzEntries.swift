// What `Scripts/fuzz` calls: parsers whose input is not one run of bytes, made so.

extension SignableRequest {
    /// Reads bytes as a target and header lines, and from them whatever they claim; whether they claim anything.
    public static func hasClaims(fuzz bytes: [UInt8]) -> Bool {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        let fields = lines.dropFirst().map { line in
            let name = line.utf8.prefix { $0 != UInt8(ascii: ":") }
            let value = line.utf8.dropFirst(name.count + 1)
            return (name: String(decoding: name, as: UTF8.self), value: String(decoding: value, as: UTF8.self))
        }
        let request = SignableRequest(method: "GET", target: lines[0], headers: Array(fields))
        let signature = try? RequestSignature.parse(request)
        try? signature?.verify(
            request, secret: "secret", payloadHash: "UNSIGNED-PAYLOAD", now: signature?.timestamp ?? 0)
        let presigned = try? PresignedV2.parse(request)
        try? presigned?.verify(request, secret: "secret", now: 0)
        let key = try? BedrockBearerKey.parse(request.header("authorization") ?? lines[0])
        try? key?.verify(secret: "secret", now: key?.signature.timestamp ?? 0)
        return signature != nil || presigned != nil || key != nil
    }
}

extension ChunkedDecoder {
    /// Decodes bytes whose first says how: how long the body should be, with signatures or without, in pieces of which size; the
    /// payload, or nil if they are refused.
    public static func decode(fuzz bytes: [UInt8]) -> [UInt8]? {
        let control = Int(bytes.first ?? 0)
        let key = SigningKey(secret: "secret", date: "20260101", region: "us-east-1", service: "s3")
        let signing = ChunkSigning(key: key, scope: "scope", timestamp: 0, seed: "seed")
        var decoder = ChunkedDecoder(
            decodedByteCount: control >> 3, signing: control & 1 == 1 ? signing : nil, trailers: control & 2 == 2)
        var payload: [UInt8] = []
        var rest = bytes.dropFirst()
        while !rest.isEmpty {
            let piece = rest.prefix(control & 4 == 4 ? 1 : 64)
            guard let slices = try? decoder.decode(piece) else { return nil }
            payload += slices.joined()
            rest = rest.dropFirst(piece.count)
        }
        return (try? decoder.finish()) == nil ? nil : payload
    }
}
