/// What a principal may do, in the statements of an IAM policy.
///
/// A denial that applies wins over every permission; what nothing permits is denied. Conditions, principals and policy
/// variables are not supported, and a policy that uses them is refused: it would otherwise permit more than its author meant.
public struct Policy: Sendable, Equatable {
    /// What a policy says to a request.
    public enum Decision: String, Sendable, Equatable {
        /// A statement permits it, and none denies it.
        case allow
        /// A statement denies it.
        case explicitDeny
        /// No statement is about it.
        case implicitDeny
    }

    /// The statements, in order.
    let statements: [PolicyStatement]

    /// Everything is permitted.
    public static let full = Policy(statements: [
        PolicyStatement(
            isAllowing: true, actions: [WildcardPattern("*")], excludesActions: false, resources: [.everything],
            excludesResources: false)
    ])

    /// Whether an action on a resource is permitted.
    ///
    /// - Parameters:
    ///   - action: as IAM names it: `bedrock:InvokeModel`, `s3:GetObject`.
    ///   - resource: an ARN, or `*` for an action that is about no resource.
    public func decision(action: String, resource: String) -> Decision {
        let action = Array(action.unicodeScalars.map(lowercased))
        let resource = ResourcePattern.Resource(resource)
        var isAllowed = false
        for statement in statements where statement.applies(to: action[...], resource) {
            if !statement.isAllowing { return .explicitDeny }
            isAllowed = true
        }
        return isAllowed ? .allow : .implicitDeny
    }
}

/// One statement of a policy.
struct PolicyStatement: Sendable, Equatable {
    /// Whether it permits; else it denies.
    let isAllowing: Bool
    /// In lower case: actions are compared without regard to it.
    let actions: [WildcardPattern]
    /// Whether the statement is about every action but these.
    let excludesActions: Bool
    let resources: [ResourcePattern]
    /// Whether the statement is about every resource but these.
    let excludesResources: Bool

    func applies(to action: ArraySlice<Unicode.Scalar>, _ resource: ResourcePattern.Resource) -> Bool {
        actions.contains { $0.matches(action) } != excludesActions
            && resources.contains { $0.matches(resource) } != excludesResources
    }
}

/// A to z for A to Z; anything else as it is.
func lowercased(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    ("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value | 0x20)) : scalar
}
