import APISupport

/// The parsers of the control plane's bodies without a server around them, for fuzzing.
package enum ControlPlaneBodies {
    /// Reads bytes as the body of CreateModelImportJob and of the operations on tags.
    ///
    /// - Returns: whether a server would take them as the former. That this returns at all is what fuzzing is about.
    package static func isImportJob(_ bytes: [UInt8]) -> Bool {
        if let members = try? Members(body: bytes) {
            _ = members.tags("tags")
            _ = members.texts("tagKeys", count: 0...200, .tagKey)
        }
        return (try? ImportJobBody(bytes, account: AWSAccount())) != nil
    }
}
