import JSON

/// A JSON schema as the TypeScript type that the model was trained to read.
///
/// The official library's rules are kept with all their corners, since models know its output: what has no rule is
/// `any`, descriptions of objects come twice, unions in arrays have no parentheses.
struct TypeScriptType {
    /// How text from a schema is put into comments and strings.
    enum Quoting {
        /// Verbatim, as the official library does: a line feed ends the comment and the rest becomes code.
        case verbatim
        /// Every line of a comment is one; strings are escaped.
        case contained
    }

    let quoting: Quoting

    /// The type of values that a schema allows.
    func text(_ schema: JSONValue, indent: String = "") -> String {
        if let variants = schema["oneOf"]?.arrayValue { return union(variants, indent: indent) }
        if let types = schema["type"]?.arrayValue {
            let names = types.compactMap(\.stringValue).map { $0.hasSameBytes(as: "integer") ? "number" : inline($0) }
            if !names.isEmpty { return names.joined(separator: " | ") }
        }
        switch schema["type"]?.stringValue {
        case "string": return enumeration(schema) ?? "string"
        case "number", "integer": return "number"
        case "boolean": return "boolean"
        case "array": return schema["items"].map { text($0, indent: indent) + "[]" } ?? "Array<any>"
        case "object": return object(schema, indent: indent)
        default: return "any"
        }
    }

    private func union(_ variants: [JSONValue], indent: String) -> String {
        variants.map { variant in
            var remarks = [String]()
            if let description = variant["description"]?.stringValue { remarks.append(inline(description)) }
            if let value = variant["default"] {
                // Here, unlike elsewhere, an enum's default keeps its quotes and escapes.
                let isPlain = value.stringValue != nil && !isEnumeration(variant)
                remarks.append("default: " + (isPlain ? defaultText(value, of: variant) : serdeText(value)))
            }
            return "\n\(indent) | " + nullableText(variant, indent: indent + "   ") + trailingComment(remarks)
        }.joined()
    }

    private func enumeration(_ schema: JSONValue) -> String? {
        let names = schema["enum"]?.arrayValue?.compactMap(\.stringValue) ?? []
        return names.isEmpty ? nil : names.map(quoted).joined(separator: " | ")
    }

    private func object(_ schema: JSONValue, indent: String) -> String {
        var text = ""
        if let description = schema["description"]?.stringValue { text += comment(description, indent: indent) }
        text += "{\n"
        let required = (schema["required"]?.arrayValue ?? []).compactMap(\.stringValue)
        for (key, value) in schema["properties"]?.objectValue?.entries ?? [] {
            let mark = required.contains { $0.hasSameBytes(as: key) } ? "" : "?"
            text += property(propertyName(key) + mark, value, indent: indent)
        }
        return text + indent + "}"
    }

    private func property(_ name: String, _ schema: JSONValue, indent: String) -> String {
        var text = ""
        if let title = schema["title"]?.stringValue {
            text += comment(title, indent: indent) + "\(indent)//\n"
        }
        if schema["oneOf"] == nil, let description = schema["description"]?.stringValue {
            text += comment(description, indent: indent)
        }
        if let examples = schema["examples"]?.arrayValue, !examples.isEmpty {
            text += "\(indent)// Examples:\n"
            for example in examples.compactMap(\.stringValue) { text += "\(indent)// - \(quoted(example))\n" }
        }
        if let variants = schema["oneOf"]?.arrayValue {
            return text + unionProperty(name, schema, variants, indent: indent)
        }
        text += "\(indent)\(name): " + nullableText(schema, indent: indent + "    ") + ","
        if schema["oneOf"] == nil, let value = schema["default"] {
            text += " // default: " + defaultText(value, of: schema)
        }
        return text + "\n"
    }

    private func unionProperty(_ name: String, _ schema: JSONValue, _ variants: [JSONValue], indent: String) -> String {
        var text = ""
        let description = schema["description"]?.stringValue
        let first = variants.first?["description"]?.stringValue
        let isAbove =
            description.map { description in !(first.map { $0.hasSameBytes(as: description) } ?? false) } ?? false
        if isAbove, let description { text += comment(description, indent: indent) }
        if let value = schema["default"] { text += "\(indent)// default: \(defaultText(value, of: schema))\n" }
        text += "\(indent)\(name):\n"
        for (index, variant) in variants.enumerated() {
            var remarks = [String]()
            if !(index == 0 && isAbove), let own = variant["description"]?.stringValue,
                !(description.map { $0.hasSameBytes(as: own) } ?? false)
            {
                remarks.append(inline(own))
            }
            if let value = variant["default"] { remarks.append("default: " + defaultText(value, of: variant)) }
            text += "\(indent) | " + nullableText(variant, indent: indent + "   ") + trailingComment(remarks) + "\n"
        }
        return text + "\(indent),\n"
    }

    /// The type, and `null` if the schema says `nullable` and the type's text does not say it anywhere.
    private func nullableText(_ schema: JSONValue, indent: String) -> String {
        let type = text(schema, indent: indent)
        return schema["nullable"]?.boolValue == true && !type.containsBytes("null") ? type + " | null" : type
    }

    private func isEnumeration(_ schema: JSONValue) -> Bool { schema["enum"]?.arrayValue?.isEmpty == false }

    private func defaultText(_ value: JSONValue, of schema: JSONValue) -> String {
        guard let text = value.stringValue else { return serdeText(value) }
        return isEnumeration(schema) ? inline(text) : quoted(text)
    }

    private func trailingComment(_ remarks: [String]) -> String {
        remarks.isEmpty ? "" : " // " + remarks.joined(separator: " ")
    }
}

extension TypeScriptType {
    /// A text as whole lines of comment.
    private func comment(_ text: String, indent: String) -> String {
        switch quoting {
        case .verbatim: "\(indent)// \(text)\n"
        case .contained: TextLines.contained(text).map { "\(indent)// \($0)\n" }.joined()
        }
    }

    /// A text within a line.
    private func inline(_ text: String) -> String {
        switch quoting {
        case .verbatim: text
        case .contained: TextLines.contained(text).joined(separator: " ")
        }
    }

    private func quoted(_ text: String) -> String {
        switch quoting {
        case .verbatim: "\"\(text)\""
        case .contained: JSONValue.string(text).serialized()
        }
    }

    private func propertyName(_ key: String) -> String {
        quoting == .contained && TextLines.contained(key).count != 1 ? quoted(key) : key
    }
}
