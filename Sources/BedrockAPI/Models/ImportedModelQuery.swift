import APISupport

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The query of ListImportedModels: filters, order and page.
struct ImportedModelQuery: Sendable {
    private var nameContains: String?
    /// Seconds since 1970.
    private var after: Double?
    private var before: Double?
    private var isAscending = false
    private var maximumResults = 1000
    private var start: Place?

    /// Where a model stands in the list: pages stay what they are when models come and go.
    private struct Place: Sendable, Comparable {
        let created: Int
        let id: String

        init(_ model: ModelEntry) {
            created = model.created
            id = model.id
        }

        /// Nil unless the text is a token that `token` made.
        init?(token: String) {
            let parts = token.utf8.split(separator: UInt8(ascii: "-"), maxSplits: 1)
            guard token.utf8.count <= 64, parts.count == 2, let created = Int(String(decoding: parts[0], as: UTF8.self))
            else { return nil }
            self.created = created
            id = String(decoding: parts[1], as: UTF8.self)
        }

        var token: String { "\(created)-\(id)" }

        static func < (left: Place, right: Place) -> Bool { (left.created, left.id) < (right.created, right.id) }
    }

    init(_ request: APIRequest) throws(BedrockError) {
        for (name, value) in request.query {
            switch name {
            case "nameContains":
                guard Self.isName(value) else { throw Self.wrong(name, value, "1 to 63 letters, digits, - and _") }
                nameContains = value
            case "creationTimeAfter": after = try Self.time(name, value)
            case "creationTimeBefore": before = try Self.time(name, value)
            case "sortBy":
                guard value == "CreationTime" else { throw Self.wrong(name, value, "CreationTime") }
            case "sortOrder":
                guard ["Ascending", "Descending"].contains(value) else {
                    throw Self.wrong(name, value, "Ascending or Descending")
                }
                isAscending = value == "Ascending"
            case "maxResults":
                guard let number = Int(value), (1...1000).contains(number) else {
                    throw Self.wrong(name, value, "an integer from 1 to 1000")
                }
                maximumResults = number
            case "nextToken":
                guard let place = Place(token: value) else { throw Self.wrong(name, value, "the token of a page") }
                start = place
            default: break
            }
        }
    }

    /// The models of the page, and the token of the next page if there is one.
    func page(of models: [ModelEntry]) -> (models: [ModelEntry], next: String?) {
        let isBefore: (Place, Place) -> Bool = isAscending ? { $0 < $1 } : { $1 < $0 }
        let wanted = models.filter(isWanted).map { (place: Place($0), model: $0) }
            .sorted { isBefore($0.place, $1.place) }
            .drop { entry in start.map { !isBefore($0, entry.place) } ?? false }
        let page = wanted.prefix(maximumResults)
        return (page.map(\.model), wanted.count > page.count ? page.last?.place.token : nil)
    }

    private func isWanted(_ model: ModelEntry) -> Bool {
        if let nameContains, !Self.contains(Array(model.name.utf8), Array(nameContains.utf8)) { return false }
        let created = Double(model.created)
        return created >= after ?? -.infinity && created <= before ?? .infinity
    }

    private static func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
        text.count >= part.count
            && (0...(text.count - part.count)).contains { text[$0..<($0 + part.count)].elementsEqual(part) }
    }

    private static func isName(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count) && text.utf8.allSatisfy(\.isNameByte)
    }

    /// A time as SDKs write it, `2026-01-02T03:04:05Z`, with or without a fraction.
    private static func time(_ name: String, _ text: String) throws(BedrockError) -> Double {
        let styles = [Date.ISO8601FormatStyle(), Date.ISO8601FormatStyle(includingFractionalSeconds: true)]
        guard text.utf8.count <= 40, let date = styles.lazy.compactMap({ try? $0.parse(text) }).first else {
            throw wrong(name, text, "a time such as 2026-01-02T03:04:05Z")
        }
        return date.timeIntervalSince1970
    }

    private static func wrong(_ name: String, _ value: String, _ allowed: String) -> BedrockError {
        .validation("Invalid value for '\(name)': '\(value)' is not allowed; expected \(allowed).")
    }
}
