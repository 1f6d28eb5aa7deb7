import JSON

/// Reads the members of a request's structure and takes note of what is wrong with them. `null` counts as absent; members that
/// nobody knows are not looked at.
struct Members {
    private let object: JSONObject
    private let path: String
    let violations: Violations

    private init(_ object: JSONObject, path: String, _ violations: Violations) {
        self.object = object
        self.path = path
        self.violations = violations
    }

    /// A request's body; an empty one has no members.
    /// - Throws: a ValidationException when it is no JSON object.
    init(body: [UInt8]) throws(BedrockError) {
        let value: JSONValue
        do {
            value =
                body.isEmpty
                ? .object(JSONObject()) : try JSONValue.parse(body, limits: JSONLimits(depth: 32, byteCount: 1 << 20))
        } catch {
            throw .validation("The request's body is not valid JSON: \(error)")
        }
        guard case .object(let object) = value else { throw .validation("The request's body is not a JSON object.") }
        self.init(object, path: "", Violations())
    }

    /// A member's path for messages.
    func path(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// The names of the members that are there.
    var present: [String] { object.entries.filter { !$0.value.isNull }.map(\.key) }

    /// A member, if there.
    private func value(_ key: String, isRequired: Bool) -> JSONValue? {
        if let value = object[key], !value.isNull { return value }
        if isRequired { violations.add(nil, at: path(key), "Member must not be null") }
        return nil
    }

    /// A member that is a text and obeys a rule.
    func text(_ key: String, _ rule: TextRule, isRequired: Bool = false) -> String? {
        value(key, isRequired: isRequired).flatMap { text($0, at: path(key), rule) }
    }

    private func text(_ value: JSONValue, at path: String, _ rule: TextRule) -> String? {
        guard let text = value.stringValue else {
            violations.add(value.serialized(), at: path, "Member must be a string")
            return nil
        }
        if let violation = rule.violation(text) {
            violations.add(text, at: path, violation)
            return nil
        }
        return text
    }

    /// A member that is a structure.
    func members(_ key: String, isRequired: Bool = false) -> Members? {
        guard let value = value(key, isRequired: isRequired) else { return nil }
        guard let object = value.objectValue else {
            violations.add(value.serialized(), at: path(key), "Member must be a structure")
            return nil
        }
        return Members(object, path: path(key), violations)
    }

    /// The elements of a member that is a list, with their paths.
    private func elements(
        _ key: String, count: ClosedRange<Int>, isRequired: Bool
    ) -> [(path: String, value: JSONValue)]? {
        guard let value = value(key, isRequired: isRequired) else { return nil }
        guard let elements = value.arrayValue else {
            violations.add(value.serialized(), at: path(key), "Member must be a list")
            return nil
        }
        guard count.contains(elements.count) else {
            violations.add(
                "[\(elements.count) elements]", at: path(key),
                "Member must have length from \(count.lowerBound) to \(count.upperBound)")
            return nil
        }
        return elements.enumerated().map { ("\(path(key)).\($0.offset + 1).member", $0.element) }
    }

    /// A member that is a list of texts.
    func texts(_ key: String, count: ClosedRange<Int>, _ rule: TextRule, isRequired: Bool = false) -> [String]? {
        elements(key, count: count, isRequired: isRequired)?.compactMap { text($0.value, at: $0.path, rule) }
    }

    /// A member that is a list of structures.
    func structures(_ key: String, count: ClosedRange<Int>, isRequired: Bool = false) -> [Members]? {
        elements(key, count: count, isRequired: isRequired)?.compactMap { element in
            guard let object = element.value.objectValue else {
                violations.add(element.value.serialized(), at: element.path, "Member must be a structure")
                return nil
            }
            return Members(object, path: element.path, violations)
        }
    }
}
