import APISupport
import AWSProtocol
import Access
import HTTPTypes
import Hummingbird

/// The one operation of AWS's security token service that tools call to learn whose credentials they have: GetCallerIdentity.
public struct IdentityDoor: Sendable {
    private let account: String

    /// - Parameter account: the twelve digits that all resources of this server belong to.
    public init(account: String) {
        self.account = account
    }

    /// The door for the server's responder. AWS answers every action on one path.
    public var door: Door {
        Door(
            routes: [
                Route(.post, "/") { try answer($0, form: String(decoding: $0.body, as: UTF8.self)) },
                Route(.get, "/") { try answer($0, form: String(($0.head.path ?? "").drop { $0 != "?" }.dropFirst())) },
            ],
            errors: IdentityErrorRenderer(), services: ["sts"])
    }

    private func answer(_ request: APIRequest, form: String) throws -> Response {
        let action = form.split(separator: "&").first { $0.hasPrefix("Action=") }?.dropFirst("Action=".count)
        guard action == "GetCallerIdentity" else { throw IdentityError.invalidAction(action.map(String.init) ?? "") }
        let principal = request.caller.principal
        var writer = XMLWriter()
        writer.element("GetCallerIdentityResponse", namespace: identityNamespace) { response in
            response.element("GetCallerIdentityResult") { result in
                result.element("Arn", "arn:aws:iam::\(account):user/\(principal.name)")
                result.element("UserId", principal.id)
                result.element("Account", account)
            }
            response.element("ResponseMetadata") { $0.element("RequestId", request.id.description) }
        }
        return .xml(writer.bytes, status: .ok)
    }
}

private let identityNamespace = "https://sts.amazonaws.com/doc/2011-06-15/"

/// Why an identity request is refused.
enum IdentityError: Error, Sendable, Equatable {
    /// Another of the service's actions.
    case invalidAction(String)
}

/// Words errors as AWS's query protocol does.
struct IdentityErrorRenderer: ErrorRenderer {
    func response(for error: any Error, request: RequestIdentifier) -> Response {
        let (status, code, message) = Self.words(for: error)
        var writer = XMLWriter()
        writer.element("ErrorResponse", namespace: identityNamespace) { response in
            response.element("Error") { element in
                element.element("Type", status < 500 ? "Sender" : "Receiver")
                element.element("Code", code)
                element.element("Message", message)
            }
            response.element("RequestId", request.description)
        }
        return .xml(writer.bytes, status: .init(code: status))
    }

    private static func words(for error: any Error) -> (status: Int, code: String, message: String) {
        switch error {
        case IdentityError.invalidAction(let action):
            (400, "InvalidAction", "Could not find operation \(action) for version 2011-06-15")
        case RequestError.unauthenticated(let failure): words(for: failure)
        case RequestError.forbidden(let caller, let action, _):
            (403, "AccessDenied", "User: \(caller) is not authorized to perform: \(action)")
        case RequestError.foreignOrigin(let origin):
            (403, "AccessDenied", "Web pages of '\(origin)' may not use this server without a key.")
        case RequestError.bodyTooLarge: (413, "RequestEntityTooLarge", "The request's body is too long.")
        case RequestError.unknownRoute, RequestError.wrongMethod:
            (404, "InvalidAction", "There is no such operation.")
        case RequestError.shuttingDown: (503, "ServiceUnavailable", "The server is shutting down.")
        default: (500, "InternalFailure", "The server had an error while processing your request.")
        }
    }

    private static func words(for failure: AuthenticationFailure) -> (status: Int, code: String, message: String) {
        switch failure {
        case .nothingOffered: (403, "MissingAuthenticationToken", "Request is missing Authentication Token")
        case .unknownKey, .unknownAccessKey:
            (403, "InvalidClientTokenId", "The security token included in the request is invalid.")
        case .wrongSignature, .bodyMismatch:
            (
                403, "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided."
            )
        case .malformed(let message), .malformedQuery(let message), .unsignedHeaders(let message):
            (400, "IncompleteSignature", message)
        case .outsideValidity(_, let message): (403, "SignatureDoesNotMatch", message)
        }
    }
}

extension Response {
    fileprivate static func xml(_ bytes: [UInt8], status: HTTPResponse.Status) -> Response {
        Response(status: status, headers: [.contentType: "text/xml"], body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
