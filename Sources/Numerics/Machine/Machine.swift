import CKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What the machine has, or what of it a container or service may use.
public enum Machine {
    /// Cores and logical processors that this process may use.
    public static let topology = ProcessorTopology()

    /// Threads that compute best: one per core that this process may use, no more than its control group has time for.
    public static var computeThreads: Int {
        let cores = topology.cores.isEmpty ? Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) : topology.cores.count
        let granted = ControlGroup().processors.map { Int($0.rounded(.up)) } ?? cores
        return max(1, min(cores, granted))
    }

    /// Bytes of physical memory, or the limit of the control group.
    public static var physicalMemory: Int {
        let physical = Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(sysconf(Int32(_SC_PAGESIZE)))
        return min(physical, ControlGroup().memoryLimit ?? physical)
    }

    /// Bytes that new allocations can take without swapping: `MemAvailable` on Linux, physical memory elsewhere, no more than
    /// the control group has left.
    public static var availableMemory: Int {
        let kibibytes = SystemFile.number(after: "MemAvailable:", in: SystemFile.text("/proc/meminfo"))
        let available = kibibytes.map { $0 * 1024 } ?? physicalMemory
        return min(available, ControlGroup().memoryLeft ?? available)
    }

    /// What tells one build of this program from another, as far as the system shows its file: size and time of last change.
    public static var executableIdentity: String {
        guard let status = FileSystem.status(of: "/proc/self/exe") else { return "" }
        return "\(status.byteCount) \(status.modified)"
    }

    /// Keeps the calling thread on one logical processor. Does nothing where the system has no such call or refuses.
    public static func pinThread(toProcessor processor: Int) {
        ck_pin_thread(Int32(clamping: processor))
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
