import OutcropNumerics
import TestSupport
import Testing

@testable import OutcropNumerics

/// What the machine's files say, read from folders that look like them.
@Suite struct MachineTests {
    private func write(_ files: [String: String], below folder: TemporaryFolder) throws {
        for (path, text) in files {
            let full = FileSystem.join(folder.path, path)
            try FileSystem.createFolder(FileSystem.parent(of: full) ?? folder.path)
            try AtomicFile.write(Array(text.utf8), to: full)
        }
    }

    @Test("processors that share a core count once, and nodes keep together")
    func cores() throws {
        let folder = try TemporaryFolder()
        var files = ["node/online": "0-1\n", "node/node0/cpulist": "0,2,4,6\n", "node/node1/cpulist": "1,3,5,7\n"]
        for processor in 0..<8 {
            files["cpu/cpu\(processor)/topology/thread_siblings_list"] = "\(processor % 4),\(processor % 4 + 4)\n"
        }
        try write(files, below: folder)
        let all = ProcessorTopology(root: folder.path, status: "Name:\tx\nCpus_allowed_list:\t0-7\n")
        #expect(all.cores.map(\.processors) == [[0, 4], [2, 6], [1, 5], [3, 7]])
        #expect(all.cores.map(\.node) == [0, 0, 1, 1])
        let some = ProcessorTopology(root: folder.path, status: "Cpus_allowed_list:\t4-6\n")
        #expect(some.cores.map(\.processors) == [[4], [6], [5]])
    }

    @Test("a machine that tells nothing of its topology has a core per processor")
    func bareCores() throws {
        let folder = try TemporaryFolder()
        let topology = ProcessorTopology(root: folder.path, status: "Cpus_allowed_list:\t0,3\n")
        #expect(topology.cores.map(\.processors) == [[0], [3]])
        #expect(ProcessorTopology(root: folder.path, status: "").cores.isEmpty)
    }

    @Test("this machine has a core to compute on and memory to give")
    func thisMachine() {
        #expect(Machine.computeThreads >= 1)
        #expect(Machine.availableMemory > 0 && Machine.availableMemory <= Machine.physicalMemory)
    }

    @Test("limits of version 2, of the group and of the groups above it, whose other members count")
    func unified() throws {
        let folder = try TemporaryFolder()
        try write(
            [
                "a/b/cpu.max": "150000 100000\n", "a/cpu.max": "max 100000\n", "a/memory.max": "1000000\n",
                "a/b/memory.max": "900000\n", "a/b/memory.current": "1000\n", "a/memory.current": "900000\n",
                "a/memory.stat": "anon 100000\nfile 800000\ninactive_file 500000\nactive_file 200000\n",
            ], below: folder)
        let group = ControlGroup(root: folder.path, membership: "0::/a/b\n")
        #expect(group.processors == 1.5)
        #expect(group.memoryLimit == 900_000)
        #expect(group.memoryLeft == 800_000)
    }

    @Test("limits of version 1, whose largest number means none")
    func older() throws {
        let folder = try TemporaryFolder()
        try write(
            [
                "cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n",
                "cpu/x/cpu.cfs_quota_us": "400000\n", "cpu/x/cpu.cfs_period_us": "100000\n",
                "memory/memory.limit_in_bytes": "9223372036854771712\n", "memory/memory.usage_in_bytes": "5000\n",
            ], below: folder)
        let group = ControlGroup(root: folder.path, membership: "4:memory:/gone\n2:cpu,cpuacct:/x\n")
        #expect(group.processors == 4)
        #expect(group.memoryLimit == nil)
        #expect(group.memoryLeft == nil)
        #expect(ControlGroup(root: folder.path, membership: "").processors == nil)
    }

    @Test(
        "lists of processors are read, nonsense in them is not",
        arguments: [
            ("0-3,8,10-11\n", [0, 1, 2, 3, 8, 10, 11]), ("", []), ("x,3-1,-2,5", [5]), ("0-99999999999", []),
        ])
    func lists(text: String, numbers: [Int]) {
        #expect(SystemFile.list(text) == numbers)
    }
}
