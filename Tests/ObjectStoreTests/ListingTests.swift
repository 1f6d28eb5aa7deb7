import ObjectStore
import Testing

@Suite("Listing")
struct ListingTests {
    /// What a listing must be, by looking at everything.
    private func expected(_ keys: [String], _ query: ListQuery) -> [String] {
        var names: [(bytes: [UInt8], text: String)] = []
        for key in keys.map({ Array($0.utf8) }).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            guard key.starts(with: query.prefix), query.after.lexicographicallyPrecedes(key) else { continue }
            var name = key
            var isGroup = false
            if !query.delimiter.isEmpty {
                let rest = Array(key.dropFirst(query.prefix.count))
                let starts = rest.indices.filter { rest[$0...].starts(with: query.delimiter) }
                if let start = starts.first {
                    name = Array(key.prefix(query.prefix.count + start + query.delimiter.count))
                    isGroup = true
                }
            }
            if isGroup, name == query.after || names.last?.bytes == name { continue }
            names.append((name, String(decoding: name, as: UTF8.self) + (isGroup ? "*" : "")))
        }
        return names.prefix(query.limit).map(\.text)
    }

    @Test("Random listings of random keys are what a look at all keys gives")
    func randomQueries() async throws {
        let test = try await TestStore()
        var random = SeededGenerator(state: 11)
        let alphabet = ["a", "b", "/", "//", "ü", "\u{10FFFF}", "-", "\u{7F}"]
        func text(_ limit: Int) -> String {
            (0..<Int.random(in: 0...limit, using: &random)).compactMap { _ in alphabet.randomElement(using: &random) }
                .joined()
        }
        let keys = Array(Set((0..<150).map { _ in text(6) }.filter { !$0.isEmpty }.map { Array($0.utf8) }))
            .map { String(decoding: $0, as: UTF8.self) }
        for key in keys { try await test.store.put("bucket", key, []) }
        for _ in 0..<1500 {
            let query = ListQuery(
                prefix: Array(text(2).utf8), delimiter: Array(text(1).utf8),
                after: Array((Bool.random(using: &random) ? text(3) : keys.randomElement(using: &random) ?? "").utf8),
                limit: Int.random(in: 0...20, using: &random))
            let names = try await test.store.names("bucket", query)
            #expect(names == expected(keys, query), "\(query)")
            if query.limit > 0 {
                var all = query
                all.limit = .max
                let isTruncated = try await test.store.list("bucket", query).isTruncated
                #expect(isTruncated == (expected(keys, all).count > names.count), "\(query)")
            }
        }
    }

    @Test("Arbitrary bytes never break the grouping of keys")
    func fuzz() {
        var random = SeededGenerator(state: 3)
        let alphabet: [UInt8] = [0, 47, 47, 97, 98, 0xC3, 0xBC, 0xFE, 0xFF, 0xFF]
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...24, using: &random)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            #expect(ListQuery.fuzz(bytes), "\(bytes)")
        }
    }

    @Test("Pages put together are the whole listing", arguments: ["", "/"])
    func pages(delimiter: String) async throws {
        let test = try await TestStore()
        for key in ["a/1", "a/2", "b", "b/", "b/1", "c//x", "d", "ü/1", "ü/2"] {
            try await test.store.put("bucket", key, [])
        }
        var query = ListQuery(delimiter: Array(delimiter.utf8))
        let whole = try await test.store.names("bucket", query)
        #expect(whole.count == (delimiter.isEmpty ? 9 : 6))
        query.limit = 1
        var pages: [String] = []
        while true {
            let page = try await test.store.list("bucket", query)
            pages += try await test.store.names("bucket", query)
            switch page.entries.last {
            case .item(let object): query.after = object.key.bytes
            case .commonPrefix(let prefix): query.after = prefix
            case nil: break
            }
            guard page.isTruncated else { break }
        }
        #expect(pages == whole)
    }
}
