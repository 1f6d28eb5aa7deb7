import AWSProtocol
import AsyncHTTPClient
import NIOHTTP1

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A request as it goes over the wire.
struct SignedRequest {
    /// For the HTTP client.
    let httpRequest: HTTPClientRequest

    /// Addresses and signs a request.
    /// - Parameter keys: nil for a request that is not signed.
    init(_ request: S3Request, _ endpoint: S3Endpoint, region: String, keys: S3Credentials?) {
        let target = endpoint.target(bucket: request.bucket, key: request.key, query: request.query, region: region)
        var headers = [("host", target.host)] + request.headers
        if let keys {
            let signer = RequestSigner(
                accessKey: keys.accessKeyID, secret: keys.secretAccessKey, sessionToken: keys.sessionToken,
                region: region, service: "s3")
            headers =
                signer.sign(
                    SignableRequest(method: "GET", target: target.wire, headers: headers),
                    payloadHash: RequestSigner.emptyPayloadHash, now: Int(Date().timeIntervalSince1970)
                ).headers
        }
        var httpRequest = HTTPClientRequest(url: target.url)
        httpRequest.headers = HTTPHeaders(headers + [("user-agent", "outcrop")])
        self.httpRequest = httpRequest
    }
}
