import APISupport
import Access
import Conversation
import ImportJobs
import ObjectStore
import Usage

/// How the server is set up.
public struct ServerConfiguration: Sendable {
    /// Models that are loaded already and stay; a request that names none gets the first.
    public var pinned: [OpenedModel]
    /// Models that are loaded when they are asked for.
    public var catalog: any ModelCatalog
    /// How models come into memory and leave it.
    public var loading = LoadingPolicy()
    /// The address to listen on.
    public var host = "127.0.0.1"
    /// The port to listen on; 0 takes a free one.
    public var port = 8080
    /// Whether connections are encrypted, and with which certificate.
    public var tls = ServerTLS.off
    /// The keys that clients must show; without any everybody is let in.
    public var keys: KeyStore?
    /// Where it is noted who did what.
    public var audit: AuditLog?
    /// What ARNs say of where resources are.
    public var account = AWSAccount()
    /// The embedded object store; nil for a server without a data folder.
    public var objects: ObjectStore?
    /// Hosts of which a bucket's name may be a subdomain.
    public var bucketDomains = ["localhost"]
    /// Where it is noted who used which model how much.
    public var usage: UsageRecorder?
    /// The import jobs, and what does them; nil for a server without a data folder.
    public var imports: ImportService?
    /// Listen on an address that others can reach although no key is needed.
    public var isInsecureAllowed = false
    /// The most bytes of a request's body.
    public var bodyLimit = 32 << 20
    /// How long a connection may be idle between requests.
    public var idleTimeout = Duration.seconds(120)
    /// How long nothing may happen on a stream before a comment is sent.
    public var keepAlive = Duration.seconds(15)
    /// How long running requests may take once the server is told to stop. Below the 30 s that Kubernetes waits.
    public var drainTimeout = Duration.seconds(20)
    /// The date that models are told when a request says none. Fixed for the life of the process, so that prompts begin alike.
    public var date: CalendarDate
    /// Tokens of earlier turns remembered per model, four bytes each.
    public var memoryTokens = 4 << 20
    /// What `/version` says.
    public var version = "0.1.0"

    /// The defaults: loopback, port 8080, no key.
    public init(pinned: [OpenedModel], catalog: any ModelCatalog = EmptyCatalog(), date: CalendarDate = .today) {
        self.pinned = pinned
        self.catalog = catalog
        self.date = date
    }
}

/// Why the server does not start.
public enum ServerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Two models have the same name.
    case duplicateName(String)
    /// Others could reach the server, and it needs no key.
    case needsKey(host: String)
    /// A certificate or its key cannot be used.
    case unusableCertificate(path: String, reason: String)
    /// Something else listens there.
    case addressInUse(host: String, port: Int)
    /// The address is not this machine's, or may not be used.
    case cannotListen(host: String, port: Int, reason: String)

    /// The error in a sentence.
    public var description: String {
        switch self {
        case .duplicateName(let name): "two models are to be served as '\(name)': give each a name of its own"
        case .needsKey(let host):
            "refusing to listen on \(host) without a key, since other machines could reach it: create one (outcrop keys create NAME) "
                + "or set --api-key, listen on 127.0.0.1, or allow it with --insecure"
        case .unusableCertificate(let path, let reason):
            "the certificate cannot be used (\(path)): \(reason); give PEM files that belong together"
        case .addressInUse(let host, let port):
            "\(host):\(port) is already in use: stop what listens there, or choose another --port"
        case .cannotListen(let host, let port, let reason): "cannot listen on \(host):\(port): \(reason)"
        }
    }
}

extension ServerConfiguration {
    /// - Throws: what is wrong with the settings, before anything is started.
    func validate() throws(ServerError) {
        var names: Set<[UInt8]> = []
        for name in pinned.flatMap(\.served.names) where !names.insert(Array(name.utf8)).inserted {
            throw .duplicateName(name)
        }
    }

    /// Refuses to be reachable by others without keys.
    /// - Throws: `ServerError.needsKey`, or why the keys cannot be read.
    func validateKeys() async throws {
        guard !isLoopback, !isInsecureAllowed else { return }
        guard let keys, try await keys.areKeysRequired() else { throw ServerError.needsKey(host: host) }
    }

    /// Whether only this machine can reach the host.
    var isLoopback: Bool {
        if ["localhost", "::1", "[::1]"].contains(host) { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
