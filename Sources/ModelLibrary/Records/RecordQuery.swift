import GRDB

/// A page of a list of records, filtered and in the order of their creation.
public struct RecordQuery: Sendable {
    /// Names that contain these bytes.
    public var nameContains: String?
    /// Created then or later.
    public var createdFrom: Timestamp?
    /// Created then or earlier.
    public var createdUntil: Timestamp?
    /// The oldest first; else the newest.
    public var isAscending = false
    /// The most records of the page; at least 1.
    public var limit = 1000
    /// The page begins behind this place.
    public var start: RecordPlace?

    /// Everything, the newest first.
    public init() {}

    /// The SQL of a page and one record more, over a table called `listed` with `name`, `created` and `id`.
    /// - Parameter condition: a further condition.
    package func request(
        _ columns: String, from table: String, where condition: SQL? = nil
    ) -> SQLRequest<Row> {
        var conditions: [SQL] = condition.map { [$0] } ?? []
        if let nameContains { conditions.append("instr(listed.name, \(nameContains)) > 0") }
        if let createdFrom { conditions.append("listed.created >= \(createdFrom.milliseconds)") }
        if let createdUntil { conditions.append("listed.created <= \(createdUntil.milliseconds)") }
        if let start {
            let place: SQL = "(\(start.created.milliseconds), \(start.id))"
            conditions.append(
                isAscending
                    ? "(listed.created, listed.id) > \(place)" : "(listed.created, listed.id) < \(place)")
        }
        let filter: SQL = conditions.isEmpty ? "" : "WHERE \(conditions.joined(separator: " AND "))"
        let direction = isAscending ? "ASC" : "DESC"
        return """
            SELECT \(sql: columns) FROM \(sql: table) \(filter)
            ORDER BY listed.created \(sql: direction), listed.id \(sql: direction) LIMIT \(limit + 1)
            """
    }

    /// Cuts the record too many off.
    package func page<Element>(_ found: [Element], place: (Element) -> RecordPlace) -> RecordPage<Element> {
        let page = Array(found.prefix(limit))
        return RecordPage(elements: page, next: found.count > page.count ? page.last.map(place) : nil)
    }
}

/// Where a record stands in a list: pages stay what they are when records come and go.
public struct RecordPlace: Sendable, Hashable {
    /// The record's creation.
    public let created: Timestamp
    /// The record's id.
    public let id: String

    /// A record's place.
    public init(created: Timestamp, id: String) {
        self.created = created
        self.id = id
    }

    /// Nil unless the text is a place's `token`.
    public init?(token: String) {
        let parts = token.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard token.utf8.count <= 64, parts.count == 2, let created = Int64(String(decoding: parts[0], as: UTF8.self))
        else { return nil }
        let id = String(decoding: parts[1], as: UTF8.self)
        guard ModelIdentifier.isValid(id) else { return nil }
        self.init(created: Timestamp(milliseconds: created), id: id)
    }

    /// The place as an opaque text.
    public var token: String { "\(created.milliseconds)-\(id)" }
}

/// A page of a list.
public struct RecordPage<Element: Sendable>: Sendable {
    /// The page's records.
    public let elements: [Element]
    /// Where the next page begins; nil on the last.
    public let next: RecordPlace?

    /// A page.
    public init(elements: [Element], next: RecordPlace?) {
        self.elements = elements
        self.next = next
    }
}
