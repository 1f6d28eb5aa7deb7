/// What a request says about its signature of version 4: found without any secret, not yet believed.
public struct RequestSignature: Sendable, Equatable {
    /// Where the signature is.
    public enum Form: Sendable, Equatable {
        /// In the `Authorization` header.
        case header
        /// In the query; good for 1 to 604,800 seconds from `timestamp`.
        case presigned(expires: Int)
    }

    /// The identifier of the access key.
    public var accessKey: String
    /// The scope's day, `yyyyMMdd`.
    public var date: String
    /// The scope's region, such as `us-east-1`.
    public var region: String
    /// The scope's service, such as `s3` or `bedrock`.
    public var service: String
    /// When the request was signed, in seconds since 1970.
    public var timestamp: Int
    /// The lower-case names of the signed headers.
    public var signedHeaders: [String]
    /// The signature's 64 hexadecimal digits.
    public var signature: String
    /// Where the signature is.
    public var form: Form
    /// The session token that came along.
    public var sessionToken: String?

    /// `20260131/us-east-1/s3/aws4_request`.
    public var scope: String { [date, region, service, "aws4_request"].joined(separator: "/") }

    /// The signature of a request; nil if it has none of version 4 and none that calls itself AWS's in its header.
    ///
    /// Throws `malformed` or `scopeMismatch` if it is incomplete or contradicts itself, and `unsupportedVersion` for
    /// `Authorization: AWS …` and for other algorithms. Presigned addresses of version 2 are `PresignedV2`'s.
    public static func parse(_ request: SignableRequest) throws(SignatureError) -> RequestSignature? {
        let header = request.header("authorization")
        let inQuery = request.queryValue("X-Amz-Algorithm")
        guard let header, let scheme = header.utf8.split(separator: UInt8(ascii: " ")).first else {
            return inQuery == nil ? nil : try presigned(request)
        }
        if scheme.elementsEqual("AWS".utf8) { throw .unsupportedVersion }
        guard scheme.starts(with: "AWS4-".utf8) else { return inQuery == nil ? nil : try presigned(request) }
        guard scheme.elementsEqual(algorithm.utf8) else { throw .unsupportedVersion }
        if inQuery != nil {
            throw .malformed(
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string "
                    + "parameter or the Authorization header should be specified")
        }
        return try inHeader(request, String(decoding: header.utf8.dropFirst(algorithm.utf8.count), as: UTF8.self))
    }

    static let algorithm = "AWS4-HMAC-SHA256"

    private static func inHeader(_ request: SignableRequest, _ parameters: String) throws(SignatureError)
        -> RequestSignature
    {
        var values: [String: String] = [:]
        for part in parameters.utf8.split(separator: UInt8(ascii: ",")) {
            let name = part.prefix { $0 != UInt8(ascii: "=") }
            guard name.count < part.count else {
                throw .malformed("Invalid key=value pair (missing equal-sign) in Authorization header.")
            }
            values[trimmed(name)] = trimmed(part.dropFirst(name.count + 1))
        }
        let dated = request.header("x-amz-date") ?? request.header("date")
        let missing = ["Credential", "Signature", "SignedHeaders"].filter { values[$0, default: ""].isEmpty }
            .map { "Authorization header requires '\($0)' parameter." }
        let undated =
            dated == nil
            ? ["Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."] : []
        guard (missing + undated).isEmpty, let dated, let credential = values["Credential"] else {
            throw .malformed((missing + undated).joined(separator: " "))
        }
        return try make(
            credential: credential, dated: dated, signedHeaders: values["SignedHeaders", default: ""],
            signature: values["Signature", default: ""], form: .header,
            sessionToken: request.header("x-amz-security-token"))
    }

    private static func presigned(_ request: SignableRequest) throws(SignatureError) -> RequestSignature {
        guard request.queryValue("X-Amz-Algorithm")?.utf8.elementsEqual(algorithm.utf8) == true else {
            throw .unsupportedVersion
        }
        let names = ["X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"]
        let missing = names.filter { request.queryValue($0, default: "").isEmpty }
        guard missing.isEmpty else {
            throw .malformed(missing.map { "AWS query-string parameters must include '\($0)'." }.joined(separator: " "))
        }
        // Why 15 minutes without one: services other than S3 take such addresses, for as long as any signature is good.
        let expires = request.queryValue("X-Amz-Expires").map { Int($0) ?? 0 } ?? 900
        guard (1...604_800).contains(expires) else {
            throw .malformed("X-Amz-Expires must be a number between 1 and 604800 seconds")
        }
        return try make(
            credential: request.queryValue("X-Amz-Credential", default: ""),
            dated: request.queryValue("X-Amz-Date", default: ""),
            signedHeaders: request.queryValue("X-Amz-SignedHeaders", default: ""),
            signature: request.queryValue("X-Amz-Signature", default: ""), form: .presigned(expires: expires),
            sessionToken: request.queryValue("X-Amz-Security-Token"))
    }

    private static func make(
        credential: String, dated: String, signedHeaders: String, signature: String, form: Form, sessionToken: String?
    ) throws(SignatureError) -> RequestSignature {
        let parts = credential.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard parts.count >= 5, parts.allSatisfy({ !$0.isEmpty }) else {
            throw .malformed(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
                    + "got '\(credential)'")
        }
        // Why from the end: identifiers of access keys may hold slashes.
        let scope = Array(parts.suffix(4))
        guard scope[3].utf8.elementsEqual("aws4_request".utf8) else {
            throw .scopeMismatch("Credential should be scoped with a valid terminator: 'aws4_request'.")
        }
        guard let timestamp = DateText.parseBasic(dated) ?? DateText.parseHTTP(dated) else {
            throw .malformed("Date must be in ISO-8601 'basic format'. Got '\(dated)'.")
        }
        let day = String(decoding: DateText.basic(timestamp).utf8.prefix(8), as: UTF8.self)
        guard day.utf8.elementsEqual(scope[0].utf8) else {
            throw .scopeMismatch(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                    + "'\(scope[0])' != '\(day)', from '\(dated)'.")
        }
        let names = signedHeaders.utf8.split(separator: UInt8(ascii: ";"))
            .map { String(decoding: SignableRequest.lowercased(String(decoding: $0, as: UTF8.self)), as: UTF8.self) }
        return RequestSignature(
            accessKey: parts.dropLast(4).joined(separator: "/"), date: scope[0], region: scope[1], service: scope[2],
            timestamp: timestamp, signedHeaders: names, signature: signature, form: form, sessionToken: sessionToken)
    }

    private static func trimmed(_ bytes: Substring.UTF8View) -> String {
        let space = UInt8(ascii: " ")
        let tail = bytes.drop { $0 == space }
        let trailing = tail.reversed().prefix { $0 == space }.count
        return String(decoding: tail.dropLast(trailing), as: UTF8.self)
    }
}

extension SignableRequest {
    fileprivate func queryValue(_ name: String, default value: String) -> String { queryValue(name) ?? value }
}
