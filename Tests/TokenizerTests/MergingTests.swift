import Testing

@testable import Tokenizer

/// Merging against the plain algorithm, and the structures under it.
@Suite struct MergingTests {
    @Test("random texts become the tokens of the plain algorithm")
    func randomTexts() throws {
        let tokenizer = try BytePairTokenizer.o200kHarmony()
        let pattern = try ReferencePattern.o200k()
        let merging = ReferenceMerging(tokenizer)
        var random = SeededGenerator(seed: 4)
        for _ in 0..<6_000 {
            let text = random.text(maximumCount: 40)
            let expected = pattern.pieces(text).flatMap(merging.tokens)
            #expect(tokenizer.encodeOrdinary(text) == expected)
            #expect(try tokenizer.decode(expected) == Array(text.utf8))
        }
    }

    @Test(
        "long pieces become the tokens of the plain algorithm",
        arguments: ["ab", "abcdefgh", "aé日", " ", "=-", "theing"])
    func longPieces(alphabet: String) throws {
        let tokenizer = try BytePairTokenizer.o200kHarmony()
        let merging = ReferenceMerging(tokenizer)
        let pattern = try ReferencePattern.o200k()
        let letters = Array(alphabet.unicodeScalars)
        var random = SeededGenerator(seed: 5)
        for length in [PieceEncoder.shortPiece - 1, PieceEncoder.shortPiece, PieceEncoder.shortPiece + 1, 300, 700] {
            for _ in 0..<4 {
                var scalars = String.UnicodeScalarView()
                for _ in 0..<length { scalars.append(letters[Int.random(in: 0..<letters.count, using: &random)]) }
                let text = String(scalars)
                #expect(tokenizer.encodeOrdinary(text) == pattern.pieces(text).flatMap(merging.tokens))
            }
        }
    }

    @Test("a run of ten million characters is encoded in linear time", .timeLimit(.minutes(1)))
    func longRun() throws {
        #if DEBUG
            let count = 100_000
        #else
            let count = 10_000_000
        #endif
        let tokenizer = try BytePairTokenizer.o200kHarmony()
        for character in ["a", " "] {
            let text = String(repeating: character, count: count)
            let ids = tokenizer.encodeOrdinary(text)
            // All but the ends of a run is one token, repeated.
            #expect(Set(ids[10..<ids.count - 10]).count == 1)
            #expect(try tokenizer.decode(ids) == Array(text.utf8))
        }
    }

    @Test("the queue gives the lowest rank first, and its leftmost place")
    func queue() {
        var random = SeededGenerator(seed: 6)
        var queue = RankQueue(rankCount: 400_000)
        queue.reserve(places: 500)
        var model: [Int: UInt32] = [:]
        for _ in 0..<30_000 {
            let place = Int.random(in: 0..<500, using: &random)
            if let rank = model[place] {
                queue.remove(place, rank: rank)
                model[place] = nil
            } else if Bool.random(using: &random) {
                let rank = UInt32.random(in: 0..<(Bool.random(using: &random) ? 7 : 400_000), using: &random)
                queue.insert(place, rank: rank)
                model[place] = rank
            } else {
                let first = model.min { ($0.value, $0.key) < ($1.value, $1.key) }
                let popped = queue.popFirst()
                #expect(popped?.place == first?.key)
                #expect(popped?.rank == first?.value)
                if let first { model[first.key] = nil }
            }
        }
    }

    @Test("a set of integers finds its next member", arguments: [1, 64, 4096, 4097, 600_000])
    func integerSet(limit: Int) {
        var random = SeededGenerator(seed: 7)
        var set = IntegerSet(limit: limit)
        var model: Set<Int> = []
        for _ in 0..<2_000 {
            let member = Int.random(in: 0..<limit, using: &random)
            if model.insert(member).inserted {
                set.insert(member)
            } else {
                set.remove(member)
                model.remove(member)
            }
            if model.count > 40, let extra = model.first {
                set.remove(extra)
                model.remove(extra)
            }
            let start = Int.random(in: 0..<limit, using: &random)
            #expect(set.next(atLeast: start) == model.filter { $0 >= start }.min())
        }
    }
}
