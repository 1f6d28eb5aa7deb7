/// A string as Rust's `{:?}` prints it.
func rustDebugText(_ text: String) -> String {
    var output = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\0": output += "\\0"
        case "\t": output += "\\t"
        case "\r": output += "\\r"
        case "\n": output += "\\n"
        case "\"": output += "\\\""
        case "\\": output += "\\\\"
        default:
            if isPrintable(scalar) {
                output.unicodeScalars.append(scalar)
            } else {
                output += "\\u{" + String(scalar.value, radix: 16) + "}"
            }
        }
    }
    return output + "\""
}

/// Neither a control, format or separator character nor one that only extends another.
private func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    if scalar == " " { return true }
    if scalar.properties.isGraphemeExtend { return false }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator, .spaceSeparator:
        return false
    default: return true
    }
}
