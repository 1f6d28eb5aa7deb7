import APISupport
import Conversation
import Generation
import HTTPTypes
import Hummingbird
import ImportJobs
import JSON
import ModelLibrary
import OpenAIWire

/// An error as Amazon Bedrock words it: a code in the header `x-amzn-errortype`, a status, and `{"message"}`.
struct BedrockError: FieldError, Sendable, Equatable {
    /// What went wrong, in the words that clients know, with their status.
    enum Code: String, Sendable, Equatable {
        case accessDenied = "AccessDeniedException"
        /// Nobody reads it, but logs and metrics should not count it as the server's fault.
        case clientClosedRequest = "ClientClosedRequest"
        case conflict = "ConflictException"
        case incompleteSignature = "IncompleteSignatureException"
        case internalServer = "InternalServerException"
        case invalidSignature = "InvalidSignatureException"
        case missingAuthenticationToken = "MissingAuthenticationTokenException"
        case modelError = "ModelErrorException"
        case modelNotReady = "ModelNotReadyException"
        case resourceNotFound = "ResourceNotFoundException"
        case serviceQuotaExceeded = "ServiceQuotaExceededException"
        case serviceUnavailable = "ServiceUnavailableException"
        case throttling = "ThrottlingException"
        case tooManyTags = "TooManyTagsException"
        case unknownOperation = "UnknownOperationException"
        case unrecognizedClient = "UnrecognizedClientException"
        case validation = "ValidationException"

        /// The HTTP status that belongs to the code.
        var status: Int {
            switch self {
            case .conflict, .serviceQuotaExceeded, .tooManyTags, .validation: 400
            case .accessDenied, .incompleteSignature, .invalidSignature, .missingAuthenticationToken,
                .unrecognizedClient:
                403
            case .resourceNotFound, .unknownOperation: 404
            case .modelError: 424
            case .modelNotReady, .throttling: 429
            case .clientClosedRequest: 499
            case .internalServer: 500
            case .serviceUnavailable: 503
            }
        }

        /// The member of an event stream that carries the error: those of both streaming operations.
        var streamMember: String {
            switch self {
            case .validation: "validationException"
            case .throttling: "throttlingException"
            case .serviceUnavailable: "serviceUnavailableException"
            case .modelError: "modelStreamErrorException"
            case .accessDenied, .clientClosedRequest, .conflict, .incompleteSignature, .internalServer,
                .invalidSignature, .missingAuthenticationToken, .modelNotReady, .resourceNotFound,
                .serviceQuotaExceeded, .tooManyTags, .unknownOperation, .unrecognizedClient:
                "internalServerException"
            }
        }
    }

    var code: Code
    /// What is wrong and what to change.
    var message: String
    /// Seconds after which to try again.
    var retryAfter: Int?
    /// The resource that it is about, for errors that say so apart from their message.
    var resourceName: String?

    init(_ code: Code, _ message: String, retryAfter: Int? = nil) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
    }

    static func invalid(_ message: String, parameter: String?, code: String?) -> BedrockError {
        BedrockError(.validation, message)
    }

    static func validation(_ message: String) -> BedrockError { BedrockError(.validation, message) }

    /// `{"message"}`.
    var body: [UInt8] {
        var writer = JSONWriter()
        writer.append(raw: "{\"message\":")
        writer.append(string: message)
        if let resourceName {
            writer.append(raw: ",\"resourceName\":")
            writer.append(string: resourceName)
        }
        writer.append(raw: "}")
        return writer.bytes
    }
}

extension BedrockError {
    /// How an error of any kind is worded. What is not known is an internal error, whose text stays inside.
    init(_ error: any Error) {
        self =
            switch error {
            case let error as BedrockError: error
            case let error as OpenAIError: BedrockError(openAI: error)
            case let error as RequestError: BedrockError(request: error)
            case let error as ModelPoolError: BedrockError(pool: error)
            case let error as ImportJobError: BedrockError(job: error)
            case TagError.tooMany: BedrockError(.tooManyTags, "There are more tags than a resource may have.")
            case let error as GenerationError: BedrockError(generation: error)
            case let error as ConversationError: .validation(error.description)
            case is ClientGone: BedrockError(.clientClosedRequest, "The client closed the connection.")
            case is CancellationError: Self.shuttingDown
            default: BedrockError(.internalServer, "The server had an error while processing your request.")
            }
    }

    /// The bodies of the OpenAI dialects word their own errors.
    private init(openAI error: OpenAIError) {
        let code: Code = error.status == 404 ? .resourceNotFound : error.status < 500 ? .validation : .internalServer
        self.init(code, error.message, retryAfter: error.retryAfter)
    }

    private init(request error: RequestError) {
        switch error {
        case .unknownRoute(let method, let path):
            self.init(.unknownOperation, "There is no operation \(method) \(path).")
        case .wrongMethod(let method, let path, let allowed):
            self.init(
                .unknownOperation,
                "There is no operation \(method) \(path). Allowed: \(allowed.joined(separator: ", ")).")
        case .unauthenticated(let failure): self.init(authentication: failure)
        case .forbidden(let caller, let action, let resource):
            self.init(
                .accessDenied,
                "User: \(caller) is not authorized to perform: \(action) on resource: \(resource) because no identity-based "
                    + "policy allows the \(action) action")
        case .foreignOrigin(let origin):
            self.init(.accessDenied, "Web pages of '\(origin)' may not use this server without a key.")
        case .bodyTooLarge(let limit):
            self = .validation("The request's body is longer than this server accepts: \(limit) bytes.")
        case .shuttingDown: self = Self.shuttingDown
        }
    }

    private init(authentication failure: AuthenticationFailure) {
        switch failure {
        case .nothingOffered: self.init(.missingAuthenticationToken, "Missing Authentication Token")
        case .unknownKey:
            self.init(.accessDenied, "Authentication failed: Please make sure your API Key is valid.")
        case .unknownAccessKey:
            self.init(.unrecognizedClient, "The security token included in the request is invalid.")
        case .wrongSignature, .bodyMismatch:
            self.init(
                .invalidSignature,
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
                    + "Key and signing method. Consult the service documentation for details.")
        case .malformed(let message), .malformedQuery(let message), .unsignedHeaders(let message):
            self.init(.incompleteSignature, message)
        case .outsideValidity(_, let message): self.init(.invalidSignature, message)
        }
    }

    private init(job error: ImportJobError) {
        switch error {
        case .nameTaken, .modelNameTaken, .modelNameHeld, .wrongState: self.init(.conflict, error.description)
        case .queueFull: self.init(.serviceQuotaExceeded, error.description)
        case .unknownJob: self.init(.resourceNotFound, error.description)
        case .unknownState: self.init(.internalServer, error.description)
        }
    }

    private init(pool error: ModelPoolError) {
        switch error {
        case .notReady:
            self.init(
                .modelNotReady, "Model is not ready for inference. Wait and try your request again.", retryAfter: 5)
        case .unloadable(let model):
            self.init(.modelError, "The model '\(model)' cannot be loaded. The server's log says why.")
        }
    }

    private init(generation error: GenerationError) {
        switch error {
        case .contextLengthExceeded(let prompt, let requested, let limit):
            let answer = requested.map { ", the answer may have \($0) tokens" } ?? ""
            self = .validation(
                "Input is too long for requested model: the prompt has \(prompt) tokens\(answer), and the model's context is "
                    + "\(limit) tokens.")
        case .invalidRequest(let message): self = .validation(message)
        case .overloaded(let seconds):
            self.init(
                .throttling, "Too many requests, please wait before trying again: the queue is full.",
                retryAfter: seconds)
        case .failed(let message): self.init(.modelError, message)
        case .shuttingDown: self = Self.shuttingDown
        }
    }

    private static let shuttingDown = BedrockError(
        .serviceUnavailable, "The server is shutting down. Please try again.", retryAfter: 5)
}

/// Words errors as Amazon Bedrock does.
struct BedrockErrorRenderer: ErrorRenderer {
    func response(for error: any Error, request: RequestIdentifier) -> Response {
        let error = BedrockError(error)
        var headers: HTTPFields = [.amznErrorType: error.code.rawValue]
        if let seconds = error.retryAfter {
            headers[.retryAfter] = String(seconds)
            headers[.amzRetryAfter] = String(seconds * 1000)
        }
        return .json(error.body, status: .init(code: error.code.status), headers: headers)
    }
}
