// swift-tools-version: 6.2
import Foundation
import PackageDescription

/// Every target of ours obeys these: strict concurrency comes with the Swift 6 mode below, unsafe code must say so,
/// and a warning is an error.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// A library target of ours, in `Sources/<name>`.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// The test target of a module, in `Tests/<module>Tests`.
func tests(_ module: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: module + "Tests",
        dependencies: [.byName(name: module), "TestSupport"] + dependencies,
        swiftSettings: strict
    )
}

let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioSockets: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTPTypes: Target.Dependency = .product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let hummingbirdTesting: Target.Dependency = .product(name: "HummingbirdTesting", package: "hummingbird")
let hummingbirdTLS: Target.Dependency = .product(name: "HummingbirdTLS", package: "hummingbird")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let certificates: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

let package = Package(
    name: "Outcrop",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "outcrop", targets: ["OutcropCommand"])],
    dependencies: [
        // The command line: parsing, help, completion scripts.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // HTTP/1.1 server, routing, streaming bodies.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        // Start and stop order of the services, signals.
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        // Channels and buffers below the server, and its header and status types.
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        // The logging interface that the server's libraries use.
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        // Hashes and message authentication codes.
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        // TLS, and certificates for servers that were given none.
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        // The client of other S3 servers.
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        // Records: SQLite with migrations and a write-ahead log.
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        // C inner loops, one file per instruction set behind one table; no allocation, no threads.
        .target(name: "CKernels"),
        // The o200k_harmony vocabulary as bytes in the binary.
        .target(name: "CVocabulary", exclude: ["o200k_base.bin", "unicode_classes.bin"]),
        // Order- and lexeme-preserving JSON value, fast byte parser, writer.
        module("JSON"),
        // Mapped files, aligned buffers, element types, thread team, typed calls into the kernels.
        // (`OutcropNumerics` because a package that the server depends on has a target `Numerics`.)
        .target(
            name: "OutcropNumerics", dependencies: ["CKernels"], path: "Sources/Numerics", swiftSettings: strict),
        // Byte-level BPE over bytes.
        module("Tokenizer", ["JSON", "CVocabulary"]),
        // Conversations <-> tokens: renderer, total streaming parser.
        module("Harmony", ["JSON", "Tokenizer"]),
        // Safetensors, index, config.json; one file per checkpoint layout; findings and repair; synthetic checkpoints.
        module("Checkpoint", ["JSON", "OutcropNumerics"]),
        // The seam: TokenGenerator, request, sampled token, finish reason, limits, errors.
        module("Generation"),
        // SQLite files: opened in one way, migrated, shared by processes.
        module("Records", ["OutcropNumerics", grdb]),
        // Pure functions over bytes: signatures, aws-chunked, checksums, event-stream frames, S3's XML.
        module("AWSProtocol", [crypto]),
        // Principals, keys, policies: is this request allowed.
        module("Access", ["AWSProtocol", "JSON", "OutcropNumerics", "Records", crypto, grdb]),
        // Objects by bucket and key, in files of the data folder.
        module("ObjectStore", ["AWSProtocol", "OutcropNumerics", "Records", crypto, grdb]),
        // Objects at any other S3 server: credentials, signed requests, ranged reads.
        module(
            "S3Client",
            ["AWSProtocol", "JSON", "OutcropNumerics", httpClient, nio, nioHTTP1, nioSSL, logging]),
        // Tokens per model, key and five minutes, and what they cost.
        module("Usage", ["JSON", "OutcropNumerics", "Records", grdb]),
        // A checkpoint becomes an artifact: list, validate, plan, convert, publish.
        module("ModelImport", ["Checkpoint", "JSON", "ModelLibrary", "OutcropNumerics"]),
        // Which models exist: artifacts on disk, their manifests and records.
        module("ModelLibrary", ["Checkpoint", "JSON", "OutcropNumerics", "Records", grdb]),
        // Import jobs as a restartable queue: from a bucket to a published model.
        module(
            "ImportJobs",
            [
                "Checkpoint", "JSON", "ModelImport", "ModelLibrary", "ObjectStore", "OutcropNumerics", "Records",
                "S3Client", grdb, logging, lifecycle,
            ]),
        // The engine: gpt-oss forward pass, KV pages, scheduler, sampler (a TokenGenerator on its own threads).
        module("Inference", ["Checkpoint", "Generation", "ModelLibrary", "OutcropNumerics"]),
        // A dialect-free request becomes a stream of events: render, generate, parse.
        module("Conversation", ["Generation", "Harmony", "JSON", "Tokenizer"]),
        // What every HTTP door needs once: identity, request id, limits, SSE, cancel on disconnect, metrics.
        module(
            "APISupport",
            [
                "Access", "AWSProtocol", "Conversation", "Generation", "JSON", "Usage", crypto, hummingbird,
                hummingbirdCore,
                httpTypes, nio, nioHTTPTypes, logging,
            ]),
        // The object store's front door: the S3 operations that clients really issue.
        module(
            "S3API", ["APISupport", "AWSProtocol", "ObjectStore", hummingbird, httpTypes, nio, crypto]),
        // OpenAI's request bodies and answer objects, which two doors speak: JSON <-> Conversation.
        module(
            "OpenAIWire",
            [
                "APISupport", "Conversation", "Generation", "Harmony", "JSON", "Tokenizer", hummingbird, httpTypes,
            ]),
        // /v1/...: OpenAI's routes.
        module(
            "OpenAIAPI",
            [
                "APISupport", "Conversation", "Generation", "JSON", "OpenAIWire", "Tokenizer", hummingbird, httpTypes,
                nio,
            ]),
        // Amazon Bedrock's runtime operations and import jobs.
        module(
            "BedrockAPI",
            [
                "APISupport", "AWSProtocol", "Conversation", "Generation", "Harmony", "ImportJobs", "JSON",
                "ModelLibrary", "OpenAIWire", "Tokenizer", hummingbird, httpTypes,
            ]),
        // Whose credentials these are: the operation of AWS's security token service that tools call.
        module("IdentityAPI", ["APISupport", "AWSProtocol", "Access", hummingbird, httpTypes]),
        // The composition root: configuration, services, start and stop order, mounted routes; no logic.
        module(
            "OutcropServer",
            [
                "APISupport", "Access", "BedrockAPI", "Conversation", "Generation", "IdentityAPI", "ImportJobs",
                "ModelLibrary", "ObjectStore", "OpenAIAPI", "S3API", "Usage", hummingbird, hummingbirdCore,
                hummingbirdTLS, nio,
                "OutcropNumerics", nioSSL, certificates, asn1, crypto, lifecycle,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                logging,
            ]
        ),
        // The command line: one file per command.
        .executableTarget(
            name: "OutcropCommand",
            dependencies: [
                "APISupport", "Access", "Checkpoint", "Conversation", "Generation", "Harmony", "ImportJobs",
                "Inference", "JSON",
                "ModelImport", "ModelLibrary", "ObjectStore", "OutcropNumerics", "OutcropServer", "S3Client",
                "Tokenizer", "Usage",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                logging,
            ],
            swiftSettings: strict
        ),
        // Shared by the tests: fixtures, a scripted generator.
        .target(
            name: "TestSupport", dependencies: ["Access", "Generation", "JSON", nio, nioSockets],
            path: "Tests/TestSupport",
            swiftSettings: strict),
        // Every kernel against double arithmetic from the layouts' definition; AMX with its tiles emulated.
        .target(name: "KernelChecks", dependencies: ["CKernels"], path: "Tests/KernelChecks"),
        .testTarget(
            name: "KernelChecksTests", dependencies: ["CKernels", "KernelChecks"], swiftSettings: strict),
        // Counts a thread's allocations by taking the place of the C library's functions.
        .target(name: "AllocationCounter", path: "Tests/AllocationCounter"),
        tests("JSON"),
        tests("Tokenizer", ["JSON"]),
        tests("Harmony", ["JSON", "Tokenizer"]),
        tests("Checkpoint", ["CKernels", "JSON", "OutcropNumerics"]),
        tests("ModelImport", ["Checkpoint", "JSON", "ModelLibrary", "OutcropNumerics"]),
        tests("ModelLibrary", ["JSON", "OutcropNumerics"]),
        tests("AWSProtocol", ["JSON", crypto]),
        tests("Access", ["AWSProtocol", "JSON", "OutcropNumerics"]),
        tests("ObjectStore", ["AWSProtocol", "OutcropNumerics", crypto]),
        tests("S3Client", ["AWSProtocol", "OutcropNumerics", nio, nioSockets]),
        tests("S3API", ["APISupport", "AWSProtocol", "ObjectStore", hummingbird, hummingbirdTesting, httpTypes]),
        tests("Usage", ["JSON", "OutcropNumerics", grdb]),
        tests(
            "ImportJobs",
            [
                "Checkpoint", "JSON", "ModelImport", "ModelLibrary", "ObjectStore", "OutcropNumerics", "S3Client",
                logging,
            ]),
        .testTarget(
            name: "NumericsTests", dependencies: ["OutcropNumerics", "CKernels", "TestSupport"],
            swiftSettings: strict),
        tests(
            "Inference",
            [
                "AllocationCounter", "Checkpoint", "CKernels", "Generation", "JSON", "KernelChecks", "ModelImport",
                "ModelLibrary",
                "OutcropNumerics",
            ]),
        tests("Conversation", ["Generation", "Harmony", "JSON", "Tokenizer"]),
        tests(
            "APISupport",
            [
                "Access", "AWSProtocol", "Conversation", "Generation", "Harmony", "JSON", "Tokenizer", "Usage",
                crypto, hummingbird, hummingbirdTesting, httpTypes, logging, nio,
            ]),
        tests(
            "OpenAIAPI",
            [
                "APISupport", "Conversation", "Generation", "Harmony", "JSON", "Tokenizer", hummingbird,
                hummingbirdTesting,
            ]),
        tests(
            "BedrockAPI",
            [
                "APISupport", "AWSProtocol", "Conversation", "Generation", "Harmony", "ImportJobs", "JSON",
                "ModelImport", "ModelLibrary", "OpenAIAPI", "Tokenizer", hummingbird, hummingbirdTesting, httpTypes,
                logging, nio,
            ]),
        tests(
            "OutcropServer",
            ["APISupport", "Conversation", "Generation", "Harmony", "JSON", "OpenAIAPI", "Tokenizer", hummingbird]),
        tests(
            "OutcropCommand",
            [
                "Access", "JSON", "ModelImport", "Usage",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu2x
)

// `Scripts/fuzz` builds this target, which needs the fuzzer's run-time library; nothing else does.
if ProcessInfo.processInfo.environment["OUTCROP_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "Fuzz",
            dependencies: [
                "AWSProtocol", "Access", "BedrockAPI", "Checkpoint", "Harmony", "ImportJobs", "Inference", "JSON",
                "ObjectStore", "OpenAIWire", "S3Client", "Tokenizer",
            ],
            path: "Fuzz",
            swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])],
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer"])]))
}
