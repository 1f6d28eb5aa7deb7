import KernelChecks
import Testing

/// Every set that this machine can run, and the AMX set with its tile instructions emulated, against double arithmetic
/// done straight from the definition of the layouts.
@Suite("Kernels against double arithmetic")
struct KernelChecksTests {
    private typealias Check = (UnsafeMutablePointer<CChar>, Int) -> Int

    /// Runs a check, which describes its first mismatch in a buffer.
    /// - Returns: the number of comparisons; 0 if the machine cannot run the set.
    private static func comparisons(_ set: String, _ check: Check) -> Int {
        var message = [CChar](repeating: 0, count: 512)
        let count = unsafe message.withUnsafeMutableBufferPointer { buffer in
            unsafe buffer.baseAddress.map { unsafe check($0, buffer.count) } ?? -1
        }
        let text = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        #expect(count >= 0, "\(set): \(text)")
        return count
    }

    @Test("agree with double arithmetic", arguments: ["scalar", "avx2", "avx512", "amx", "neon"])
    func agreement(name: String) {
        let count = unsafe Self.comparisons(name) { unsafe kc_check_set(name, $0, $1) }
        #expect(name != "scalar" || count > 0)
    }

    @Test("AMX products agree with double arithmetic when the tile instructions are emulated")
    func emulatedTiles() {
        _ = unsafe Self.comparisons("amx, emulated") { unsafe kc_check_emulated_amx($0, $1) }
    }
}
