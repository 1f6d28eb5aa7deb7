import JSON

/// A number as serde_json, the library of the official harmony package, prints it after reading it.
///
/// Integers in the range of Int64 or UInt64 stay integers; all else becomes a double in ryu's form (`shortestDecimal`).
/// Doubles are read with serde_json's fast method, which may miss the nearest one by a unit in the last place: up to 19
/// or 20 significant digits as an integer, then one product or quotient with a power of ten.
///
/// - Returns: nil for numbers that are too large for a double, which serde_json refuses.
func serdeNumberText(_ number: JSONNumber) -> String? {
    var scanner = SerdeNumberScanner()
    for byte in number.lexeme.utf8 { scanner.read(byte) }
    return scanner.text
}

private struct SerdeNumberScanner {
    private enum Part { case integer, fraction, exponent }

    private var part = Part.integer
    private var isNegative = false
    private var significand: UInt64 = 0
    private var isFull = false
    private var scale = 0
    private var exponent = 0
    private var exponentIsNegative = false

    mutating func read(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "-"):
            if part == .exponent { exponentIsNegative = true } else { isNegative = true }
        case UInt8(ascii: "."):
            part = .fraction
            isFull = false
        case UInt8(ascii: "e"), UInt8(ascii: "E"): part = .exponent
        case UInt8(ascii: "0")...UInt8(ascii: "9"): read(digit: UInt64(byte - UInt8(ascii: "0")))
        default: break
        }
    }

    private mutating func read(digit: UInt64) {
        if part == .exponent {
            // Beyond this, every exponent means zero or too large.
            exponent = min(exponent * 10 + Int(digit), 1 << 40)
            return
        }
        let (product, overflow) = significand.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(digit)
        isFull = isFull || overflow || carry
        if isFull {
            if part == .integer { scale += 1 }
            return
        }
        significand = sum
        if part == .fraction { scale -= 1 }
    }

    var text: String? {
        if part == .integer, !isFull {
            if !isNegative { return String(significand) }
            if significand > 0, significand <= UInt64(1) << 63 { return "-" + String(significand) }
            return shortestDecimal(-Double(significand))
        }
        return double.map { shortestDecimal(isNegative ? -$0 : $0) }
    }

    private var double: Double? {
        var value = Double(significand)
        var power = scale + (exponentIsNegative ? -exponent : exponent)
        if value == 0 { return value }
        while power < -308 {
            value /= 1e308
            power += 308
            if value == 0 { return value }
        }
        if power > 308 { return nil }
        guard let factor = Double("1e\(power.magnitude)") else { return nil }
        value = power < 0 ? value / factor : value * factor
        return value.isFinite ? value : nil
    }
}

/// A value in compact JSON with numbers as serde_json prints them.
func serdeText(_ value: JSONValue) -> String {
    canonical(value).serialized()
}

private func canonical(_ value: JSONValue) -> JSONValue {
    switch value {
    case .null, .bool, .string: return value
    case .number(let number):
        // The text is a number by construction.
        guard let text = serdeNumberText(number), let parsed = try? JSONValue.parse(text) else { return value }
        return parsed
    case .array(let elements): return .array(elements.map(canonical))
    case .object(let object): return .object(JSONObject(object.entries.map { ($0.key, canonical($0.value)) }))
    }
}
