/// Which objects of a bucket to list, and how.
public struct ListQuery: Sendable, Equatable {
    /// The beginning of the keys.
    public var prefix: [UInt8]
    /// Keys that have this behind the prefix are listed as one: up to and with its first occurrence. Empty: no grouping.
    public var delimiter: [UInt8]
    /// List only what comes after this; a group of keys listed as one comes after all of them.
    public var after: [UInt8]
    /// The most entries, at least 0.
    public var limit: Int

    /// All objects of a bucket unless told otherwise.
    public init(prefix: [UInt8] = [], delimiter: [UInt8] = [], after: [UInt8] = [], limit: Int = 1000) {
        self.prefix = prefix
        self.delimiter = delimiter
        self.after = after
        self.limit = limit
    }
}

/// Something that is listed: an object, or a group of them by the common beginning of their keys.
public enum ListEntry<Item: Sendable>: Sendable {
    /// An object or upload.
    case item(Item)
    /// The beginning, with the delimiter.
    case commonPrefix([UInt8])
}

/// A page of a listing, in the order of the keys' bytes.
public struct ListPage<Item: Sendable>: Sendable {
    /// What is on the page.
    public var entries: [ListEntry<Item>]
    /// Whether there is more after the last entry.
    public var isTruncated: Bool
}

extension ListQuery {
    /// The first key to look at.
    var start: [UInt8] {
        let next: [UInt8]
        if let group = commonPrefix(of: after), group == after {
            // Everything that the group stands for was listed with it. No successor: nothing can follow.
            next = successor(of: after) ?? after + [0xFF]
        } else {
            // The least byte string that is greater.
            next = after.isEmpty ? [] : after + [0]
        }
        return next.lexicographicallyPrecedes(prefix) ? prefix : next
    }

    /// What a key is listed as together with others; nil if it is listed by itself.
    func commonPrefix(of key: [UInt8]) -> [UInt8]? {
        guard !delimiter.isEmpty, key.starts(with: prefix), key.count >= prefix.count + delimiter.count else {
            return nil
        }
        for start in prefix.count...(key.count - delimiter.count)
        where key[start..<start + delimiter.count].elementsEqual(delimiter) {
            return Array(key[..<(start + delimiter.count)])
        }
        return nil
    }

    /// The least byte string that is greater than all that begin with `prefix`; nil if there is none.
    func successor(of prefix: [UInt8]) -> [UInt8]? {
        var bytes = prefix
        while let last = bytes.popLast() {
            if last < 0xFF { return bytes + [last + 1] }
        }
        return nil
    }
}
