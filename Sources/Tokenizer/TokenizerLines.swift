import JSON

/// The JSON lines of `outcrop tokenize --jsonl` and `outcrop detokenize --jsonl`. Never throws: a line that is not as it
/// must be gives `{"error": …}`.
public struct TokenizerLines: Sendable {
    private let tokenizer: BytePairTokenizer

    /// Lines for one tokenizer.
    public init(_ tokenizer: BytePairTokenizer) {
        self.tokenizer = tokenizer
    }

    private struct LineError: Error {
        let message: String
    }

    /// `{"text": …, "allowed_special": "all" | "none" | […] | absent}` → `{"ids": […]}`
    public func encode(line: JSONValue) -> JSONValue {
        do {
            guard let text = line["text"]?.stringValue else {
                throw LineError(message: "expected an object with a string \"text\"")
            }
            let ids = tokenizer.encode(text, allowedSpecial: try allowedSpecial(line["allowed_special"]))
            return ["ids": .array(ids.map { JSONValue(Int($0)) })]
        } catch {
            return failure(error)
        }
    }

    /// `{"ids": […]}` → `{"text": …, "bytes_hex": …}`; in the text, U+FFFD stands for what is not valid UTF-8.
    public func decode(line: JSONValue) -> JSONValue {
        do {
            guard let values = line["ids"]?.arrayValue else {
                throw LineError(message: "expected an object with an array \"ids\"")
            }
            let bytes = try tokenizer.decode(try values.map(tokenID))
            return [
                "text": .string(String(decoding: bytes, as: UTF8.self)), "bytes_hex": .string(hexadecimal(bytes)),
            ]
        } catch {
            return failure(error)
        }
    }

    private func failure(_ error: any Error) -> JSONValue {
        ["error": .string((error as? LineError)?.message ?? "\(error)")]
    }

    private func allowedSpecial(_ value: JSONValue?) throws(LineError) -> AllowedSpecial {
        let problem = LineError(message: "expected \"allowed_special\" to be \"all\", \"none\" or an array of names")
        switch value {
        case nil, .null, .string("none"): return .none
        case .string("all"): return .all
        case .array(let values):
            let names = values.compactMap(\.stringValue)
            guard names.count == values.count else { throw problem }
            return .only(Set(names))
        default: throw problem
        }
    }

    private func tokenID(_ value: JSONValue) throws -> Int32 {
        guard let id = value.intValue else {
            throw LineError(message: "expected \"ids\" to hold token ids, found \(value.serialized())")
        }
        guard let id = Int32(exactly: id) else { throw TokenizerError.invalidToken(id) }
        return id
    }
}

private func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
