import ModelLibrary
import OutcropNumerics
import TestSupport
import Testing

@Suite struct LibraryRecordsTests {
    @Test("a model that anybody publishes or removes appears and disappears for everybody")
    func sharing() async throws {
        let test = try TestLibrary()
        let (server, command) = (try LibraryRecords(test.library), try LibraryRecords(test.library))
        #expect(try await server.models().elements.isEmpty)
        let manifest = try test.publish("a")
        let model = try #require(try await server.model("a"))
        #expect(model.id == manifest.id)
        #expect(model.created.description == "2026-01-02T03:04:05.000Z")
        #expect(model.job == nil)
        #expect(model.customModelUnits == 2)
        #expect(try await command.model(manifest.id) == model)
        #expect(try await command.delete(model))
        #expect(try await server.model("a") == nil)
        #expect(try await server.model(manifest.id) == nil)
        #expect(FileSystem.status(of: test.library.modelsFolder + "/a") == nil)
        #expect(try await !server.delete(model))
    }

    @Test("a model imported again under its name is another one, without the first one's tags")
    func replacement() async throws {
        let test = try TestLibrary()
        let records = try LibraryRecords(test.library)
        let first = try test.publish("a")
        try await records.add([Tag(key: "k", value: "v")], to: .model(first.id))
        try test.library.remove(named: "a")
        let second = try test.publish("a")
        #expect(try await records.model("a")?.id == second.id)
        #expect(try await records.tags(of: .model(second.id)).isEmpty)
        await #expect(throws: TagError.unknownResource) { try await records.tags(of: .model(first.id)) }
    }

    @Test("records that are lost come back from the folders")
    func lostRecords() async throws {
        let test = try TestLibrary()
        let manifest = try test.publish("a")
        #expect(try await LibraryRecords(test.library).model("a")?.id == manifest.id)
        for suffix in ["", "-wal", "-shm"] {
            try FileSystem.remove(test.folder.join(LibraryRecords.fileName + suffix))
        }
        #expect(try await LibraryRecords(test.library).model("a")?.id == manifest.id)
    }

    @Test("a new data folder may be opened by several at the same time")
    func firstOpening() async throws {
        for _ in 0..<20 {
            let test = try TestLibrary()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 { group.addTask { _ = try LibraryRecords(test.library) } }
                try await group.waitForAll()
            }
        }
    }

    @Test("two processes' worth of records agree while models come and go")
    func concurrentChanges() async throws {
        let test = try TestLibrary()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for process in 0..<4 {
                group.addTask {
                    let records = try LibraryRecords(test.library)
                    for round in 0..<8 {
                        let name = "m\(process)-\(round)"
                        try test.publish(name)
                        let model = try #require(try await records.model(name))
                        if round % 2 == 0 { #expect(try await records.delete(model)) }
                    }
                }
            }
            try await group.waitForAll()
        }
        let wanted = (0..<4).flatMap { process in [1, 3, 5, 7].map { "m\(process)-\($0)" } }
        let names = try await LibraryRecords(test.library).models().elements.map(\.name)
        #expect(Set(names) == Set(wanted))
        #expect(names.count == wanted.count)
    }

    @Test("pages of every size and both orders hold every model once, whatever comes between", arguments: 1...5)
    func pages(_ size: Int) async throws {
        let test = try TestLibrary()
        let records = try LibraryRecords(test.library)
        // Two share their time.
        for (index, second) in ["01", "02", "02", "03"].enumerated() {
            try test.publish("m\(index)", created: "2026-01-01T00:00:\(second)Z")
        }
        for isAscending in [true, false] {
            var query = RecordQuery()
            query.limit = size
            query.isAscending = isAscending
            var found: [ImportedModel] = []
            repeat {
                let page = try await records.models(query)
                #expect(page.elements.count <= size)
                found += page.elements
                query.start = page.next
                try test.publish(
                    "late\(isAscending)\(found.count)",
                    created: isAscending ? "2025-01-01T00:00:00Z" : "2027-01-01T00:00:00Z")
            } while query.start != nil
            let places = found.filter { $0.name.hasPrefix("m") }.map(\.name)
            #expect(Set(places) == ["m0", "m1", "m2", "m3"])
            #expect(places.count == 4)
            let times = found.map(\.created)
            #expect(times == (isAscending ? times.sorted() : times.sorted().reversed()))
        }
    }

    @Test("filters by name and time")
    func filters() async throws {
        let test = try TestLibrary()
        let records = try LibraryRecords(test.library)
        for day in 1...3 { try test.publish("model-\(day)", created: "2026-01-0\(day)T00:00:00Z") }
        var query = RecordQuery()
        query.createdFrom = Timestamp("2026-01-02T00:00:00.000Z")
        #expect(try await records.models(query).elements.map(\.name) == ["model-3", "model-2"])
        query.createdUntil = Timestamp("2026-01-02T12:00:00+02:00")
        #expect(try await records.models(query).elements.map(\.name) == ["model-2"])
        query = RecordQuery()
        query.nameContains = "l-3"
        #expect(try await records.models(query).elements.map(\.name) == ["model-3"])
        // Neither a pattern nor another letter case matches.
        for text in ["model_3", "%", "MODEL"] {
            query.nameContains = text
            #expect(try await records.models(query).elements.isEmpty)
        }
    }

    @Test("tags are added, replaced, removed and limited")
    func tags() async throws {
        let test = try TestLibrary()
        let records = try LibraryRecords(test.library)
        let resource = TaggedResource.model(try test.publish("a").id)
        try await records.add([Tag(key: "b", value: "1"), Tag(key: "a", value: "")], to: resource)
        try await records.add([Tag(key: "b", value: "2")], to: resource)
        #expect(try await records.tags(of: resource) == [Tag(key: "b", value: "2"), Tag(key: "a", value: "")])
        try await records.remove(keys: ["b", "none"], from: resource)
        #expect(try await records.tags(of: resource) == [Tag(key: "a", value: "")])
        let many = (0..<LibraryRecords.tagLimit).map { Tag(key: "k\($0)", value: "") }
        await #expect(throws: TagError.tooMany) { try await records.add(many, to: resource) }
        #expect(try await records.tags(of: resource).count == 1)
        await #expect(throws: TagError.unknownResource) {
            try await records.add([Tag(key: "a", value: "")], to: .job("000000000000"))
        }
    }
}

@Suite struct TimestampTests {
    @Test(
        "times as clients write them",
        arguments: [
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"),
            ("2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.678Z"),
            ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
            ("2026-01-02T03:04:05+01:00", "2026-01-02T02:04:05.000Z"),
        ])
    func times(_ text: String, _ written: String) {
        #expect(Timestamp(text)?.description == written)
    }

    @Test(
        "what is no time",
        arguments: ["", "yesterday", "2026-01-02", "1700000000", String(repeating: "2", count: 5000)])
    func noTimes(_ text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test("a place in a list survives its token, and other texts are no tokens")
    func tokens() {
        for _ in 0..<1000 {
            let place = RecordPlace(
                created: Timestamp(milliseconds: Int64.random(in: 0...4_000_000_000_000)), id: ModelIdentifier.random())
            #expect(RecordPlace(token: place.token) == place)
        }
        for text in [
            "", "-", "1-", "1-short", "x-abcdefghijkl", "1-abcdefghijkl-2", "99999999999999999999-abcdefghijkl",
        ] {
            #expect(RecordPlace(token: text) == nil)
        }
    }
}
