import JSON

/// Reads the fields of a JSON object with OpenAI's errors: what is missing, of the wrong type or out of range is named with its
/// path and what is allowed. `null` counts as absent; unknown fields are never looked at.
struct Fields {
    private let object: JSONObject
    /// The path of the object itself, such as `messages[0]`; empty at the top.
    private let path: String

    init(_ object: JSONObject, path: String = "") {
        self.object = object
        self.path = path
    }

    /// A request's body.
    init(body: [UInt8]) throws(OpenAIError) {
        let value: JSONValue
        do {
            value = try JSONValue.parse(body, limits: JSONLimits(depth: 128, byteCount: 1 << 28))
        } catch {
            throw .invalid("We could not parse the JSON body of your request: \(error.description)", parameter: nil)
        }
        guard case .object(let object) = value else {
            throw .invalid("The body must be a JSON object, not \(value.kindName).", parameter: nil)
        }
        self.init(object)
    }

    /// A field's path for messages.
    func path(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// A field's value, if there and not `null`.
    func value(_ key: String) -> JSONValue? {
        guard let value = object[key], !value.isNull else { return nil }
        return value
    }

    /// A field that must be there.
    func required<Value>(
        _ key: String, _ read: (String) throws(OpenAIError) -> Value?
    ) throws(OpenAIError) -> Value {
        guard let value = try read(key) else {
            throw .invalid(
                "Missing required parameter: '\(path(key))'.", parameter: path(key), code: "missing_required_parameter")
        }
        return value
    }

    func string(_ key: String) throws(OpenAIError) -> String? {
        guard let value = value(key) else { return nil }
        guard let text = value.stringValue else { throw wrongType(key, "a string", value) }
        return text
    }

    func bool(_ key: String) throws(OpenAIError) -> Bool? {
        guard let value = value(key) else { return nil }
        guard let flag = value.boolValue else { throw wrongType(key, "a boolean", value) }
        return flag
    }

    func int(_ key: String, in range: ClosedRange<Int>) throws(OpenAIError) -> Int? {
        guard let value = value(key) else { return nil }
        guard let number = value.intValue else { throw wrongType(key, "an integer", value) }
        guard range.contains(number) else {
            throw outOfRange(key, "\(number)", allowed: describe(range))
        }
        return number
    }

    func double(_ key: String, in range: ClosedRange<Double>) throws(OpenAIError) -> Double? {
        guard let value = value(key) else { return nil }
        guard let number = value.doubleValue else { throw wrongType(key, "a number", value) }
        guard range.contains(number) else {
            throw outOfRange(key, value.serialized(), allowed: "from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func object(_ key: String) throws(OpenAIError) -> Fields? {
        guard let value = value(key) else { return nil }
        guard let object = value.objectValue else { throw wrongType(key, "an object", value) }
        return Fields(object, path: path(key))
    }

    func array(_ key: String) throws(OpenAIError) -> [JSONValue]? {
        guard let value = value(key) else { return nil }
        guard let elements = value.arrayValue else { throw wrongType(key, "an array", value) }
        return elements
    }

    /// An array of objects.
    func objects(_ key: String) throws(OpenAIError) -> [Fields]? {
        guard let elements = try array(key) else { return nil }
        var result: [Fields] = []
        for (index, element) in elements.enumerated() {
            guard let object = element.objectValue else { throw wrongType("\(key)[\(index)]", "an object", element) }
            result.append(Fields(object, path: "\(path(key))[\(index)]"))
        }
        return result
    }

    /// The keys and values of the object itself.
    var entries: [(key: String, value: JSONValue)] { object.entries }

    func wrongType(_ key: String, _ expected: String, _ value: JSONValue) -> OpenAIError {
        .invalid(
            "Invalid type for '\(path(key))': expected \(expected), but got \(value.kindName) instead.",
            parameter: path(key), code: "invalid_type")
    }

    func outOfRange(_ key: String, _ found: String, allowed: String) -> OpenAIError {
        .invalid(
            "Invalid value for '\(path(key))': \(found) is not allowed; expected \(allowed).", parameter: path(key),
            code: "invalid_value")
    }

    func unsupported(_ key: String, _ message: String) -> OpenAIError {
        .invalid(message, parameter: path(key), code: "unsupported_value")
    }

    private func describe(_ range: ClosedRange<Int>) -> String {
        range.upperBound == .max
            ? "an integer of at least \(range.lowerBound)"
            : "an integer from \(range.lowerBound) to \(range.upperBound)"
    }
}
