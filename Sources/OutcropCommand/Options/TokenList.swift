import ArgumentParser

/// Token ids separated by commas: 1,2,3.
struct TokenList: Sendable, Equatable {
    /// The ids, at least one.
    let ids: [Int32]

    /// - Throws: `ValidationError` naming the first part that is no id.
    init(argument: String) throws {
        ids = try argument.split(separator: ",", omittingEmptySubsequences: false).map { part in
            guard let id = Int32(String(part).trimmed), id >= 0 else {
                throw ValidationError("'\(part)' is no token id; write them as 1,2,3")
            }
            return id
        }
    }
}
