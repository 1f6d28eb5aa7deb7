/// Names of functions as they stand in headers, which end a name at white space or `<`.
///
/// Letters, digits, `_`, `.` and `-` stay; every other character becomes `_`. Names that would then be the same are
/// numbered, so that each header name stands for one function.
public struct HarmonyToolNames: Sendable, Equatable {
    private struct Pair: Equatable {
        var function: String
        var header: String
    }

    private var pairs: [Pair] = []

    /// Names of one request's functions, in order.
    public init(_ functions: [String] = []) {
        for function in functions where !pairs.contains(where: { $0.function.hasSameBytes(as: function) }) {
            pairs.append(Pair(function: function, header: function))
        }
        // A name that needs no change keeps itself, wherever it stands.
        var taken = pairs.map(\.header).filter { $0.hasSameBytes(as: HarmonyToolNames.headerText($0)) }
        for index in pairs.indices {
            let plain = HarmonyToolNames.headerText(pairs[index].function)
            if plain.hasSameBytes(as: pairs[index].function) { continue }
            var name = plain
            var number = 2
            while taken.contains(where: { $0.hasSameBytes(as: name) }) {
                name = "\(plain)_\(number)"
                number += 1
            }
            taken.append(name)
            pairs[index].header = name
        }
    }

    /// A function's name in headers and in the list of tools.
    public func headerName(_ function: String) -> String {
        pairs.first { $0.function.hasSameBytes(as: function) }?.header ?? HarmonyToolNames.headerText(function)
    }

    /// The declared function that a recipient means, with the prefix `functions.` or without; nil if none is meant.
    public func declaredFunction(recipient: String) -> String? {
        let names = [recipient.dropping(prefix: "functions."), recipient].compactMap { $0 }
        for name in names {
            if let pair = pairs.first(where: { $0.header.hasSameBytes(as: name) }) { return pair.function }
        }
        for name in names {
            if let pair = pairs.first(where: { $0.function.hasSameBytes(as: name) }) { return pair.function }
        }
        return nil
    }

    /// The function that a recipient means: a declared one, or else what is written without the prefix `functions.`.
    public func function(recipient: String) -> String {
        declaredFunction(recipient: recipient) ?? recipient.dropping(prefix: "functions.") ?? recipient
    }

    /// A name with all characters replaced that could end it or look like another part of a header.
    static func headerText(_ name: String) -> String {
        var text = ""
        for scalar in name.unicodeScalars {
            text.unicodeScalars.append(scalar.isASCII && isHeaderNameByte(UInt8(scalar.value)) ? scalar : "_")
        }
        return text.isEmpty ? "_" : text
    }
}

/// Whether a byte can be part of a name in a header.
func isHeaderNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
        return true
    default: return false
    }
}
