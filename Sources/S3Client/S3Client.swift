import AsyncHTTPClient
import Logging
import NIOHTTP1
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A reader of objects on any server that speaks S3: lists them, and reads ranges of them that are pinned to the version
/// that was listed.
///
/// It tries again after failures that pass, follows buckets to their region, renews keys that expire, and has no more
/// than `S3Transfer.parallelism` requests in flight. It writes nothing.
public final class S3Client: Sendable {
    private struct State {
        /// Regions that servers sent us to, by bucket.
        var regions: [String: String] = [:]
        var isClosed = false
        var nextID = 0
        var running: [Int: @Sendable () -> Void] = [:]
    }

    /// How it tries, and how much at once.
    public let transfer: S3Transfer
    let configuration: ClientConfiguration
    let logger: Logger?
    private let transport: HTTPTransport
    private let keys: CredentialCache?
    private let slots: RequestSlots
    private let state = Mutex(State())

    /// Finds server, region and keys. Small files are read for that: `~/.aws/config` and `~/.aws/credentials` or those
    /// that the environment names. No request is sent.
    /// - Parameters:
    ///   - options: what goes before the environment.
    ///   - environment: the environment variables to look at; empty to be bound to the options alone.
    /// - Throws: `S3ConfigurationError` when a setting cannot be used.
    public init(
        _ options: S3ClientOptions = S3ClientOptions(), environment: [String: String], logger: Logger? = nil
    ) throws(S3ConfigurationError) {
        configuration = try ClientConfiguration(options, environment: environment)
        transfer = configuration.transfer
        self.logger = logger
        let transport = try HTTPTransport(configuration.trust, configuration.transfer)
        self.transport = transport
        keys = configuration.credentials.map {
            CredentialCache($0, transport) { Int(Date().timeIntervalSince1970) }
        }
        slots = RequestSlots(configuration.transfer.parallelism)
    }

    /// Where the keys come from, in words; nil when requests are not signed.
    public var credentialOrigin: String? { configuration.credentials?.origin }

    /// All objects in the folder that a URI names, in the order of their keys' bytes.
    /// - Parameter limit: the most objects to take.
    /// - Throws: `S3Error`.
    public func list(_ uri: S3URI, limit: Int = 100_000) async throws(S3Error) -> [S3Object] {
        try await run(ListPage(uri, continuation: nil).request) { [self] () async throws(S3Error) in
            var objects: [S3Object] = []
            var page = ListPage(uri, continuation: nil)
            while true {
                try await perform(&page)
                objects += page.objects
                guard objects.count <= limit else { throw error(page.request, .tooManyObjects(limit: limit)) }
                guard let continuation = page.next else { return objects }
                page = ListPage(uri, continuation: continuation)
            }
        }
    }

    /// Bytes of an object, if it is still the version that was listed. One request, or several behind each other when
    /// connections break; see `S3ByteSource` for long reads.
    /// - Parameter range: within the object.
    /// - Throws: `S3Error`; its reason is `objectChanged` when the object has been written meanwhile.
    public func read(_ object: S3Object, _ range: Range<Int>) async throws(S3Error) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= object.byteCount, "a range outside the object")
        guard !range.isEmpty else { return [] }
        return try await run(RangeRead(object, range).request) { [self] () async throws(S3Error) in
            var read = RangeRead(object, range)
            try await perform(&read)
            return read.bytes
        }
    }

    /// Stops: whatever is under way fails, as does all that comes after.
    public func close() {
        let running = state.withLock { state in
            state.isClosed = true
            return state.running.values
        }
        for cancel in running { cancel() }
    }

    /// Runs an operation as a task that `close` and the caller's cancellation reach.
    private func run<Value: Sendable>(
        _ request: S3Request, _ operation: @escaping @Sendable () async throws(S3Error) -> Value
    ) async throws(S3Error) -> Value {
        let task = Task {
            do throws(S3Error) {
                return Result<Value, S3Error>.success(try await operation())
            } catch {
                return .failure(error)
            }
        }
        guard let id = register({ task.cancel() }) else {
            task.cancel()
            throw error(request, .closed)
        }
        let result = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        let isClosed = state.withLock { state in
            state.running[id] = nil
            return state.isClosed
        }
        if isClosed, case .failure(let failure) = result, failure.reason == .cancelled {
            throw error(request, .closed)
        }
        return try result.get()
    }

    private func register(_ cancel: @escaping @Sendable () -> Void) -> Int? {
        state.withLock { state in
            guard !state.isClosed else { return nil }
            state.nextID += 1
            state.running[state.nextID] = cancel
            return state.nextID
        }
    }

    func error(_ request: S3Request, _ reason: S3Error.Reason) -> S3Error {
        S3Error(action: request.action, resource: request.resource, reason: reason, credentialOrigin: credentialOrigin)
    }

    /// The region to ask for a bucket.
    func region(of bucket: String) -> String {
        state.withLock { $0.regions[bucket] } ?? configuration.region
    }

    func remember(_ region: String, of bucket: String) {
        state.withLock { $0.regions[bucket] = region }
    }

    /// One attempt: waits for a slot and for keys, sends, and hands a good answer to the exchange.
    func attempt<Exchange: S3Exchange>(_ exchange: inout Exchange) async throws(AttemptError) {
        do throws(CancellationError) {
            try await slots.take()
        } catch {
            throw .lasting(.cancelled)
        }
        defer { slots.release() }
        let request = exchange.request
        let region = region(of: request.bucket)
        let keys = try await currentKeys()
        let sent = SignedRequest(request, configuration.endpoint, region: region, keys: keys)
        let response: HTTPClientResponse
        do throws(TransportError) {
            response = try await transport.send(
                sent.httpRequest, timeout: transfer.connectTimeout + transfer.stallTimeout)
        } catch {
            throw AttemptError(error, stall: transfer.stallTimeout)
        }
        guard (200..<300).contains(response.status.code) else {
            let refusal = await Refusal(response)
            throw refusal.error(exchange, region: region, keys: keys)
        }
        try await exchange.receive(response, stall: transfer.stallTimeout)
    }

    func forget(_ credentials: S3Credentials) async { await keys?.forget(credentials) }

    private func currentKeys() async throws(AttemptError) -> S3Credentials? {
        do throws(CredentialError) {
            return try await keys?.credentials()
        } catch {
            throw .lasting(Task.isCancelled ? .cancelled : .noCredentials(error))
        }
    }
}
