import Crypto

/// Takes a body in S3's aws-chunked apart, in constant memory:
///
/// ```
/// HEXLENGTH[;chunk-signature=SIGNATURE]\r\n data \r\n … 0[;chunk-signature=SIGNATURE]\r\n [name:value\r\n …] \r\n
/// ```
///
/// Some clients (minio-go) end trailers with LF alone, write an empty line before `x-amz-trailer-signature` and one more behind
/// the end; this is taken too.
///
/// Payload is given out before its chunk's signature is checked: whoever stores it must not publish it before `finish`.
public struct ChunkedDecoder: Sendable {
    private let expected: Int
    private var found = 0
    private var signing: ChunkSigning?
    private let takesTrailers: Bool
    private var state = State.size
    private var line: [UInt8] = []
    private var signature = ""
    private var hash = SHA256()
    private var trailers: [(name: String, value: String)] = []
    private var trailerSignature: String?

    private enum State {
        case size
        case data(remaining: Int)
        case dataEnd
        case trailer
        /// Behind the empty line that ends the trailers; so many further lines have come.
        case done(lines: Int)
    }

    /// Longest line that is taken, in bytes.
    static let lineLimit = 4_096
    /// Most trailers that are taken.
    static let trailerLimit = 16
    /// Most lines behind the end: the trailers' signature, an empty line, and another.
    private static let furtherLineLimit = 3
    private static let trailerSignatureName = "x-amz-trailer-signature"

    /// Begins a body that holds `decodedByteCount` bytes (`x-amz-decoded-content-length`). With `signing` every chunk must carry its
    /// signature, and so must the trailers, also if there are none, where `trailers` are possible.
    public init(decodedByteCount: Int, signing: ChunkSigning?, trailers: Bool) {
        expected = decodedByteCount
        self.signing = signing
        takesTrailers = trailers
    }

    /// Takes the next bytes of the body and gives their payload, as slices of them in order.
    public mutating func decode(_ bytes: ArraySlice<UInt8>) throws(ChunkedError) -> [ArraySlice<UInt8>] {
        var payload: [ArraySlice<UInt8>] = []
        var rest = bytes
        while !rest.isEmpty {
            switch state {
            case .data(let remaining):
                let piece = rest.prefix(remaining)
                rest = rest.dropFirst(piece.count)
                if signing != nil { hash.update(data: piece) }
                payload.append(piece)
                state = piece.count == remaining ? .dataEnd : .data(remaining: remaining - piece.count)
            case .size, .dataEnd, .trailer, .done:
                guard let text = try takeLine(&rest) else { return payload }
                try take(line: text)
            }
        }
        return payload
    }

    /// The trailers, with names in lower case and without their signature. Throws `wrongLength` if the body has not ended or has
    /// another length, `wrongSignature` if the trailers were changed.
    public func finish() throws(ChunkedError) -> [(name: String, value: String)] {
        guard case .done = state, found == expected else { throw .wrongLength(expected: expected, found: received) }
        guard line.isEmpty else { throw Self.bytesAfterEnd }
        if takesTrailers, var signing {
            guard let trailerSignature else { throw .malformed("its trailers have no \(Self.trailerSignatureName)") }
            let lines = trailers.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
                .map { $0.name + ":" + $0.value + "\n" }
            let hash = Array(SHA256.hash(data: Array(lines.joined().utf8)))
            try Self.check(trailerSignature, signing.signTrailers(hash: hash))
        }
        return trailers
    }

    private static let bytesAfterEnd = ChunkedError.malformed("there are bytes after its end")

    /// Bytes of payload so far.
    private var received: Int {
        if case .data(let remaining) = state { found - remaining } else { found }
    }

    /// The bytes before the next CRLF, or LF among trailers, across calls; nil while it has not come.
    private mutating func takeLine(_ rest: inout ArraySlice<UInt8>) throws(ChunkedError) -> [UInt8]? {
        let piece = rest.prefix { $0 != UInt8(ascii: "\n") }
        guard line.count + piece.count <= Self.lineLimit else { throw .malformed("a line is too long") }
        line += piece
        rest = rest.dropFirst(piece.count)
        guard !rest.isEmpty else { return nil }
        rest = rest.dropFirst()
        if line.last == UInt8(ascii: "\r") {
            line.removeLast()
        } else if !isAmongTrailers {
            throw .malformed("a line must end with CRLF")
        }
        defer { line.removeAll(keepingCapacity: true) }
        return line
    }

    private var isAmongTrailers: Bool {
        switch state {
        case .trailer, .done: true
        case .size, .data, .dataEnd: false
        }
    }

    private mutating func take(line: [UInt8]) throws(ChunkedError) {
        switch state {
        case .size: try begin(line)
        case .dataEnd:
            guard line.isEmpty else { throw .malformed("a chunk is longer than it says") }
            try endChunk()
            state = .size
        case .trailer where line.isEmpty: state = .done(lines: 0)
        case .trailer: try takeTrailer(line)
        case .done(let lines):
            let isSignature = takesTrailers && line.starts(with: (Self.trailerSignatureName + ":").utf8)
            guard lines < Self.furtherLineLimit, line.isEmpty || isSignature else { throw Self.bytesAfterEnd }
            if isSignature { try takeTrailer(line) }
            state = .done(lines: lines + 1)
        case .data: break
        }
    }

    /// Begins a chunk from its line; the last one is empty.
    private mutating func begin(_ line: [UInt8]) throws(ChunkedError) {
        let digits = line.prefix { $0 != UInt8(ascii: ";") }
        guard (1...15).contains(digits.count), let size = Int(String(decoding: digits, as: UTF8.self), radix: 16),
            size >= 0, digits.first.flatMap(Hexadecimal.value) != nil
        else { throw .malformed("a chunk must begin with its length in hexadecimal digits") }
        guard size <= expected - found else {
            throw .wrongLength(expected: expected, found: found.addingReportingOverflow(size).partialValue)
        }
        found += size
        if signing != nil {
            let prefix = ";chunk-signature="
            let parameters = line.dropFirst(digits.count)
            guard parameters.starts(with: prefix.utf8) else { throw .malformed("a chunk has no chunk-signature") }
            signature = String(decoding: parameters.dropFirst(prefix.utf8.count), as: UTF8.self)
        }
        guard size == 0 else {
            state = .data(remaining: size)
            return
        }
        guard found == expected else { throw .wrongLength(expected: expected, found: found) }
        try endChunk()
        state = .trailer
    }

    private mutating func endChunk() throws(ChunkedError) {
        guard signing != nil else { return }
        try Self.check(signature, signing?.signChunk(hash: Array(hash.finalize())))
        hash = SHA256()
    }

    private mutating func takeTrailer(_ line: [UInt8]) throws(ChunkedError) {
        guard takesTrailers else { throw .malformed("there are trailers that its x-amz-content-sha256 does not allow") }
        let name = line.prefix { $0 != UInt8(ascii: ":") }
        guard !name.isEmpty, name.count < line.count, trailers.count < Self.trailerLimit else {
            throw .malformed("a trailer must be a name, a colon and a value")
        }
        let spaces: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
        let value = line.dropFirst(name.count + 1).drop(while: spaces).reversed().drop(while: spaces).reversed()
        let field = (
            name: String(decoding: SignableRequest.lowercased(String(decoding: name, as: UTF8.self)), as: UTF8.self),
            value: String(decoding: Array(value), as: UTF8.self)
        )
        guard field.name.utf8.elementsEqual(Self.trailerSignatureName.utf8) else { return trailers.append(field) }
        guard trailerSignature == nil else { throw .malformed("its trailers have two signatures") }
        trailerSignature = field.value
    }

    private static func check(_ signature: String, _ computed: String?) throws(ChunkedError) {
        guard let computed, let given = Hexadecimal.decode(signature), let bytes = Hexadecimal.decode(computed),
            ConstantTime.areEqual(given, bytes)
        else { throw .wrongSignature }
    }
}
