import CKernels
import KernelChecks

@testable import OutcropNumerics

extension KernelSet {
    private static let emulatedTiles = "amx, emulated"

    /// Every instruction set that this machine can run, by name, and AMX with its tile instructions emulated where the
    /// machine has none.
    static let tested: [String] = {
        var table = unsafe ck_kernels()
        let isEmulated = unsafe !available.contains("amx") && kc_select_emulated_amx(&table) != 0
        return available + (isEmulated ? [emulatedTiles] : [])
    }()

    /// The kernels for a name in `tested`; the best of this machine for nil.
    init(tested name: String?) throws(NumericsError) {
        guard name == KernelSet.emulatedTiles else {
            self = try KernelSet(named: name)
            return
        }
        var table = unsafe ck_kernels()
        guard unsafe kc_select_emulated_amx(&table) != 0 else {
            throw .unsupportedInstructionSet(KernelSet.emulatedTiles)
        }
        self = unsafe KernelSet(table: table)
    }
}
