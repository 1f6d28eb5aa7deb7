/// Which logical processors this process may use, and which of them share a core.
///
/// Two threads on one core share its vector units and its path to memory: a kernel that keeps these busy gains nothing from
/// the second and loses at every barrier.
public struct ProcessorTopology: Sendable, Equatable {
    /// One core and its logical processors that this process may use, ascending.
    public struct Core: Sendable, Equatable {
        /// Numbers of its logical processors.
        public var processors: [Int]
        /// The NUMA node whose memory is near it.
        public var node: Int
    }

    /// The cores, those of one NUMA node beside each other.
    public let cores: [Core]

    /// The topology that the kernel's files describe.
    /// - Parameters:
    ///   - root: folder of the system's devices.
    ///   - status: the process's status file, whose `Cpus_allowed_list` says what it may use.
    init(root: String = "/sys/devices/system", status: String = SystemFile.text("/proc/self/status")) {
        let key = "Cpus_allowed_list:"
        let line = status.split(separator: "\n").first { $0.hasPrefix(key) }
        let allowed = SystemFile.list(line?.dropFirst(key.count) ?? "")
        var nodes: [Int: Int] = [:]
        for node in SystemFile.list(SystemFile.text(root + "/node/online")) {
            for processor in SystemFile.list(SystemFile.text("\(root)/node/node\(node)/cpulist")) {
                nodes[processor] = node
            }
        }
        var cores: [Core] = []
        var seen: Set<Int> = []
        for processor in allowed where !seen.contains(processor) {
            let siblings = SystemFile.list(
                SystemFile.text("\(root)/cpu/cpu\(processor)/topology/thread_siblings_list"))
            let together = [processor] + siblings.filter { $0 != processor && allowed.contains($0) }
            seen.formUnion(together)
            cores.append(Core(processors: together.sorted(), node: nodes[processor] ?? 0))
        }
        self.cores = cores.enumerated().sorted { ($0.element.node, $0.offset) < ($1.element.node, $1.offset) }.map(
            \.element)
    }
}
