/// Whether an `Origin` header names this machine: its loopback addresses, or `localhost`.
func isLocalOrigin(_ origin: String) -> Bool {
    guard let scheme = origin.firstRange(of: "://") else { return false }
    let authority = origin[scheme.upperBound...]
    let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
    return ["localhost", "127.0.0.1", "[::1]"].contains { $0.utf8.elementsEqual(host.lowercased().utf8) }
}
