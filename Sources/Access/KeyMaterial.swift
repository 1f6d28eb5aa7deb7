import Crypto

/// New ids and secrets, from the system's random source.
enum KeyMaterial {
    /// An id of the form that AWS' tools and libraries check for: `AKIA` and 16 characters of base 32.
    static func accessKeyID() -> String {
        "AKIA" + random(16, of: "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    }

    /// 40 characters of base 64: 240 random bits.
    static func secretAccessKey() -> String {
        random(40, of: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    }

    /// 43 letters and digits behind a prefix that tells people and secret scanners whose it is: 256 random bits.
    static func bearerKey() -> String {
        "sk-outcrop-" + random(43, of: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
    }

    /// What is kept of a bearer key. One round suffices: the keys are random, there is no dictionary of them.
    static func digest(ofBearer key: String) -> [UInt8] { Array(SHA256.hash(data: Array(key.utf8))) }

    private static func random(_ count: Int, of alphabet: String) -> String {
        let characters = Array(alphabet.utf8)
        var source = SystemRandomNumberGenerator()
        return String(
            decoding: (0..<count).map { _ in characters[Int.random(in: 0..<characters.count, using: &source)] },
            as: UTF8.self)
    }
}

/// Whether two digests are equal, in a time that does not depend on where they differ.
func equalsInConstantTime(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
}
