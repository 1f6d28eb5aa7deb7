import Foundation
import GRDB
import OutcropNumerics
import Records

/// The keys that may use a data folder's server.
///
/// The command line creates and revokes keys while a server runs: every look-up reads the file's newest state, one row by
/// an index. Secrets of access keys are kept as they are, as verifying a signature needs them, in files that only their
/// owner may read; of bearer keys there are only digests.
public struct KeyStore: Sendable {
    /// The longest bearer key that is looked at, in bytes.
    private static let maximumBearerByteCount = 4096

    private let pool: DatabasePool
    /// Digests of the keys that were given on the command line.
    private let givenDigests: [[UInt8]]

    /// Opens the keys of a data folder; there are none at first. Blocks while the file is opened.
    ///
    /// - Parameters:
    ///   - dataFolder: the folder; `access.sqlite` in it holds the keys.
    ///   - givenKeys: further bearer keys, which may do everything.
    /// - Throws: `FileError` or `DatabaseError` when the file cannot be opened.
    public init(dataFolder: String, givenKeys: [String] = []) throws {
        pool = try RecordFile.open(FileSystem.join(dataFolder, "access.sqlite"), migrator: KeyRow.migrator)
        givenDigests = givenKeys.map(KeyMaterial.digest)
    }

    /// Whether requests must show a key: once one was created here or given. Revoking the last one does not open the door.
    ///
    /// - Throws: `DatabaseError`; `CancellationError` in a task that is cancelled.
    public func areKeysRequired() async throws -> Bool {
        if !givenDigests.isEmpty { return true }
        return try await pool.read { database in
            try Bool.fetchOne(database.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM key)")) ?? false
        }
    }

    /// Whose access key this is, and the secret that its requests are signed with; nil for one that is unknown or revoked.
    ///
    /// - Throws: `DatabaseError`, `PolicyError` for a policy that another version wrote; `CancellationError`.
    public func principal(accessKey id: String) async throws -> (principal: Principal, secret: String)? {
        guard id.utf8.count <= 128, let row = try await row(KeyRow.byID, id), let secret = row.secret else {
            return nil
        }
        return (try row.principal(), secret)
    }

    /// Whose bearer key this is; nil for one that is unknown or revoked.
    ///
    /// - Throws: `DatabaseError`, `PolicyError` for a policy that another version wrote; `CancellationError`.
    public func principal(bearer key: String) async throws -> Principal? {
        guard key.utf8.count <= Self.maximumBearerByteCount else { return nil }
        let digest = KeyMaterial.digest(ofBearer: key)
        var given: Int?
        for (index, other) in givenDigests.enumerated() where equalsInConstantTime(other, digest) { given = index }
        if let given { return .commandLine(given) }
        // What the index compares is a digest, of which nobody can choose a part: its timing tells nothing of the key.
        guard let row = try await row(KeyRow.byDigest, Data(digest)),
            equalsInConstantTime(Array(row.bearerDigest), digest)
        else { return nil }
        return try row.principal()
    }

    private func row(_ sql: String, _ argument: some DatabaseValueConvertible & Sendable) async throws -> KeyRow? {
        try await pool.read { database in
            try KeyRow.fetchOne(database.cachedStatement(sql: sql), arguments: [argument])
        }
    }
}

extension KeyStore {
    /// Creates a key. Blocks; for the command line.
    ///
    /// - Parameters:
    ///   - name: 1 to 64 letters, digits and `+=,.@_-`, as IAM's names of users; no other key in use may have it.
    ///   - policy: what it may do, in IAM's JSON; nil for everything.
    /// - Throws: `PolicyError`, `KeyStoreError`, `DatabaseError`.
    public func create(name: String, policy: [UInt8]? = nil) throws -> IssuedKey {
        guard isKeyName(name) else { throw KeyStoreError.invalidName(name) }
        if let policy { _ = try Policy(json: policy) }
        let (secret, bearer) = (KeyMaterial.secretAccessKey(), KeyMaterial.bearerKey())
        let row = KeyRow(
            id: KeyMaterial.accessKeyID(), name: name, secret: secret,
            bearerDigest: Data(KeyMaterial.digest(ofBearer: bearer)),
            policy: policy.map { String(decoding: $0, as: UTF8.self) },
            created: Int(Date.now.timeIntervalSince1970), revoked: nil)
        try pool.write { database in
            if try KeyRow.fetchOne(database, sql: KeyRow.byName, arguments: [name]) != nil {
                throw KeyStoreError.nameTaken(name)
            }
            try row.insert(database)
        }
        return IssuedKey(record: row.record, secretAccessKey: secret, bearerKey: bearer)
    }

    /// All keys, revoked ones too, oldest first. Blocks; for the command line.
    /// - Throws: `DatabaseError`.
    public func list() throws -> [KeyRecord] {
        try pool.read { database in
            try KeyRow.fetchAll(database, sql: "SELECT * FROM key ORDER BY created, rowid").map(\.record)
        }
    }

    /// Revokes a key, whose requests are refused from then on, and forgets its secret. Blocks; for the command line.
    ///
    /// - Parameter text: the key's id or name.
    /// - Returns: what was revoked.
    /// - Throws: `KeyStoreError.unknownKey`, `DatabaseError`.
    @discardableResult
    public func revoke(_ text: String) throws -> KeyRecord {
        try pool.write { database in
            guard
                var row = try KeyRow.fetchOne(database, sql: KeyRow.byID, arguments: [text])
                    ?? KeyRow.fetchOne(database, sql: KeyRow.byName, arguments: [text])
            else { throw KeyStoreError.unknownKey(text) }
            row.secret = nil
            row.revoked = Int(Date.now.timeIntervalSince1970)
            try row.update(database)
            return row.record
        }
    }

    private func isKeyName(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "+=,.@_-".utf8.contains(byte)
                }
            }
    }
}
