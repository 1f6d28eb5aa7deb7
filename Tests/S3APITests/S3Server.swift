import APISupport
import AWSProtocol
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import ObjectStore
import S3API
import TestSupport
import Testing

/// The object store's door over a folder of the test's own.
struct S3Server: Sendable {
    let store: ObjectStore
    private let folder: TemporaryFolder
    private let application: Application<APIResponder>

    /// - Parameter bucket: one that is there from the beginning.
    init(
        _ authenticator: Authenticator = Authenticator(), bucket: String? = "bucket", region: String = "us-east-1"
    ) async throws {
        folder = try TemporaryFolder()
        var limits = ObjectStore.Limits()
        limits.partByteCount = 10
        limits.bodyByteCount = 1 << 20
        store = try await ObjectStore.open(folder.join("objects"), limits: limits)
        if let bucket { try await store.createBucket(bucket) }
        let responder = APIResponder(
            doors: [S3Door(store, region: region).door], authenticator: authenticator, bodyLimit: 1 << 20,
            state: ServiceState(), metrics: Metrics(), connections: ClientConnections())
        application = Application(responder: responder)
    }

    /// What says that a request is S3's; verified only where there are keys.
    static let claim = [
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIA/20300101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00"
        ), ("x-amz-date", "20300101T000000Z"),
    ]

    /// Sends a request; one without a signature is claimed to be S3's.
    func send(
        _ method: HTTPRequest.Method, _ target: String, _ headers: [(String, String)] = [], body: [UInt8]? = nil
    ) async throws -> S3Answer {
        let isSigned = headers.contains { $0.0 == "authorization" }
        var fields = HTTPFields()
        for (name, value) in headers + (isSigned ? [] : Self.claim) {
            if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
        }
        let sent = fields
        return try await application.test(.router) { client in
            S3Answer(
                try await client.executeRequest(
                    uri: target, method: method, headers: sent, body: body.map { ByteBuffer(bytes: $0) }))
        }
    }

    /// Sends a request with a body of text.
    func send(
        _ method: HTTPRequest.Method, _ target: String, _ headers: [(String, String)] = [], text: String
    ) async throws -> S3Answer {
        try await send(method, target, headers, body: Array(text.utf8))
    }

    /// Stores objects of one letter.
    func put(_ keys: String...) async throws {
        for key in keys { #expect(try await send(.put, "/bucket/" + key, text: "x").status == 200) }
    }
}

/// What the door answered.
struct S3Answer: Sendable {
    let status: Int
    let headers: HTTPFields
    let bytes: [UInt8]

    init(_ response: TestResponse) {
        status = Int(response.status.code)
        headers = response.headers
        bytes = Array(buffer: response.body)
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// A header's value.
    subscript(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }

    /// The root of an XML answer.
    var xml: XMLElement { get throws { try XMLParser.parse(bytes) } }

    /// The texts of an element in all elements of a name, as `Contents` and `Key`.
    func texts(_ parent: String, _ child: String) throws -> [String] {
        try xml.children(named: parent).compactMap { $0.text(of: child) }
    }

    /// An error by its status and code.
    func expectError(_ status: Int, _ code: String, _ location: SourceLocation = #_sourceLocation) throws {
        #expect(self.status == status, "\(text)", sourceLocation: location)
        #expect(self["content-type"] == "application/xml", sourceLocation: location)
        let error = try xml
        #expect(error.name == "Error", sourceLocation: location)
        #expect(error.text(of: "Code") == code, "\(text)", sourceLocation: location)
        #expect(error.text(of: "Message")?.isEmpty == false, sourceLocation: location)
        #expect(error.text(of: "RequestId") == self["x-amz-request-id"], sourceLocation: location)
    }
}
