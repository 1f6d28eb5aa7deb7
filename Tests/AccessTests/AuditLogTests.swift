import Foundation
import JSON
import OutcropNumerics
import TestSupport
import Testing

@testable import Access

@Suite struct AuditLogTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func entry(_ number: Int) -> AuditEntry {
        AuditEntry(
            time: Date(timeIntervalSince1970: 1_795_000_000.25), requestID: "req_\(number)",
            principal: ("AKIA1", "ci"), sourceAddress: "::1",
            decisions: [
                AuditEntry.Decision(
                    action: "s3:GetObject", resource: "arn:aws:s3:::b/k\"\n\u{1}é", isAllowed: true),
                AuditEntry.Decision(action: "s3:PutObject", resource: "*", isAllowed: false),
            ], outcome: .deny, status: 403)
    }

    private func lines(_ name: String = "audit.jsonl") throws -> [JSONValue] {
        try TestSupport.lines(of: URL(fileURLWithPath: folder.join(name))).map { try JSONValue.parse($0) }
    }

    private func log(maximumByteCount: Int = 8 << 20) throws -> AuditLog {
        try AuditLog(dataFolder: folder.path, maximumByteCount: maximumByteCount) { error in
            Issue.record("\(error)")
        }
    }

    @Test("an entry is one line that tells who, what, on what, and what came of it")
    func content() async throws {
        let log = try log()
        log.record(entry(1))
        log.record(
            AuditEntry(requestID: "req_2", principal: nil, decisions: [], outcome: .error, status: 500))
        await log.flush()
        let lines = try lines()
        #expect(
            lines[0] == [
                "time": "2026-11-18T11:06:40.250Z", "request_id": "req_1", "principal": "AKIA1", "name": "ci",
                "source": "::1",
                "decisions": [
                    ["action": "s3:GetObject", "resource": "arn:aws:s3:::b/k\"\n\u{1}é", "allowed": true],
                    ["action": "s3:PutObject", "resource": "*", "allowed": false],
                ], "outcome": "deny", "status": 403,
            ])
        #expect(lines[1]["principal"] == .null && lines[1]["outcome"] == "error")
        #expect(lines.count == 2)
        #expect(FileSystem.permissions(of: folder.join("audit.jsonl")) == 0o600)
    }

    @Test("nothing is lost or mixed when many record at once, in two logs on one file")
    func concurrent() async throws {
        let logs = [try log(), try log()]
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask { for number in 0..<500 { logs[task % 2].record(entry(task * 500 + number)) } }
            }
        }
        for log in logs { await log.flush() }
        let ids = try Set(lines().compactMap { $0["request_id"]?.stringValue })
        #expect(ids == Set((0..<4000).map { "req_\($0)" }))
        #expect(try lines().count == 4000)
    }

    @Test("lines that find no room are counted in the log")
    func overflow() async throws {
        let log = try log(maximumByteCount: 100)
        for number in 0..<7 { log.record(entry(number)) }
        await log.flush()
        let lines = try lines()
        #expect(lines.count == 1)
        #expect(lines[0]["event"] == "lines lost" && lines[0]["count"]?.intValue ?? 0 >= 1)
    }

    @Test("a file that was renamed is followed by a new one")
    func rotation() async throws {
        let log = try log()
        log.record(entry(1))
        await log.flush()
        try FileSystem.rename(folder.join("audit.jsonl"), to: folder.join("audit.jsonl.1"))
        log.record(entry(2))
        await log.flush()
        #expect(try lines("audit.jsonl.1").map { $0["request_id"] } == ["req_1"])
        #expect(try lines().map { $0["request_id"] } == ["req_2"])
    }

    @Test("half a line that a killed process left does not swallow the next one")
    func torn() async throws {
        try Data("{\"time\":\"2026".utf8).write(to: URL(fileURLWithPath: folder.join("audit.jsonl")))
        let log = try log()
        log.record(entry(1))
        await log.flush()
        let raw = try TestSupport.lines(of: URL(fileURLWithPath: folder.join("audit.jsonl")))
        #expect(raw.count == 2)
        #expect(try JSONValue.parse(raw[1])["request_id"] == "req_1")
    }

    @Test("a folder that vanished is reported, and the lines are counted once it is back")
    func failure() async throws {
        let failures = Counter()
        let path = folder.join("data")
        let log = try AuditLog(dataFolder: path) { _ in failures.add() }
        try FileSystem.remove(path)
        log.record(entry(1))
        await log.flush()
        #expect(failures.value >= 1)
        try FileSystem.createFolder(path)
        log.record(entry(2))
        await log.flush()
        let lines = try lines("data/audit.jsonl")
        #expect(lines.contains { $0["request_id"] == "req_2" })
        #expect(lines.contains { $0["event"] == "lines lost" && $0["count"] == 1 })
    }
}
