/// The keys of one client: asked for once, kept, and renewed before they expire.
actor CredentialCache {
    /// Keys are renewed so many seconds before they expire.
    static let margin = 300

    private let provider: any CredentialProvider
    private let transport: HTTPTransport
    private let now: @Sendable () -> Int
    private var current: S3Credentials?
    private var loading: Task<Result<S3Credentials, CredentialError>, Never>?

    /// - Parameter now: seconds since 1970.
    init(_ provider: any CredentialProvider, _ transport: HTTPTransport, now: @escaping @Sendable () -> Int) {
        self.provider = provider
        self.transport = transport
        self.now = now
    }

    /// Keys that are valid now. Callers at the same time share one request, which none of them cancels.
    func credentials() async throws(CredentialError) -> S3Credentials {
        if let current, isValid(current, for: Self.margin) { return current }
        let result = await loaded()
        switch result {
        case .success(let credentials): return credentials
        case .failure(let error):
            // The old keys are good for some minutes yet, and the place may come back.
            if let current, isValid(current, for: 0) { return current }
            throw error
        }
    }

    /// Forgets keys that the server called expired, so that the next request gets new ones.
    func forget(_ credentials: S3Credentials) {
        if current == credentials { current = nil }
    }

    private func loaded() async -> Result<S3Credentials, CredentialError> {
        if let loading { return await loading.value }
        let task = Task { [provider, transport] in
            do throws(CredentialError) {
                return Result<S3Credentials, CredentialError>.success(try await provider.load(transport))
            } catch {
                return .failure(error)
            }
        }
        loading = task
        let result = await task.value
        loading = nil
        if case .success(let credentials) = result { current = credentials }
        return result
    }

    private func isValid(_ credentials: S3Credentials, for seconds: Int) -> Bool {
        credentials.expiration.map { $0 - seconds > now() } ?? true
    }
}
