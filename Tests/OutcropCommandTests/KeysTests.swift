import ArgumentParser
import Foundation
import JSON
import TestSupport
import Testing

@testable import Access
@testable import OutcropCommand

@Suite struct KeysTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func run(_ arguments: String...) throws {
        var command = try Keys.parseAsRoot(arguments + ["--data", folder.path])
        try command.run()
    }

    @Test("keys are created, listed and revoked by name or id")
    func lifecycle() throws {
        let policy = folder.join("policy.json")
        try Data(#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#.utf8)
            .write(to: URL(fileURLWithPath: policy))
        try run("create", "ci")
        try run("create", "reader", "--policy", policy, "--json")
        let store = try KeyStore(dataFolder: folder.path)
        #expect(try store.list().map(\.name) == ["ci", "reader"])
        #expect(try store.list().map { $0.policy != nil } == [false, true])
        try run("list")
        try run("revoke", "ci")
        try run("revoke", store.list()[1].id)
        #expect(try store.list().allSatisfy { $0.revoked != nil })
        #expect(throws: KeyStoreError.unknownKey("ci")) { try run("revoke", "ci") }
    }

    @Test("a policy that cannot be kept to creates no key, and the message says where it is wrong")
    func refusedPolicy() throws {
        let policy = folder.join("policy.json")
        try Data(#"{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {}}]}"#.utf8)
            .write(to: URL(fileURLWithPath: policy))
        let error = #expect(throws: CommandFailure.self) { try run("create", "ci", "--policy", policy) }
        #expect(error?.description.contains("Statement[0].Condition") == true)
        #expect(throws: CommandFailure.self) { try run("create", "ci", "--policy", folder.join("none.json")) }
        try Data(repeating: 0x20, count: 1 << 20).write(to: URL(fileURLWithPath: policy))
        #expect(throws: CommandFailure.self) { try run("create", "ci", "--policy", policy) }
        #expect(try KeyStore(dataFolder: folder.path).list().isEmpty)
    }

    @Test("what is printed can be given to a shell, and holds each secret once")
    func output() throws {
        let key = try KeyStore(dataFolder: folder.path).create(name: "ci")
        let lines = CreateKey.text(key).split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(
            lines == [
                "export AWS_ACCESS_KEY_ID=\(key.accessKeyID)",
                "export AWS_SECRET_ACCESS_KEY=\(key.secretAccessKey)", "export OPENAI_API_KEY=\(key.bearerKey)",
            ])
        #expect(CreateKey.json(key)["bearer_key"]?.stringValue == key.bearerKey)
        #expect(!ListKeys.json(key.record).serialized().contains(key.secretAccessKey))
    }
}
