extension ListQuery {
    /// Checks keys, bucket names, attributes and the grouping of keys with arbitrary bytes: prefix, delimiter, start and a key,
    /// separated by 0xFF. For fuzzers and tests.
    /// - Returns: whether everything that must hold does.
    public static func fuzz(_ bytes: [UInt8]) -> Bool {
        let fields = bytes.split(separator: 0xFF, maxSplits: 3, omittingEmptySubsequences: false).map(Array.init)
        let query = ListQuery(
            prefix: fields[0], delimiter: fields.count > 1 ? fields[1] : [], after: fields.count > 2 ? fields[2] : [])
        let key = fields.count > 3 ? fields[3] : []
        let text = String(decoding: bytes, as: UTF8.self)
        _ = try? Bucket.check(name: text)
        return query.holds(for: query.prefix + key) && query.holds(for: key) && Self.isKeyKept(key)
            && Self.areAttributesKept(text)
    }

    /// Whether a key's group begins it, and lies before everything else that comes after the group.
    private func holds(for key: [UInt8]) -> Bool {
        guard !start.lexicographicallyPrecedes(prefix) else { return false }
        guard let group = commonPrefix(of: key) else { return true }
        guard key.starts(with: group), group.starts(with: prefix), group.suffix(delimiter.count) == delimiter[...],
            commonPrefix(of: group) == group
        else { return false }
        guard let next = successor(of: group) else { return group.allSatisfy { $0 == 0xFF } }
        return key.lexicographicallyPrecedes(next) && !next.starts(with: group)
    }

    private static func isKeyKept(_ bytes: [UInt8]) -> Bool {
        guard let key = try? ObjectKey(bytes) else { return true }
        return key.bytes == bytes && Array(key.description.utf8) == bytes
    }

    private static func areAttributesKept(_ text: String) -> Bool {
        let words = text.split(separator: "\u{0}", omittingEmptySubsequences: false).map(String.init)
        let fields = zip(words, words.reversed()).map { ObjectAttributes.Field($0, $1) }
        let read = [ObjectAttributes.Field](encoded: fields.encoded)
        return read.count == fields.count
            && zip(read, fields).allSatisfy {
                $0.name.utf8.elementsEqual($1.name.utf8) && $0.value.utf8.elementsEqual($1.value.utf8)
            }
    }
}
