import Crypto

/// Takes a body in S3's aws-chunked apart, in constant memory:
///
/// ```
/// HEXLENGTH[;chunk-signature=SIGNATURE]\r\n data \r\n … 0[;chunk-signature=SIGNATURE]\r\n [name:value\r\n …] \r\n
/// ```
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

    private enum State {
        case size
        case data(remaining: Int)
        case dataEnd
        case trailer
        case done
    }

    /// Longest line that is taken, in bytes.
    static let lineLimit = 4_096
    /// Most trailers that are taken.
    static let trailerLimit = 16

    /// Begins a body that holds `decodedByteCount` bytes (`x-amz-decoded-content-length`). With `signing` every chunk, and the
    /// trailers if there may be any, must carry its signature.
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
            case .done: throw .malformed("there are bytes after its end")
            case .size, .dataEnd, .trailer:
                guard let text = try takeLine(&rest) else { return payload }
                try take(line: text)
            }
        }
        return payload
    }

    /// The trailers, with names in lower case. Throws `wrongLength` if the body has not ended or has another length.
    public func finish() throws(ChunkedError) -> [(name: String, value: String)] {
        guard case .done = state, found == expected else { throw .wrongLength(expected: expected, found: received) }
        return trailers
    }

    /// Bytes of payload so far.
    private var received: Int {
        if case .data(let remaining) = state { found - remaining } else { found }
    }

    /// The bytes before the next CRLF, across calls; nil while it has not come.
    private mutating func takeLine(_ rest: inout ArraySlice<UInt8>) throws(ChunkedError) -> [UInt8]? {
        let piece = rest.prefix { $0 != UInt8(ascii: "\n") }
        guard line.count + piece.count <= Self.lineLimit else { throw .malformed("a line is too long") }
        line += piece
        rest = rest.dropFirst(piece.count)
        guard !rest.isEmpty else { return nil }
        rest = rest.dropFirst()
        guard line.popLast() == UInt8(ascii: "\r") else { throw .malformed("a line must end with CRLF") }
        defer { line.removeAll(keepingCapacity: true) }
        return line
    }

    private mutating func take(line: [UInt8]) throws(ChunkedError) {
        switch state {
        case .size: try begin(line)
        case .dataEnd:
            guard line.isEmpty else { throw .malformed("a chunk is longer than it says") }
            try endChunk()
            state = .size
        case .trailer where line.isEmpty:
            try endTrailers()
            state = .done
        case .trailer: try takeTrailer(line)
        case .data, .done: break
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
        try check(signing?.signChunk(hash: Array(hash.finalize())))
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
        trailers.append(
            (
                String(decoding: SignableRequest.lowercased(String(decoding: name, as: UTF8.self)), as: UTF8.self),
                String(decoding: Array(value), as: UTF8.self)
            ))
    }

    private mutating func endTrailers() throws(ChunkedError) {
        guard takesTrailers, signing != nil else { return }
        let name = "x-amz-trailer-signature"
        guard let index = trailers.firstIndex(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
            if trailers.isEmpty { return }
            throw .malformed("its trailers have no x-amz-trailer-signature")
        }
        signature = trailers.remove(at: index).value
        let lines = trailers.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
            .map { $0.name + ":" + $0.value + "\n" }
        try check(signing?.signTrailers(hash: Array(SHA256.hash(data: Array(lines.joined().utf8)))))
    }

    private func check(_ computed: String?) throws(ChunkedError) {
        guard let computed, let given = Hexadecimal.decode(signature), let bytes = Hexadecimal.decode(computed),
            ConstantTime.areEqual(given, bytes)
        else { throw .wrongSignature }
    }
}
