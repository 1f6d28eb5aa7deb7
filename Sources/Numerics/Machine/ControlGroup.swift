/// What the control group of this process (a container, a service) lets it use, where that is less than the machine has.
///
/// Reads the kernel's files of version 2 (one tree) and of version 1 (a tree per controller); see the kernel's
/// `cgroup-v2.rst`, `cpu.max` and `memory.max`, and `cgroup-v1/memory.rst`.
struct ControlGroup {
    private let root: String
    /// The group's path in the tree of each controller; "" for version 2.
    private let paths: [String: String]

    /// - Parameters:
    ///   - root: where the trees are mounted.
    ///   - membership: lines of `hierarchy:controllers:path`, as in /proc/self/cgroup.
    init(root: String = "/sys/fs/cgroup", membership: String = SystemFile.text("/proc/self/cgroup")) {
        self.root = root
        var paths: [String: String] = [:]
        for line in membership.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            for controller in fields[1].split(separator: ",", omittingEmptySubsequences: false) {
                paths[String(controller)] = String(fields[2])
            }
        }
        self.paths = paths
    }

    /// Processors' worth of time, such as 1.5; nil if there is no limit.
    var processors: Double? {
        let quotas = folders(controller: "").compactMap { folder -> Double? in
            let fields = SystemFile.text(folder + "/cpu.max").split(whereSeparator: \.isWhitespace)
            guard fields.count == 2, let quota = Double(fields[0]), let period = Double(fields[1]), period > 0 else {
                return nil
            }
            return quota / period
        }
        let older = folders(controller: "cpu").compactMap { folder -> Double? in
            guard let quota = number(folder + "/cpu.cfs_quota_us"), let period = number(folder + "/cpu.cfs_period_us"),
                quota > 0, period > 0
            else { return nil }
            return Double(quota) / Double(period)
        }
        return (quotas + older).min()
    }

    /// The most bytes of memory; nil if there is no limit.
    var memoryLimit: Int? { memoryGroups.map(\.limit).min() }

    /// Bytes of the limits that are left, files in the page cache counted as free since they give way; nil without a limit.
    var memoryLeft: Int? {
        memoryGroups.map { group in
            let used = number(group.folder + "/memory.current") ?? number(group.folder + "/memory.usage_in_bytes") ?? 0
            let statistics = SystemFile.text(group.folder + "/memory.stat")
            let cached =
                (SystemFile.number(after: "inactive_file ", in: statistics) ?? 0)
                + (SystemFile.number(after: "active_file ", in: statistics) ?? 0)
            return max(0, group.limit - max(0, used - cached))
        }.min()
    }

    /// The groups that limit the memory: this one or those above it, which its neighbours use as well.
    private var memoryGroups: [(folder: String, limit: Int)] {
        let groups =
            folders(controller: "").map { ($0, number($0 + "/memory.max")) }
            + folders(controller: "memory").map { ($0, number($0 + "/memory.limit_in_bytes")) }
        return groups.compactMap { folder, limit in
            // Version 1 writes "no limit" as the largest multiple of a page.
            guard let limit, limit > 0, limit < 1 << 60 else { return nil }
            return (folder, limit)
        }
    }

    /// The group's folder and those above it, whose limits hold as well. In a container the path may name folders that only
    /// the host sees; the root of the mount is then the group itself.
    private func folders(controller: String) -> [String] {
        guard let path = paths[controller] else { return [] }
        let tree = controller.isEmpty ? root : root + "/" + controller
        var folders: [String] = []
        var names = path.split(separator: "/").map(String.init)
        while !names.isEmpty {
            folders.append(tree + "/" + names.joined(separator: "/"))
            names.removeLast()
        }
        return folders + [tree]
    }

    private func number(_ path: String) -> Int? {
        Int(SystemFile.text(path).filter { !$0.isWhitespace })
    }
}
