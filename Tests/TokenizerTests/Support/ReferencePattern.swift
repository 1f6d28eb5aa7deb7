import JSON
import TestSupport

/// The split patterns as they are written: a matcher that tries alternatives in order and backtracks, slow and simple.
struct ReferencePattern {
    enum Element {
        /// A bracket of kinds (see `kinds`) and single scalars, repeated as often as possible.
        case set(String, also: String = "", except: String = "", minimum: Int, maximum: Int = .max)
        /// `'s|'t|'re|'ve|'m|'ll|'d`, perhaps in any case, perhaps optional.
        case contraction(ignoringCase: Bool, optional: Bool)
        /// `(?!\S)`
        case notBeforeNonSpace
    }

    let alternatives: [[Element]]
    /// The kind of each scalar: `u`pper, `l`ower, letter `b`oth, `m`ark, `n`umber, `s`pace, `o`ther.
    private let kinds: [UInt8]

    init(_ alternatives: [[Element]]) throws {
        self.alternatives = alternatives
        var kinds = [UInt8](repeating: UInt8(ascii: "o"), count: 0x110000)
        let classes = try JSONValue.parse(fixtureBytes("tokenizer/unicode_classes.json"))
        let names: [(String, Unicode.Scalar)] = [
            ("upper_Lu_Lt", "u"), ("lower_Ll", "l"), ("both_Lm_Lo", "b"), ("mark_M", "m"), ("number_N", "n"),
            ("space_s", "s"),
        ]
        for (name, kind) in names {
            for range in classes[name]?.arrayValue ?? [] {
                let ends = (range.arrayValue ?? []).compactMap(\.intValue)
                for scalar in ends[0]...ends[1] { kinds[scalar] = UInt8(ascii: kind) }
            }
        }
        self.kinds = kinds
    }

    static func o200k() throws -> ReferencePattern {
        let prefix = Element.set("oms", except: "\r\n", minimum: 0, maximum: 1)
        let suffix = Element.contraction(ignoringCase: true, optional: true)
        return try ReferencePattern([
            [prefix, .set("ubm", minimum: 0), .set("lbm", minimum: 1), suffix],
            [prefix, .set("ubm", minimum: 1), .set("lbm", minimum: 0), suffix],
            [.set("n", minimum: 1, maximum: 3)],
            [.set("", also: " ", minimum: 0, maximum: 1), .set("om", minimum: 1), .set("", also: "\r\n/", minimum: 0)],
            [.set("s", minimum: 0), .set("", also: "\r\n", minimum: 1)],
            [.set("s", minimum: 1), .notBeforeNonSpace],
            [.set("s", minimum: 1)],
        ])
    }

    static func cl100k(numberLimit: Int) throws -> ReferencePattern {
        try ReferencePattern([
            [.contraction(ignoringCase: true, optional: false)],
            [.set("oms", except: "\r\n", minimum: 0, maximum: 1), .set("ulb", minimum: 1)],
            [.set("n", minimum: 1, maximum: numberLimit)],
            [.set("", also: " ", minimum: 0, maximum: 1), .set("om", minimum: 1), .set("", also: "\r\n", minimum: 0)],
            [.set("s", minimum: 0), .set("", also: "\r\n", minimum: 1)],
            [.set("s", minimum: 1), .notBeforeNonSpace],
            [.set("s", minimum: 1)],
        ])
    }

    static func gpt2() throws -> ReferencePattern {
        let space = Element.set("", also: " ", minimum: 0, maximum: 1)
        return try ReferencePattern([
            [.contraction(ignoringCase: false, optional: false)],
            [space, .set("ulb", minimum: 1)],
            [space, .set("n", minimum: 1)],
            [space, .set("om", minimum: 1)],
            [.set("s", minimum: 1), .notBeforeNonSpace],
            [.set("s", minimum: 1)],
        ])
    }

    /// The pieces of a text.
    func pieces(_ text: String) -> [[UInt8]] {
        let scalars = Array(text.unicodeScalars)
        var pieces: [[UInt8]] = []
        var start = 0
        while start < scalars.count {
            let end = alternatives.lazy.compactMap { match($0[...], scalars, start) }.first ?? start + 1
            var piece = String.UnicodeScalarView()
            piece.append(contentsOf: scalars[start..<end])
            pieces.append(Array(String(piece).utf8))
            start = end
        }
        return pieces
    }

    private func match(_ elements: ArraySlice<Element>, _ text: [Unicode.Scalar], _ start: Int) -> Int? {
        guard let element = elements.first else { return start }
        let rest = elements.dropFirst()
        switch element {
        case .set(let kinds, let also, let except, let minimum, let maximum):
            var count = 0
            while count < maximum, start + count < text.count, contains(text[start + count], kinds, also, except) {
                count += 1
            }
            while count >= minimum {
                if let end = match(rest, text, start + count) { return end }
                count -= 1
            }
            return nil
        case .contraction(let ignoringCase, let optional):
            for suffix in ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'\u{17F}"] {
                let wanted = Array(suffix.unicodeScalars)
                if suffix.unicodeScalars.contains("\u{17F}"), !ignoringCase { continue }
                guard text.count - start >= wanted.count else { continue }
                let isThere = zip(text[start...], wanted).allSatisfy { found, letter in
                    found == letter
                        || ignoringCase && found.isASCII && found.properties.lowercaseMapping == String(letter)
                }
                if isThere, let end = match(rest, text, start + wanted.count) { return end }
            }
            return optional ? match(rest, text, start) : nil
        case .notBeforeNonSpace:
            if start < text.count, kind(text[start]) != "s" { return nil }
            return match(rest, text, start)
        }
    }

    private func kind(_ scalar: Unicode.Scalar) -> Unicode.Scalar { Unicode.Scalar(kinds[Int(scalar.value)]) }

    private func contains(_ scalar: Unicode.Scalar, _ kinds: String, _ also: String, _ except: String) -> Bool {
        if except.unicodeScalars.contains(scalar) { return false }
        return kinds.unicodeScalars.contains(kind(scalar)) || also.unicodeScalars.contains(scalar)
    }
}
