import JSON

extension Policy {
    /// The longest policy in bytes; as much as IAM takes for all inline policies of a role, twice.
    public static let maximumByteCount = 20_480

    /// Reads a policy in IAM's JSON.
    ///
    /// - Throws: `PolicyError` for what is no JSON, no policy, or asks for something that would not be kept to.
    public init(json bytes: [UInt8]) throws(PolicyError) {
        guard bytes.count <= Self.maximumByteCount else {
            throw PolicyError("", "has \(bytes.count) bytes; at most \(Self.maximumByteCount) are accepted")
        }
        let document: JSONValue
        do {
            document = try JSONValue.parse(bytes, limits: JSONLimits(depth: 16, byteCount: Self.maximumByteCount))
        } catch {
            throw PolicyError("", "is no JSON: \(error.reason) at byte \(error.offset)")
        }
        // The parser keeps the last of several members of one name; here that might drop a denial.
        guard memberCount(writtenIn: bytes) == memberCount(keptIn: document) else {
            throw PolicyError("", "has an object with two members of the same name; keep one")
        }
        statements = try PolicyParser().statements(of: document)
    }

    /// Whether bytes are a policy; one that is has decided about a request then. For the fuzzer.
    public static func isReadable(_ bytes: [UInt8]) -> Bool {
        guard let policy = try? Policy(json: bytes) else { return false }
        _ = policy.decision(action: "s3:GetObject", resource: "arn:aws:s3:::bucket/key")
        return true
    }
}

/// The grammar of IAM's policies, less what is not supported.
struct PolicyParser {
    private static let versions = ["2012-10-17", "2008-10-17"]

    func statements(of document: JSONValue) throws(PolicyError) -> [PolicyStatement] {
        let policy = try object(document, "")
        for (key, value) in policy.entries {
            switch key {
            case "Version": _ = try word(value, key, Self.versions)
            case "Id": _ = try string(value, key)
            case "Statement": break
            default: throw PolicyError(key, "is not known; a policy has Version, Id and Statement")
            }
        }
        guard let value = policy["Statement"] else { throw PolicyError("", "has no Statement") }
        guard let list = value.arrayValue else { return [try statement(value, "Statement")] }
        guard !list.isEmpty else { throw PolicyError("Statement", "is empty; without a statement nothing is allowed") }
        var statements: [PolicyStatement] = []
        for (index, element) in list.enumerated() {
            statements.append(try statement(element, "Statement[\(index)]"))
        }
        return statements
    }

    private func statement(_ value: JSONValue, _ place: String) throws(PolicyError) -> PolicyStatement {
        let members = try object(value, place)
        for (key, value) in members.entries {
            switch key {
            case "Sid": _ = try string(value, place + ".Sid")
            case "Effect", "Action", "NotAction", "Resource", "NotResource": break
            case "Condition":
                throw PolicyError(
                    place + ".Condition", "is not supported; leave it out, or narrow Action and Resource instead")
            case "Principal", "NotPrincipal":
                throw PolicyError(
                    "\(place).\(key)", "is not supported; a policy is about the key that it was created with")
            default:
                throw PolicyError(
                    "\(place).\(key)",
                    "is not known; a statement has Sid, Effect, Action or NotAction, Resource or NotResource")
            }
        }
        guard let effect = members["Effect"] else { throw PolicyError(place, "has no Effect") }
        let (actions, excludesActions) = try either("Action", of: members, place)
        let (resources, excludesResources) = try either("Resource", of: members, place)
        return PolicyStatement(
            isAllowing: try word(effect, place + ".Effect", ["Allow", "Deny"]) == "Allow",
            actions: try actions.map(action), excludesActions: excludesActions,
            resources: try resources.map(resource), excludesResources: excludesResources)
    }

    /// A text of the policy and where it stands.
    private typealias Placed = (text: String, place: String)

    /// The texts of `name` or of `Not<name>`: a statement has one of the two.
    private func either(
        _ name: String, of members: JSONObject, _ place: String
    ) throws(PolicyError) -> (texts: [Placed], isExcluding: Bool) {
        switch (members[name], members["Not" + name]) {
        case (let value?, nil): return (try texts(value, "\(place).\(name)"), false)
        case (nil, let value?): return (try texts(value, "\(place).Not\(name)"), true)
        case (nil, nil): throw PolicyError(place, "has neither \(name) nor Not\(name)")
        case (_?, _?): throw PolicyError(place, "has both \(name) and Not\(name); keep one")
        }
    }

    /// A text, or a list of them that is not empty.
    private func texts(_ value: JSONValue, _ place: String) throws(PolicyError) -> [Placed] {
        guard let list = value.arrayValue else { return [(try string(value, place), place)] }
        guard !list.isEmpty else { throw PolicyError(place, "is empty") }
        var texts: [Placed] = []
        for (index, element) in list.enumerated() {
            let place = "\(place)[\(index)]"
            texts.append((try string(element, place), place))
        }
        return texts
    }

    /// `*` or `service:Name`; wildcards may stand in the name.
    private func action(_ placed: Placed) throws(PolicyError) -> WildcardPattern {
        let pattern = WildcardPattern(try elements(placed).map(lowercased))
        if pattern.matchesEverything { return pattern }
        let parts = pattern.elements.split(separator: .character(":"), omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else {
            throw PolicyError(
                placed.place, "is '\(placed.text)'; expected * or an action like bedrock:InvokeModel or s3:*")
        }
        return pattern
    }

    private func lowercased(_ element: WildcardPattern.Element) -> WildcardPattern.Element {
        guard case .character(let scalar) = element else { return element }
        return .character(Access.lowercased(scalar))
    }

    private func resource(_ placed: Placed) throws(PolicyError) -> ResourcePattern {
        let elements = try elements(placed)
        if WildcardPattern(elements).matchesEverything { return .everything }
        var parts = elements.split(
            separator: .character(":"), maxSplits: ResourcePattern.partCount - 1, omittingEmptySubsequences: false
        ).map { WildcardPattern(Array($0)) }
        if parts.last?.elements.last == .anyCharacters {
            parts += repeatElement(WildcardPattern("*"), count: ResourcePattern.partCount - parts.count)
        }
        guard parts.count == ResourcePattern.partCount, parts[0] == WildcardPattern("arn") else {
            throw PolicyError(
                placed.place,
                "is '\(placed.text)'; expected * or an ARN like arn:aws:s3:::bucket/* or arn:aws:bedrock:*:*:imported-model/*"
            )
        }
        return .arn(parts)
    }

    /// The steps of a pattern. `${*}`, `${?}` and `${$}` stand for the characters themselves.
    private func elements(_ placed: Placed) throws(PolicyError) -> [WildcardPattern.Element] {
        let scalars = Array(placed.text.unicodeScalars)
        var elements: [WildcardPattern.Element] = []
        var index = 0
        while index < scalars.count {
            guard scalars[index] == "$", index + 1 < scalars.count, scalars[index + 1] == "{" else {
                elements.append(WildcardPattern.element(scalars[index]))
                index += 1
                continue
            }
            guard index + 3 < scalars.count, scalars[index + 3] == "}",
                "*?$".unicodeScalars.contains(scalars[index + 2])
            else {
                throw PolicyError(
                    placed.place,
                    "is '\(placed.text)', with a policy variable; these are not supported, write the value")
            }
            elements.append(.character(scalars[index + 2]))
            index += 4
        }
        return elements
    }

    private func object(_ value: JSONValue, _ place: String) throws(PolicyError) -> JSONObject {
        guard let object = value.objectValue else {
            throw PolicyError(place, "is \(value.kindName); expected an object")
        }
        return object
    }

    private func string(_ value: JSONValue, _ place: String) throws(PolicyError) -> String {
        guard let text = value.stringValue else { throw PolicyError(place, "is \(value.kindName); expected a string") }
        return text
    }

    private func word(_ value: JSONValue, _ place: String, _ words: [String]) throws(PolicyError) -> String {
        let text = try string(value, place)
        guard words.contains(where: { $0.utf8.elementsEqual(text.utf8) }) else {
            throw PolicyError(place, "is '\(text)'; expected \(words.joined(separator: " or "))")
        }
        return text
    }
}

/// How many members the objects of a JSON document have as it is written: each has one colon outside of strings.
private func memberCount(writtenIn bytes: [UInt8]) -> Int {
    var count = 0
    var isInString = false
    var isEscaped = false
    for byte in bytes {
        switch byte {
        case _ where isEscaped: isEscaped = false
        case UInt8(ascii: "\\"): isEscaped = isInString
        case UInt8(ascii: "\""): isInString.toggle()
        case UInt8(ascii: ":") where !isInString: count += 1
        default: break
        }
    }
    return count
}

/// How many members the objects of a JSON document have once it is read.
private func memberCount(keptIn value: JSONValue) -> Int {
    switch value {
    case .array(let elements): elements.reduce(0) { $0 + memberCount(keptIn: $1) }
    case .object(let object): object.entries.reduce(object.count) { $0 + memberCount(keptIn: $1.value) }
    default: 0
    }
}
