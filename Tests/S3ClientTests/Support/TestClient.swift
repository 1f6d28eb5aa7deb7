import S3Client

/// A client of a fault server that does not wait long.
func testClient(
    _ server: FaultServer, _ change: (inout S3ClientOptions) -> Void = { _ in }
) throws(S3ConfigurationError) -> S3Client {
    var options = S3ClientOptions()
    options.endpoint = server.url
    options.credentials = FakeBucket.keys
    options.transfer.firstPause = .milliseconds(1)
    options.transfer.longestPause = .milliseconds(4)
    options.transfer.stallTimeout = .seconds(10)
    change(&options)
    return try S3Client(options, environment: [:])
}

/// Bytes that do not repeat.
func randomBytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
}

/// Random numbers that are the same in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}

/// Some change of a few bytes.
func mutated(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let position = Int.random(in: 0...bytes.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0 where position < bytes.count: bytes.remove(at: position)
        case 1 where position < bytes.count: bytes[position] = .random(in: 0...255, using: &generator)
        case 2: bytes.removeSubrange(position..<min(bytes.count, position + 20))
        default: bytes.insert(bytes.randomElement(using: &generator) ?? 0, at: position)
        }
    }
    return bytes
}
