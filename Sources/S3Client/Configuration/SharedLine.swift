/// The parts of one line of a shared file.
enum SharedLine {
    /// Whether a byte is white space within a line.
    static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }

    /// The bytes without white space around them.
    static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes = bytes.drop(while: isBlank)
        while let last = bytes.last, isBlank(last) { bytes.removeLast() }
        return bytes
    }

    /// A name without the quotes around it, which one with spaces may have.
    static func unquoted(_ bytes: ArraySlice<UInt8>) -> String {
        var bytes = bytes
        if bytes.count >= 2, let quote = bytes.first, quote == bytes.last,
            quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'")
        {
            bytes = bytes.dropFirst().dropLast()
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The name in `[name]`.
    static func sectionName(_ content: ArraySlice<UInt8>, line: Int) throws(SharedFileError) -> String {
        guard let end = content.firstIndex(of: UInt8(ascii: "]")) else {
            throw SharedFileError(line: line, reason: "a section that has no \"]\"")
        }
        return String(decoding: trimmed(content[..<end].dropFirst()), as: UTF8.self)
    }

    /// Name, in lower case, and value of `name = value`. A comment may follow behind white space.
    static func setting(
        _ content: ArraySlice<UInt8>, line: Int
    ) throws(SharedFileError) -> (name: String, value: String) {
        guard let equals = content.firstIndex(of: UInt8(ascii: "=")) else {
            // The line itself may hold a secret.
            throw SharedFileError(line: line, reason: "neither a [section] nor a setting = value")
        }
        let name = String(decoding: trimmed(content[..<equals]), as: UTF8.self).lowercased()
        guard !name.isEmpty else {
            throw SharedFileError(line: line, reason: "a value without a name before the \"=\"")
        }
        var value = content[content.index(after: equals)...]
        let comment = value.indices.first { index in
            (value[index] == UInt8(ascii: "#") || value[index] == UInt8(ascii: ";")) && isBlank(content[index - 1])
        }
        if let comment { value = value[..<comment] }
        return (name, String(decoding: trimmed(value), as: UTF8.self))
    }
}
