/// Which special tokens `BytePairTokenizer.encode` recognises in text. All others are text like any other.
public enum AllowedSpecial: Sendable, Equatable {
    /// None: text from outside can never become a special token.
    case none
    /// Every special token.
    case all
    /// Those with these names, compared by their UTF-8 bytes. Names that no token has are ignored.
    case only(Set<String>)
}
