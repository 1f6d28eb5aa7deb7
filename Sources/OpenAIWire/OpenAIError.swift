import APISupport
import Conversation
import Generation
import HTTPTypes
import Hummingbird
import JSON

/// An error as OpenAI words it: `{"error": {"message", "type", "param", "code"}}` with an HTTP status.
public struct OpenAIError: FieldError, Sendable, Equatable {
    /// The HTTP status.
    public var status: Int
    /// What is wrong and what to change.
    public var message: String
    /// The class of errors, such as `invalid_request_error`.
    public var type: String
    /// The field that is wrong, such as `messages[0].content`.
    public var parameter: String?
    /// A word that programs can check, such as `context_length_exceeded`.
    public var code: String?
    /// Seconds after which to try again.
    public var retryAfter: Int?
    /// Methods that the path has.
    public var allowedMethods: [String]

    /// An error by its parts.
    package init(
        status: Int, message: String, type: String, parameter: String? = nil, code: String? = nil,
        retryAfter: Int? = nil, allowedMethods: [String] = []
    ) {
        self.status = status
        self.message = message
        self.type = type
        self.parameter = parameter
        self.code = code
        self.retryAfter = retryAfter
        self.allowedMethods = allowedMethods
    }

    /// A request that is wrong: status 400.
    public static func invalid(_ message: String, parameter: String?, code: String?) -> OpenAIError {
        OpenAIError(
            status: 400, message: message, type: "invalid_request_error", parameter: parameter, code: code)
    }

    /// A request that is wrong in a way that has no word.
    public static func invalid(_ message: String, parameter: String?) -> OpenAIError {
        invalid(message, parameter: parameter, code: nil)
    }

    /// Writes the error object.
    package func write(to writer: inout JSONWriter) {
        writer.append(raw: "{\"error\":{\"message\":")
        writer.append(string: message)
        writer.append(raw: ",\"type\":")
        writer.append(string: type)
        writer.append(raw: ",\"param\":")
        writer.append(optional: parameter)
        writer.append(raw: ",\"code\":")
        writer.append(optional: code)
        writer.append(raw: "}}")
    }
}

extension OpenAIError {
    /// How an error of any kind is worded. What is not known is an internal error, whose text stays inside.
    package init(_ error: any Error) {
        self =
            switch error {
            case let error as OpenAIError: error
            case let error as RequestError: OpenAIError(request: error)
            case let error as ModelPoolError: OpenAIError(pool: error)
            case let error as GenerationError: OpenAIError(generation: error)
            case let error as ConversationError: OpenAIError(conversation: error)
            case is CancellationError: Self.shuttingDown
            case is ClientGone:
                // Why 499: nobody reads it, but logs and metrics should not count it as the server's fault.
                OpenAIError(
                    status: 499, message: "The client closed the connection.", type: "invalid_request_error",
                    code: "client_closed_request")
            default:
                OpenAIError(
                    status: 500, message: "The server had an error while processing your request.", type: "server_error"
                )
            }
    }

    private init(request error: RequestError) {
        switch error {
        case .unknownRoute(let method, let path):
            self = OpenAIError(
                status: 404, message: "Unknown request URL: \(method) \(path). Please check the URL for typos.",
                type: "invalid_request_error", code: "unknown_url")
        case .wrongMethod(let method, let path, let allowed):
            self = OpenAIError(
                status: 405,
                message: "Not allowed to \(method) on \(path). Allowed: \(allowed.joined(separator: ", ")).",
                type: "invalid_request_error", code: "method_not_allowed", allowedMethods: allowed)
        case .unauthenticated(let failure):
            self = OpenAIError(
                status: 401, message: Self.words(for: failure), type: "invalid_request_error", code: "invalid_api_key")
        case .forbidden(let caller, let action, let resource):
            self = OpenAIError(
                status: 403, message: "The key '\(caller)' may not perform \(action) on \(resource).",
                type: "invalid_request_error", code: "insufficient_permissions")
        case .foreignOrigin(let origin):
            self = OpenAIError(
                status: 403,
                message: "Web pages of '\(origin)' may not use this server without a key. Start it with --api-key.",
                type: "invalid_request_error", code: "origin_not_allowed")
        case .bodyTooLarge(let limit):
            self = OpenAIError(
                status: 413, message: "The request's body is longer than this server accepts: \(limit) bytes.",
                type: "invalid_request_error", code: "request_too_large")
        case .shuttingDown: self = Self.shuttingDown
        }
    }

    private static func words(for failure: AuthenticationFailure) -> String {
        switch failure {
        case .nothingOffered:
            "You didn't provide an API key. Provide it in an Authorization header: Authorization: Bearer YOUR_KEY."
        case .unknownKey, .unknownAccessKey: "Incorrect API key provided."
        case .wrongSignature, .bodyMismatch: "The request's AWS signature is not the one of this access key."
        case .malformed(let message), .malformedQuery(let message), .unsignedHeaders(let message),
            .outsideValidity(_, let message):
            message
        }
    }

    private init(pool error: ModelPoolError) {
        switch error {
        case .notReady(let model):
            self = OpenAIError(
                status: 503, message: "The model '\(model)' is being loaded. Please try again in a few seconds.",
                type: "server_error", code: "model_not_ready", retryAfter: 5)
        case .unloadable(let model):
            self = OpenAIError(
                status: 500, message: "The model '\(model)' cannot be loaded. The server's log says why.",
                type: "server_error", code: "model_unloadable")
        }
    }

    private init(generation error: GenerationError) {
        switch error {
        case .contextLengthExceeded(let prompt, let requested, let limit):
            self = .contextLengthExceeded(prompt: prompt, requested: requested, limit: limit, parameter: "messages")
        case .invalidRequest(let message): self = .invalid(message, parameter: nil)
        case .overloaded(let seconds):
            self = OpenAIError(
                status: 429,
                message: "The server has too many requests waiting. Please try again in \(seconds) s.",
                type: "rate_limit_error", code: "rate_limit_exceeded", retryAfter: seconds)
        case .failed(let message):
            self = OpenAIError(status: 503, message: message, type: "server_error", code: "generation_failed")
        case .shuttingDown: self = Self.shuttingDown
        }
    }

    private init(conversation error: ConversationError) {
        let parameter =
            switch error {
            case .noMessages: "messages"
            case .unknownToolCall(_, let message): "messages[\(message)].tool_call_id"
            case .needsConstrainedDecoding: "tool_choice"
            case .emptyStopText: "stop"
            case .invalidDate: "conversation_date"
            }
        self = .invalid(error.description, parameter: parameter)
    }

    private static let shuttingDown = OpenAIError(
        status: 503, message: "The server is shutting down. Please try again.", type: "server_error",
        code: "shutting_down", retryAfter: 5)

    /// OpenAI's wording for a prompt, or a prompt and the requested answer, longer than the context.
    package static func contextLengthExceeded(prompt: Int, requested: Int?, limit: Int, parameter: String)
        -> OpenAIError
    {
        let isPromptAlone = prompt >= limit || requested == nil
        let subject = parameter == "messages" ? "messages" : "prompt"
        let message =
            isPromptAlone
            ? "This model's maximum context length is \(limit) tokens. However, your \(subject) resulted in \(prompt) "
                + "tokens. Please reduce the length of the \(subject)."
            : "This model's maximum context length is \(limit) tokens. However, you requested "
                + "\(saturatedSum(prompt, requested ?? 0)) tokens (\(prompt) in the \(subject), \(requested ?? 0) in the "
                + "completion). Please reduce the length of the \(subject) or completion."
        return .invalid(message, parameter: parameter, code: "context_length_exceeded")
    }

    private static func saturatedSum(_ a: Int, _ b: Int) -> Int {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? Int.max : sum
    }
}

/// Words errors as OpenAI does.
package struct OpenAIErrorRenderer: ErrorRenderer {
    /// A renderer.
    package init() {}

    /// The error object, with the headers that belong to it.
    package func response(for error: any Error, request: RequestIdentifier) -> Response {
        let error = OpenAIError(error)
        var writer = JSONWriter()
        error.write(to: &writer)
        var headers: HTTPFields = [:]
        if let seconds = error.retryAfter { headers[.retryAfter] = String(seconds) }
        if !error.allowedMethods.isEmpty { headers[.allow] = error.allowedMethods.joined(separator: ", ") }
        if error.status == 401 { headers[.wwwAuthenticate] = "Bearer" }
        return .json(writer.bytes, status: .init(code: error.status), headers: headers)
    }
}
