import Generation
import OutcropNumerics
import Testing

@testable import Inference

/// Runs a scheduler's steps with a memory in which every slot remembers the whole prefix that it was computed from, and
/// checks that each token sees exactly its own.
struct ShadowMemory {
    private var full: [Int32: [Int?]] = [:]
    private var sliding: [Int32: [Int?]] = [:]
    private let window: Int
    /// Sequences whose turn has come.
    private var admitted: Set<Int> = []
    /// Tokens computed.
    private(set) var computedTokens = 0

    init(window: Int) { self.window = max(1, window) }

    /// Runs a step as the engine would: parts are computed, and sequences that reach their end sample a token that depends
    /// on their text.
    mutating func step(_ scheduler: inout Scheduler) -> [Scheduler.Part] {
        let parts = scheduler.schedule()
        for admission in scheduler.admissions {
            #expect(admitted.insert(admission.number).inserted, "a sequence is admitted for the first time once")
        }
        for part in parts {
            #expect(admitted.contains(part.number))
            guard let sequence = scheduler.running.first(where: { $0.number == part.number }) else {
                Issue.record("a part of nobody's")
                continue
            }
            compute(part, of: sequence)
        }
        for part in parts {
            scheduler.complete(part)
            _ = scheduler.update(part.number) { sequence in
                if sequence.pendingCount == 0 {
                    sequence.append(Int32(sequence.tokens.reduce(0) { ($0 * 3 + Int($1)) % 7 }))
                }
            }
        }
        #expect(scheduler.checkIntegrity())
        return parts
    }

    private mutating func compute(_ part: Scheduler.Part, of sequence: SequenceState) {
        let size = KeyValuePages.tokensPerPage
        var prefixes: [Int] = []
        var hasher = 17
        for token in sequence.tokens {
            hasher = (hasher &* 1_000_003) ^ Int(token) &+ 1
            prefixes.append(hasher)
        }
        #expect(part.start == sequence.computed)
        for position in part.start..<part.start + part.count {
            let (block, slot) = position.quotientAndRemainder(dividingBy: size)
            #expect(block >= sequence.sharedBlocks, "nobody writes to a shared page")
            full[sequence.fullPages[block], default: .init(repeating: nil, count: size)][slot] = prefixes[position]
            let slidingPage = sequence.slidingPages[block - sequence.firstSlidingPage]
            sliding[slidingPage, default: .init(repeating: nil, count: size)][slot] = prefixes[position]
        }
        computedTokens += part.count
        let isFullRight = (0..<part.start + part.count).allSatisfy {
            full[sequence.fullPages[$0 / size]]?[$0 % size] == prefixes[$0]
        }
        let seen = max(0, part.start + 1 - window)..<part.start + part.count
        let isSlidingRight = seen.allSatisfy {
            sliding[sequence.slidingPages[$0 / size - sequence.firstSlidingPage]]?[$0 % size] == prefixes[$0]
        }
        #expect(isFullRight && isSlidingRight, "each token sees its own prefix")
    }
}

extension Scheduler {
    /// Runs steps until nothing is left to do; sequences end after `output` tokens.
    /// - Returns: for each sequence the number of the step that gave its first token.
    mutating func runToEnd(
        _ memory: inout ShadowMemory, output: Int, steps most: Int = 10_000,
        after: (Int, inout Scheduler) -> Void = { _, _ in }
    ) -> [Int: Int] {
        var first: [Int: Int] = [:]
        for step in 0..<most where !isIdle {
            _ = memory.step(&self)
            for sequence in running where sequence.generatedCount > 0 {
                first[sequence.number] = first[sequence.number] ?? step
                if sequence.generatedCount >= output { _ = remove(sequence.number) }
            }
            after(step, &self)
        }
        #expect(isIdle)
        return first
    }
}
