import OutcropNumerics

/// Keys of a role, lent by the token service.
struct RoleCredentials: CredentialProvider {
    /// What shows that we may take the role.
    enum Proof: Sendable {
        /// The path of a file that holds an identity token, as Kubernetes mounts them; it is written anew from time to time.
        case webIdentity(tokenFile: String)
        /// Other keys, and the role's external id where it has one.
        case keys(any CredentialProvider, externalID: String?)
    }

    /// The role's ARN.
    let role: String
    /// The name under which the role's use is logged.
    let sessionName: String
    let proof: Proof
    let service: TokenService

    var origin: String {
        switch proof {
        case .webIdentity: "the role \(role) by web identity"
        case .keys(let source, _): "the role \(role) by \(source.origin)"
        }
    }

    func load(_ transport: HTTPTransport) async throws(CredentialError) -> S3Credentials {
        var parameters = [("RoleArn", role), ("RoleSessionName", sessionName), ("DurationSeconds", "3600")]
        var keys: S3Credentials?
        switch proof {
        case .webIdentity(let path):
            parameters += [("Action", "AssumeRoleWithWebIdentity"), ("WebIdentityToken", try token(at: path))]
        case .keys(let source, let externalID):
            parameters.append(("Action", "AssumeRole"))
            if let externalID { parameters.append(("ExternalId", externalID)) }
            keys = try await source.load(transport)
        }
        do throws(TransportError) {
            return try await service.borrow(parameters, signedWith: keys, transport)
        } catch {
            throw failure(error.text)
        }
    }

    private func token(at path: String) throws(CredentialError) -> String {
        do throws(FileError) {
            return try SmallFile.token(at: path)
        } catch {
            throw failure("the identity token: \(error)")
        }
    }
}
