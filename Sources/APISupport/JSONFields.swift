import JSON

/// An error that says which field of a request is wrong: each dialect has its own.
public protocol FieldError: Error {
    /// A request that is wrong.
    ///
    /// - Parameters:
    ///   - message: what is wrong and what is allowed.
    ///   - parameter: the field's path, such as `messages[0].content`.
    ///   - code: a word for programs, in dialects that have such words.
    static func invalid(_ message: String, parameter: String?, code: String?) -> Self
}

/// Reads the fields of a JSON object with a dialect's errors: what is missing, of the wrong type or out of range is named with
/// its path and what is allowed. `null` counts as absent; unknown fields are never looked at.
public struct JSONFields<Failure: FieldError>: Sendable {
    private let object: JSONObject
    /// The path of the object itself, such as `messages[0]`; empty at the top.
    private let path: String

    /// The fields of an object.
    public init(_ object: JSONObject, path: String = "") {
        self.object = object
        self.path = path
    }

    /// A request's body.
    public init(body: [UInt8]) throws(Failure) {
        let value: JSONValue
        do {
            value = try JSONValue.parse(body, limits: JSONLimits(depth: 128, byteCount: 1 << 28))
        } catch {
            throw .invalid(
                "We could not parse the JSON body of your request: \(error.description)", parameter: nil, code: nil)
        }
        guard case .object(let object) = value else {
            throw .invalid("The body must be a JSON object, not \(value.kindName).", parameter: nil, code: nil)
        }
        self.init(object)
    }

    /// The object's own path for messages.
    public var location: String { path.isEmpty ? "the body" : "'\(path)'" }

    /// A field's path for messages.
    public func path(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// A field's value, if there and not `null`.
    public func value(_ key: String) -> JSONValue? {
        guard let value = object[key], !value.isNull else { return nil }
        return value
    }

    /// A field that must be there.
    public func required<Value>(
        _ key: String, _ read: (String) throws(Failure) -> Value?
    ) throws(Failure) -> Value {
        guard let value = try read(key) else {
            throw .invalid(
                "Missing required parameter: '\(path(key))'.", parameter: path(key), code: "missing_required_parameter")
        }
        return value
    }

    /// A field that is a string.
    public func string(_ key: String) throws(Failure) -> String? {
        guard let value = value(key) else { return nil }
        guard let text = value.stringValue else { throw wrongType(key, "a string", value) }
        return text
    }

    /// A field that is `true` or `false`.
    public func bool(_ key: String) throws(Failure) -> Bool? {
        guard let value = value(key) else { return nil }
        guard let flag = value.boolValue else { throw wrongType(key, "a boolean", value) }
        return flag
    }

    /// A field that is an integer of a range.
    public func int(_ key: String, in range: ClosedRange<Int>) throws(Failure) -> Int? {
        guard let value = value(key) else { return nil }
        guard let number = value.intValue else { throw wrongType(key, "an integer", value) }
        guard range.contains(number) else {
            throw outOfRange(key, "\(number)", allowed: describe(range))
        }
        return number
    }

    /// A field that is a number of a range.
    public func double(_ key: String, in range: ClosedRange<Double>) throws(Failure) -> Double? {
        guard let value = value(key) else { return nil }
        guard let number = value.doubleValue else { throw wrongType(key, "a number", value) }
        guard range.contains(number) else {
            throw outOfRange(key, value.serialized(), allowed: "from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A field that is an object.
    public func object(_ key: String) throws(Failure) -> JSONFields? {
        guard let value = value(key) else { return nil }
        guard let object = value.objectValue else { throw wrongType(key, "an object", value) }
        return JSONFields(object, path: path(key))
    }

    /// A field that is an array.
    public func array(_ key: String) throws(Failure) -> [JSONValue]? {
        guard let value = value(key) else { return nil }
        guard let elements = value.arrayValue else { throw wrongType(key, "an array", value) }
        return elements
    }

    /// An array of objects.
    public func objects(_ key: String) throws(Failure) -> [JSONFields]? {
        guard let elements = try array(key) else { return nil }
        var result: [JSONFields] = []
        for (index, element) in elements.enumerated() {
            guard let object = element.objectValue else { throw wrongType("\(key)[\(index)]", "an object", element) }
            result.append(JSONFields(object, path: "\(path(key))[\(index)]"))
        }
        return result
    }

    /// The keys and values of the object itself.
    public var entries: [(key: String, value: JSONValue)] { object.entries }

    /// The error for a value of the wrong type; `expected` has its article.
    public func wrongType(_ key: String, _ expected: String, _ value: JSONValue) -> Failure {
        .invalid(
            "Invalid type for '\(path(key))': expected \(expected), but got \(value.kindName) instead.",
            parameter: path(key), code: "invalid_type")
    }

    /// The error for a value that is not allowed.
    public func outOfRange(_ key: String, _ found: String, allowed: String) -> Failure {
        .invalid(
            "Invalid value for '\(path(key))': \(found) is not allowed; expected \(allowed).", parameter: path(key),
            code: "invalid_value")
    }

    /// The error for what this server cannot do.
    public func unsupported(_ key: String, _ message: String) -> Failure {
        .invalid(message, parameter: path(key), code: "unsupported_value")
    }

    private func describe(_ range: ClosedRange<Int>) -> String {
        range.upperBound == .max
            ? "an integer of at least \(range.lowerBound)"
            : "an integer from \(range.lowerBound) to \(range.upperBound)"
    }
}
