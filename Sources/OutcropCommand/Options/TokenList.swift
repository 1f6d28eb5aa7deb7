import ArgumentParser

/// Token ids separated by commas: 1,2,3.
struct TokenList: ExpressibleByArgument, Sendable, Equatable {
    /// The ids, at least one.
    let ids: [Int32]

    init?(argument: String) {
        var ids: [Int32] = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let id = Int32(part.trimmingPrefix(" ")), id >= 0 else { return nil }
            ids.append(id)
        }
        guard !ids.isEmpty else { return nil }
        self.ids = ids
    }
}
