import CKernels
import Dispatch

/// The machine's ceilings, measured: what a benchmark's rates are held against.
public enum MachineProbe {
    /// Bytes per second that the threads read together from memory, the best of a few passes over a buffer far larger than
    /// the caches.
    public static func readBandwidth(threads: Int, byteCount: Int = 1 << 30, passes: Int = 4) throws -> Double {
        let buffer = try AlignedBuffer(byteCount: byteCount)
        let team = ThreadTeam(count: threads)
        let lines = byteCount / 64
        // Untouched pages are all the same page of zeros; write each first.
        team.split(lines, unit: 64) { _, range in
            for line in range {
                unsafe buffer.base.storeBytes(
                    of: UInt8(truncatingIfNeeded: line), toByteOffset: line * 64, as: UInt8.self)
            }
        }
        var best = 0.0
        for _ in 0..<passes {
            let seconds = time {
                team.split(lines, unit: 64) { _, range in
                    let start = unsafe (buffer.base + range.lowerBound * 64).assumingMemoryBound(to: UInt8.self)
                    _ = unsafe ck_read_probe(start, range.count * 64)
                }
            }
            best = max(best, Double(byteCount) / seconds)
        }
        return best
    }

    /// Floating-point operations per second of the widest multiply-add of `kernels`, all threads together.
    public static func matrixRate(kernels: KernelSet, threads: Int, passes: Int = 3) -> Double {
        let team = ThreadTeam(count: threads, prepare: { _ in kernels.beginThread() }, finish: { kernels.endThread() })
        kernels.beginThread()
        defer { kernels.endThread() }
        var rounds: UInt64 = 1 << 16
        var best = 0.0
        for _ in 0..<passes {
            var operations = 0.0
            var seconds = time { operations = kernels.probe(team, rounds: rounds) }
            while seconds < 0.1 {
                rounds *= 4
                seconds = time { operations = kernels.probe(team, rounds: rounds) }
            }
            best = max(best, operations / seconds)
        }
        return best
    }

    private static func time(_ body: () -> Void) -> Double {
        let start = DispatchTime.now().uptimeNanoseconds
        body()
        return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
    }
}

extension KernelSet {
    fileprivate func probe(_ team: ThreadTeam, rounds: UInt64) -> Double {
        var single = 0.0
        team.run { thread in
            let operations = unsafe withUnsafePointer(to: table) { unsafe ck_matrix_probe($0, rounds) }
            if thread == 0 { single = operations }
        }
        return single * Double(team.count)
    }
}
