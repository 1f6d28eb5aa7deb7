#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What the machine has.
public enum Machine {
    /// Processors that this process may use.
    public static var processorCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// Bytes of physical memory.
    public static var physicalMemory: Int {
        Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Bytes that new allocations can take without swapping: `MemAvailable` on Linux, physical memory elsewhere.
    public static var availableMemory: Int {
        let key = Array("MemAvailable:".utf8)
        for line in procFile("/proc/meminfo").split(separator: UInt8(ascii: "\n")) where line.starts(with: key) {
            let digits = line.filter { $0 >= 48 && $0 <= 57 }
            return digits.reduce(0) { $0 &* 10 &+ Int($1 - 48) } &* 1024
        }
        return physicalMemory
    }

    /// The first bytes of a file of the system's, whose size it does not tell; empty if there is none.
    private static func procFile(_ path: String) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        return unsafe [UInt8](unsafeUninitializedCapacity: 16384) { buffer, count in
            count = unsafe max(0, read(descriptor, buffer.baseAddress, buffer.count))
        }
    }

    /// The most physical memory that this process has had, in bytes.
    public static var peakResidentBytes: Int {
        var usage = rusage()
        #if canImport(Glibc)
            let own = __rusage_who_t(RUSAGE_SELF.rawValue)
        #else
            let own = RUSAGE_SELF
        #endif
        guard unsafe getrusage(own, &usage) == 0 else { return 0 }
        #if os(Linux)
            return Int(usage.ru_maxrss) * 1024
        #else
            return Int(usage.ru_maxrss)
        #endif
    }
}
