import Access
import ArgumentParser
import Foundation
import JSON
import ModelLibrary

/// `outcrop keys`: who may use the server.
struct Keys: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Create, list and revoke the keys that clients of the server need.",
        discussion: """
            A key is one principal with three secrets: an access key id and a secret access key, which the AWS CLI and the AWS \
            SDKs sign requests with, and a bearer key, which is an OpenAI API key and a Bedrock API key at once. Once a key was \
            created the server answers nobody without one. A running server sees changes at once.

            Examples:
              outcrop keys create ci
              outcrop keys create reader --policy reader.json
              outcrop keys list
              outcrop keys revoke ci
            """,
        subcommands: [CreateKey.self, ListKeys.self, RevokeKey.self]
    )
}

/// `outcrop keys create`: a new key, shown once.
struct CreateKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create a key and print its secrets, this once.",
        discussion: """
            Without a policy the key may do everything. A policy is IAM's JSON: statements of Effect, Action or NotAction, Resource \
            or NotResource, with * and ? as wildcards; a denial wins, and what nothing allows is denied. Actions are those of AWS \
            (bedrock:InvokeModel, bedrock:CreateModelImportJob, s3:GetObject); OpenAI's routes need the same as Bedrock's. A policy \
            with Condition, Principal or variables is refused, as they would not be kept to.

            Examples:
              outcrop keys create ci
              eval "$(outcrop keys create ci)"
              outcrop keys create app --policy invoke-only.json
              outcrop keys create app --json | jq -r .bearer_key

            invoke-only.json:
              {"Version": "2012-10-17", "Statement": {
                "Effect": "Allow", "Action": "bedrock:Invoke*",
                "Resource": "arn:aws:bedrock:*:*:imported-model/*"}}

            """ + EnvironmentVariable.help([.data])
    )

    @Argument(help: "What to call the key: 1 to 64 letters, digits and + = , . @ _ -")
    var name: String

    @Option(help: ArgumentHelp("What the key may do (default: everything).", valueName: "file"))
    var policy: String?

    @Flag(help: "Print the key as JSON.")
    var json = false

    @OptionGroup var libraryArguments: LibraryArguments

    func run() throws {
        let store = try libraryArguments.keyStore()
        let isFirst = try store.list().isEmpty
        let key = try store.create(name: name, policy: try policyBytes())
        writeOutput(json ? Self.json(key).serialized(pretty: true) + "\n" : Self.text(key))
        writeError("created the key \(name); its secrets are not shown again\n")
        if isFirst { writeError("it is the first: from now on the server answers nobody without a key\n") }
    }

    /// The policy file's content; one byte more than is accepted is enough to refuse it.
    private func policyBytes() throws -> [UInt8]? {
        guard let policy else { return nil }
        guard let file = FileHandle(forReadingAtPath: policy) else { throw CommandFailure("cannot open \(policy)") }
        var bytes: [UInt8] = []
        while bytes.count <= Policy.maximumByteCount,
            let piece = try file.read(upToCount: Policy.maximumByteCount + 1 - bytes.count), !piece.isEmpty
        {
            bytes += piece
        }
        do {
            _ = try Policy(json: bytes)
        } catch {
            throw CommandFailure("\(policy): \(error)")
        }
        return bytes
    }

    /// Lines that a shell takes, and a person too.
    static func text(_ key: IssuedKey) -> String {
        """
        # AWS CLI, boto3 and every AWS SDK:
        export AWS_ACCESS_KEY_ID=\(key.accessKeyID)
        export AWS_SECRET_ACCESS_KEY=\(key.secretAccessKey)
        # OpenAI's libraries:
        export OPENAI_API_KEY=\(key.bearerKey)
        # Bedrock API key, for https alone; AWS tools prefer it to the two above wherever it is set:
        # export AWS_BEARER_TOKEN_BEDROCK=\(key.bearerKey)

        """
    }

    static func json(_ key: IssuedKey) -> JSONValue {
        [
            "name": .string(key.record.name), "access_key_id": .string(key.accessKeyID),
            "secret_access_key": .string(key.secretAccessKey), "bearer_key": .string(key.bearerKey),
            "created": .string(key.record.created.formatted(.iso8601)),
        ]
    }
}

/// `outcrop keys list`: the keys without their secrets.
struct ListKeys: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the keys, revoked ones too, without their secrets.",
        discussion: """
            Examples:
              outcrop keys list
              outcrop keys list --json | jq '.[] | select(.revoked == null) | .name'

            """ + EnvironmentVariable.help([.data]),
        aliases: ["ls"]
    )

    @Flag(help: "Print the keys as JSON, with their policies.")
    var json = false

    @OptionGroup var libraryArguments: LibraryArguments

    func run() throws {
        let keys = try libraryArguments.keyStore().list()
        if json {
            writeOutput(JSONValue.array(keys.map(Self.json)).serialized(pretty: true) + "\n")
        } else if keys.isEmpty {
            writeError("There are no keys: outcrop keys create NAME\n")
        } else {
            let rows = keys.map { key in
                [
                    key.name, key.id, key.policy == nil ? "everything" : "by its policy",
                    key.created.formatted(.iso8601), key.revoked?.formatted(.iso8601) ?? "",
                ]
            }
            writeOutput(Table(header: ["NAME", "ACCESS KEY ID", "MAY DO", "CREATED", "REVOKED"], rows: rows).text)
        }
    }

    static func json(_ key: KeyRecord) -> JSONValue {
        [
            "name": .string(key.name), "access_key_id": .string(key.id),
            "policy": key.policy.map { (try? JSONValue.parse($0)) ?? .string($0) } ?? .null,
            "created": .string(key.created.formatted(.iso8601)),
            "revoked": key.revoked.map { .string($0.formatted(.iso8601)) } ?? .null,
        ]
    }
}

/// `outcrop keys revoke`: refuses a key from now on.
struct RevokeKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Revoke a key: a running server refuses its next request.",
        discussion: """
            Answers that are being made are not cut off. A revoked key cannot be brought back; its name is free again.

            Examples:
              outcrop keys revoke ci
              outcrop keys revoke AKIAIOSFODNN7EXAMPLE

            """ + EnvironmentVariable.help([.data]),
        aliases: ["rm"]
    )

    @Argument(help: ArgumentHelp("The key's name or access key id.", valueName: "name or id"))
    var key: String

    @OptionGroup var libraryArguments: LibraryArguments

    func run() throws {
        let store = try libraryArguments.keyStore()
        let record = try store.revoke(key)
        writeError("revoked \(record.name) (\(record.id))\n")
        if try store.list().allSatisfy({ $0.revoked != nil }) {
            writeError("that was the last one: the server answers nobody until there is a key again\n")
        }
    }
}

extension LibraryArguments {
    /// The keys of the data folder.
    fileprivate func keyStore() throws -> KeyStore { try KeyStore(dataFolder: library.dataFolder) }
}
