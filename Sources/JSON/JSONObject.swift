/// The members of a JSON object in the order in which they came.
///
/// Keys are equal when their bytes are (Swift's strings are equal when they look the same, which is not the same). A
/// key that comes twice has its first place and its last value.
public struct JSONObject: Sendable {
    /// Keys and values, in order.
    public private(set) var entries: [(key: String, value: JSONValue)] = []
    /// Places of the keys, once there are too many to search one by one.
    private var places: [Key: Int] = [:]

    private static let searchedEntries = 16

    /// A key that is compared by its bytes.
    private struct Key: Hashable {
        let text: String
        static func == (left: Key, right: Key) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }
        func hash(into hasher: inout Hasher) {
            // Eight bytes at a time: a call of the hasher for each costs more than everything else here.
            var chunk: UInt64 = 0
            var count = 0
            for byte in text.utf8 {
                chunk = chunk << 8 | UInt64(byte)
                count += 1
                if count & 7 == 0 { hasher.combine(chunk) }
            }
            hasher.combine(chunk)
            hasher.combine(count)
        }
    }

    /// No members.
    public init() {}

    /// Members in order.
    public init(_ pairs: [(String, JSONValue)]) {
        for (key, value) in pairs { self[key] = value }
    }

    /// Number of members.
    public var count: Int { entries.count }

    /// The value of a key. Setting a new key appends it; setting nil removes it.
    public subscript(key: String) -> JSONValue? {
        get { place(of: key).map { entries[$0].value } }
        set {
            guard let newValue else { return removeValue(forKey: key) }
            if let place = place(of: key) {
                entries[place].value = newValue
            } else {
                entries.append((key, newValue))
                index()
            }
        }
    }

    /// Removes a member; the others keep their order.
    public mutating func removeValue(forKey key: String) {
        guard let place = place(of: key) else { return }
        entries.remove(at: place)
        places = [:]
        index()
    }

    private func place(of key: String) -> Int? {
        if !places.isEmpty { return places[Key(text: key)] }
        return entries.firstIndex { $0.key.utf8.elementsEqual(key.utf8) }
    }

    /// Keeps `places` complete once it is in use.
    private mutating func index() {
        guard entries.count > JSONObject.searchedEntries else { return }
        if places.isEmpty {
            for (place, entry) in entries.enumerated() { places[Key(text: entry.key)] = place }
        } else if let last = entries.last {
            places[Key(text: last.key)] = entries.count - 1
        }
    }
}

extension JSONObject: Equatable {
    /// Equal members in the same order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.entries.elementsEqual(right.entries) {
            $0.key.utf8.elementsEqual($1.key.utf8) && $0.value == $1.value
        }
    }
}
