import Logging

extension S3Client {
    /// An attempt that got so many bytes was a good one that ended early: the count of failures begins anew.
    private static let goodProgress = 1 << 16

    /// Sends an exchange's requests until it is done or it is clear that it will not be.
    func perform<Exchange: S3Exchange>(_ exchange: inout Exchange) async throws(S3Error) {
        var failures = 0
        var redirections = 0
        var renewals = 0
        while true {
            let reached = exchange.progress
            let failure: AttemptError
            do throws(AttemptError) {
                return try await attempt(&exchange)
            } catch {
                failure = error
            }
            let request = exchange.request
            if Task.isCancelled { throw error(request, .cancelled) }
            switch failure {
            case .passing(let reason):
                failures = exchange.progress - reached >= Self.goodProgress ? 1 : failures + 1
                guard failures < transfer.attempts else { throw error(request, reason) }
                log(request, reason, failures)
                try await pause(after: failures, request)
            case .otherRegion(let region, let reason):
                redirections += 1
                guard redirections <= 2 else { throw error(request, reason) }
                remember(region, of: request.bucket)
            case .expiredKeys(let keys, let reason):
                renewals += 1
                guard renewals <= 1 else { throw error(request, reason) }
                await forget(keys)
            case .lasting(let reason):
                throw error(request, reason)
            }
        }
    }

    private func pause(after failures: Int, _ request: S3Request) async throws(S3Error) {
        do {
            try await Task.sleep(for: transfer.pause(after: failures))
        } catch {
            throw self.error(request, .cancelled)
        }
    }

    private func log(_ request: S3Request, _ reason: S3Error.Reason, _ failures: Int) {
        let failed = error(request, reason)
        logger?.info(
            "S3 request failed, trying again",
            metadata: ["error": "\(failed)", "attempt": "\(failures)", "attempts": "\(transfer.attempts)"])
    }
}
