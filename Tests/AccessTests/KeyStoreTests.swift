import Foundation
import JSON
import OutcropNumerics
import TestSupport
import Testing

@testable import Access

@Suite struct KeyStoreTests {
    private let folder: TemporaryFolder
    private let store: KeyStore

    init() throws {
        folder = try TemporaryFolder()
        store = try KeyStore(dataFolder: folder.path)
    }

    @Test("a key has the forms that AWS' and OpenAI's tools accept, and is found by both its secrets")
    func create() async throws {
        let key = try store.create(name: "ci")
        #expect(key.accessKeyID.wholeMatch(of: /AKIA[A-Z2-7]{16}/) != nil)
        #expect(key.secretAccessKey.wholeMatch(of: /[A-Za-z0-9\/+]{40}/) != nil)
        #expect(key.bearerKey.wholeMatch(of: /sk-outcrop-[A-Za-z0-9]{43}/) != nil)
        let signer = try #require(await store.principal(accessKey: key.accessKeyID))
        #expect(signer.secret == key.secretAccessKey)
        #expect(signer.principal == Principal(id: key.accessKeyID, name: "ci", policy: .full))
        #expect(try await store.principal(bearer: key.bearerKey) == signer.principal)
    }

    @Test("what is no key is nobody")
    func unknown() async throws {
        let key = try store.create(name: "ci")
        let wrong = [
            "", "x", key.secretAccessKey, key.accessKeyID, key.bearerKey + "x", String(key.bearerKey.dropLast()),
            key.bearerKey.lowercased(), "' OR 1 --", "\0", String(repeating: "a", count: 100_000),
        ]
        for text in wrong {
            #expect(try await store.principal(bearer: text) == nil)
            guard text != key.accessKeyID else { continue }
            #expect(try await store.principal(accessKey: text) == nil)
        }
        #expect(try await store.principal(accessKey: key.accessKeyID.lowercased()) == nil)
    }

    @Test("two stores on one file see each other's keys and revocations at once")
    func shared() async throws {
        let other = try KeyStore(dataFolder: folder.path)
        #expect(try await other.areKeysRequired() == false)
        let key = try store.create(name: "ci")
        #expect(try await other.areKeysRequired())
        #expect(try await other.principal(bearer: key.bearerKey)?.name == "ci")
        for round in 0..<20 {
            let next = try store.create(name: "round-\(round)")
            #expect(try await other.principal(accessKey: next.accessKeyID) != nil)
            try store.revoke(round.isMultiple(of: 2) ? next.accessKeyID : "round-\(round)")
            #expect(try await other.principal(accessKey: next.accessKeyID) == nil)
            #expect(try await other.principal(bearer: next.bearerKey) == nil)
        }
        try other.revoke("ci")
        #expect(try await store.principal(bearer: key.bearerKey) == nil)
        #expect(try await store.areKeysRequired(), "revoking the last key must not open the door")
        #expect(try store.list() == other.list())
        #expect(try store.list().allSatisfy { $0.revoked != nil })
    }

    @Test("names are checked, and free again once their key is revoked")
    func names() throws {
        let first = try store.create(name: "a@b.example_1-x")
        #expect(throws: KeyStoreError.nameTaken("a@b.example_1-x")) { try store.create(name: "a@b.example_1-x") }
        try store.revoke("a@b.example_1-x")
        let second = try store.create(name: "a@b.example_1-x")
        #expect(try store.revoke("a@b.example_1-x").id == second.accessKeyID)
        #expect(throws: KeyStoreError.unknownKey(first.accessKeyID)) { try store.revoke(first.accessKeyID) }
        for name in ["", "a b", "é", "a/b", "a\0", String(repeating: "a", count: 65)] {
            #expect(throws: KeyStoreError.invalidName(name)) { try store.create(name: name) }
        }
    }

    @Test("a policy comes with its principal; one that cannot be kept to creates nothing")
    func policies() async throws {
        let text = #"{"Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}"#
        let key = try store.create(name: "reader", policy: Array(text.utf8))
        let principal = try #require(await store.principal(bearer: key.bearerKey))
        #expect(principal.policy.decision(action: "s3:GetObject", resource: "arn:aws:s3:::b/k") == .allow)
        #expect(principal.policy.decision(action: "s3:PutObject", resource: "arn:aws:s3:::b/k") == .implicitDeny)
        #expect(try store.list().map(\.policy) == [text])
        #expect(throws: PolicyError.self) { try store.create(name: "other", policy: Array("{}".utf8)) }
        #expect(try store.list().count == 1)
    }

    @Test("keys of the command line are principals that may do everything")
    func givenKeys() async throws {
        let store = try KeyStore(dataFolder: folder.path, givenKeys: ["one", "two"])
        #expect(try await store.areKeysRequired())
        #expect(try await store.principal(bearer: "two")?.id == "command-line-2")
        #expect(try await store.principal(bearer: "one")?.policy == .full)
        #expect(try await store.principal(bearer: "on") == nil)
        #expect(try store.list().isEmpty)
    }

    @Test("only the owner may read the files, whatever they were before, and bearer keys are not in them")
    func files() throws {
        let path = folder.join("access.sqlite")
        let key = try store.create(name: "ci")
        for suffix in ["", "-wal", "-shm"] { #expect(FileSystem.permissions(of: path + suffix) == 0o600) }
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        _ = try KeyStore(dataFolder: folder.path)
        #expect(FileSystem.permissions(of: path) == 0o600)
        for suffix in ["", "-wal"] {
            let content = try Data(contentsOf: URL(fileURLWithPath: path + suffix))
            #expect(content.range(of: Data(key.bearerKey.utf8)) == nil)
        }
    }

    #if os(Linux)
        /// Whether a process, this one included, holds a lock on an open file.
        ///
        /// It is asked in the name of the open file (`F_OFD_GETLK` of fcntl(2), 36 on every architecture of Linux), whom the
        /// process' own locks stand in the way of like anybody's.
        private func isLocked(_ file: FileHandle) throws -> Bool {
            var lock = flock(l_type: Int16(F_WRLCK), l_whence: Int16(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
            try #require(unsafe fcntl(file.fileDescriptor, 36, &lock) == 0, "errno \(errno)")
            return lock.l_type != Int16(F_UNLCK)
        }

        @Test("opening the file again in one process gives up none of SQLite's locks on it")
        func locks() throws {
            let paths = ["access.sqlite", "access.sqlite-shm"].map(folder.join)
            _ = try store.list()
            // They stay open until the end: closing one would give up the locks that are looked for.
            let files = try paths.map { try #require(FileHandle(forReadingAtPath: $0)) }
            #expect(try files.map(isLocked) == [true, true])
            for path in paths { try FileSystem.makePrivateFile(path) }
            #expect(try files.map(isLocked) == [true, true])
            withExtendedLifetime((store, files)) {}
        }
    #endif

    @Test("a look-up, which every request needs, does not open the file again")
    func opensOnce() async throws {
        let key = try store.create(name: "ci", policy: Array(PolicyTests.bucket.utf8))
        #expect(try await store.principal(accessKey: key.accessKeyID) != nil)
        try FileSystem.rename(folder.join("access.sqlite"), to: folder.join("elsewhere"))
        for _ in 0..<3 { #expect(try await store.principal(accessKey: key.accessKeyID) != nil) }
    }
}
