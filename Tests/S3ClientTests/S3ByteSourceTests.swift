import Dispatch
import OutcropNumerics
import TestSupport
import Testing

@testable import S3Client

@Suite("An object as a file", .timeLimit(.minutes(1)))
struct S3ByteSourceTests {
    private static let key = "m/weights"
    private let content = randomBytes(400_000, seed: 10)

    /// Runs blocking code on a thread of its own.
    private func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue(label: "reader").async { continuation.resume(with: Result { try body() }) }
        }
    }

    @Test("Any range at any place of the buffer, in pieces of any size", arguments: [1000, 4096, 65_536, 8 << 20])
    func ranges(_ pieceByteCount: Int) async throws {
        let bucket = FakeBucket([Self.key: content])
        try await FaultServer.run({ bucket.answer($0) }) { server in
            let client = try testClient(server) {
                $0.transfer.pieceByteCount = pieceByteCount
                $0.transfer.parallelism = 4
            }
            let source = S3ByteSource(bucket.object(Self.key), client)
            #expect(source.path == "s3://models/m/weights")
            #expect(source.byteCount == content.count)
            var generator = SeededGenerator(seed: 11)
            for _ in 0..<12 {
                let first = Int.random(in: 0...content.count, using: &generator)
                let count = Int.random(in: 0...min(content.count - first, pieceByteCount * 20), using: &generator)
                let start = Int.random(in: 0...100, using: &generator)
                let buffer = try await onThread {
                    var buffer = [UInt8](repeating: 7, count: start + count + 50)
                    try source.read(at: first, count: count, into: &buffer, at: start)
                    return buffer
                }
                #expect(buffer[..<start].allSatisfy { $0 == 7 })
                #expect(buffer[start..<start + count].elementsEqual(content[first..<first + count]))
                #expect(buffer[(start + count)...].elementsEqual(repeatElement(7, count: 50)))
            }
        }
    }

    @Test("Pieces come at the same time, but no more than the client's parallelism")
    func parallel() async throws {
        let bucket = FakeBucket([Self.key: content])
        let inFlight = Gauge()
        try await FaultServer.run({ request in
            inFlight.enter()
            try? await Task.sleep(for: .milliseconds(20))
            inFlight.leave()
            return bucket.answer(request)
        }) { server in
            let client = try testClient(server) {
                $0.transfer.pieceByteCount = 10_000
                $0.transfer.parallelism = 4
            }
            let source = S3ByteSource(bucket.object(Self.key), client)
            async let first = onThread { try source.read(at: 0, count: 200_000) }
            async let second = onThread { try source.read(at: 200_000, count: 200_000) }
            #expect(try await first + second == content)
        }
        #expect((2...4).contains(inFlight.most))
    }

    @Test("Reads of several threads survive a server that fails at random")
    func chaos() async throws {
        let bucket = FakeBucket([Self.key: content])
        let counter = RequestCounter()
        try await FaultServer.run({ request in
            let whole = bucket.answer(request)
            switch counter.next() % 5 {
            case 0: return .refusal(503, "SlowDown")
            case 1: return [.close]
            case 2:
                guard case .send(let head) = whole[0], case .send(let body) = whole[1] else { return whole }
                return [.send(head), .send(Array(body.prefix(body.count / 2))), .pause(.milliseconds(5)), .close]
            default: return whole
            }
        }) { server in
            let client = try testClient(server) {
                $0.transfer.pieceByteCount = 10_000
                $0.transfer.parallelism = 4
                $0.transfer.attempts = 50
            }
            let source = S3ByteSource(bucket.object(Self.key), client)
            let parts = try await withThrowingTaskGroup(of: (Int, [UInt8]).self) { group in
                for index in 0..<4 {
                    group.addTask {
                        (index, try await onThread { try source.read(at: index * 100_000, count: 100_000) })
                    }
                }
                return try await group.reduce(into: [Int: [UInt8]]()) { $0[$1.0] = $1.1 }
            }
            #expect((0..<4).flatMap { parts[$0] ?? [] } == content)
        }
    }

    @Test("A range outside the object is an error")
    func outside() async throws {
        let bucket = FakeBucket([Self.key: content])
        try await FaultServer.run({ bucket.answer($0) }) { server in
            let source = S3ByteSource(bucket.object(Self.key), try testClient(server))
            for (offset, count) in [(-1, 1), (400_000, 1), (0, 400_001), (399_999, 2), (Int.max, 1)] {
                await #expect(throws: FileError.self) {
                    try await onThread {
                        var buffer = [UInt8](repeating: 0, count: 400_001)
                        try source.read(at: offset, count: count, into: &buffer, at: 0)
                    }
                }
            }
            #expect(server.requests.isEmpty)
        }
    }

    @Test("An object that changes fails the read and says so")
    func changed() async throws {
        let bucket = FakeBucket([Self.key: content])
        let object = bucket.object(Self.key)
        let counter = RequestCounter()
        try await FaultServer.run({ request in
            if counter.next() == 5 { bucket.put(Self.key, randomBytes(400_000, seed: 12)) }
            return bucket.answer(request)
        }) { server in
            let client = try testClient(server) {
                $0.transfer.pieceByteCount = 20_000
                $0.transfer.parallelism = 2
            }
            let source = S3ByteSource(object, client)
            let error = await #expect(throws: FileError.self) {
                try await onThread { try source.read(at: 0, count: 400_000) }
            }
            #expect(
                error?.description
                    == "cannot read s3://models/m/weights: s3:GetObject on arn:aws:s3:::models/m/weights: "
                    + "the object changed after it was listed; start again when nobody writes to it")
        }
    }

    @Test("Closing the client wakes a thread that waits")
    func closed() async throws {
        let bucket = FakeBucket([Self.key: content])
        try await FaultServer.run({ _ in [.pause(.seconds(50))] }) { server in
            let client = try testClient(server)
            let source = S3ByteSource(bucket.object(Self.key), client)
            let read = Task { try await onThread { try source.read(at: 0, count: 100) } }
            while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            client.close()
            let error = await #expect(throws: FileError.self) { try await read.value }
            #expect(error?.reason.hasSuffix(": the transfer was stopped") == true)
        }
    }
}
