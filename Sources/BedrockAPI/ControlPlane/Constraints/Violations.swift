/// Everything that is wrong with a request, in AWS' words.
final class Violations {
    private var violations: [String] = []

    /// Longer values are cut in messages.
    private static let valueLimit = 200

    /// Takes note of a member that breaks a rule.
    /// - Parameters:
    ///   - value: nil for one that is not there.
    ///   - member: its path, such as `jobTags.1.member.key`.
    func add(_ value: String?, at member: String, _ constraint: String) {
        let shown = value.map { "'" + String($0.prefix(Self.valueLimit)) + ($0.count > Self.valueLimit ? "…'" : "'") }
        violations.append(
            "Value \(shown ?? "null") at '\(member)' failed to satisfy constraint: \(constraint)")
    }

    /// Passes if nothing is wrong.
    /// - Throws: a ValidationException that names every member that is.
    func check() throws(BedrockError) {
        guard !violations.isEmpty else { return }
        let count = violations.count
        throw .validation(
            "\(count) validation error\(count == 1 ? "" : "s") detected: " + violations.joined(separator: "; "))
    }
}
