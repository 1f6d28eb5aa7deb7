/// What the product calls itself.
enum Product {
    /// The version that `outcrop --version` prints.
    static let version = "0.1.0"
}
