import JSON

extension JSONLimits {
    /// Bounds for the JSON files of a checkpoint or artifact: none of them nests deeply, and threads have small stacks.
    public static let checkpointFiles = JSONLimits(depth: 64, byteCount: 256 << 20)
}

/// Reads the fields of a JSON configuration, collecting everything that is wrong instead of stopping at the first.
struct ConfigurationFields {
    let object: JSONObject
    let path: String
    private(set) var findings: [Finding] = []

    init(_ object: JSONObject, path: String) {
        self.object = object
        self.path = path
    }

    /// Whether a key is there, null included.
    func has(_ key: String) -> Bool { object[key] != nil }

    /// The value of the first of `keys` that is there and not null.
    func value(_ keys: [String]) -> (key: String, value: JSONValue)? {
        for key in keys {
            if let value = object[key], !value.isNull { return (key, value) }
        }
        return nil
    }

    /// A whole number in `range`; a finding and the range's lower bound when it is missing without default or wrong.
    mutating func integer(_ keys: String..., in range: ClosedRange<Int>, default fallback: Int? = nil) -> Int {
        guard let (key, value) = value(keys) else {
            if let fallback { return fallback }
            invalid(keys[0], "it is missing", remedy: "Add it; the checkpoint's own config.json has it")
            return range.lowerBound
        }
        // Some writers turn whole numbers into 4096.0.
        var number = value.intValue
        if number == nil, let double = value.doubleValue, double == double.rounded(), abs(double) < 1e15 {
            number = Int(double)
        }
        guard let number else {
            invalid(key, "a whole number expected, found \(Self.short(value))", remedy: "Correct it")
            return range.lowerBound
        }
        guard range.contains(number) else {
            limit(key, "\(number) is outside \(range.lowerBound)...\(range.upperBound)")
            return range.lowerBound
        }
        return number
    }

    /// A finite number in `range`; a finding and the range's lower bound when it is wrong.
    mutating func number(_ keys: String..., in range: ClosedRange<Double>, default fallback: Double) -> Double {
        guard let (key, value) = value(keys) else { return fallback }
        guard let number = value.doubleValue, number.isFinite else {
            invalid(key, "a number expected, found \(Self.short(value))", remedy: "Correct it")
            return range.lowerBound
        }
        guard range.contains(number) else {
            limit(key, "\(number) is outside \(range.lowerBound)...\(range.upperBound)")
            return range.lowerBound
        }
        return number
    }

    /// True or false.
    mutating func flag(_ key: String, default fallback: Bool) -> Bool {
        guard let (_, value) = value([key]) else { return fallback }
        guard let flag = value.boolValue else {
            invalid(key, "true or false expected, found \(Self.short(value))", remedy: "Correct it")
            return fallback
        }
        return flag
    }

    /// Token ids given as one number or a list; others are left out with a finding.
    mutating func tokens(_ key: String) -> [Int32] {
        guard let (_, value) = value([key]) else { return [] }
        let values = value.arrayValue ?? [value]
        let ids = values.prefix(64).compactMap { $0.intValue.flatMap(Int32.init(exactly:)) }.filter { $0 >= 0 }
        if ids.count != values.count {
            invalid(key, "a token id or a list of token ids expected, found \(Self.short(value))", remedy: "Correct it")
        }
        return ids
    }

    mutating func invalid(_ key: String, _ message: String, remedy: String) {
        findings.append(
            Finding(.configurationInvalid, path: path, "\(key): \(message)", remedy: remedy + " in \(path)"))
    }

    mutating func limit(_ key: String, _ message: String) {
        findings.append(
            Finding(
                .configurationLimit, path: path, "\(key): \(message)",
                remedy: "No gpt-oss model needs such a value; correct it in \(path)"))
    }

    mutating func add(_ finding: Finding) { findings.append(finding) }

    /// A value in few characters, for messages.
    static func short(_ value: JSONValue) -> String {
        let text = value.serialized()
        return text.utf8.count <= 60 ? text : String(text.prefix(57)) + "..."
    }
}
