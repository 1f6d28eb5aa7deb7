import ModelImport
import Synchronization
import Testing

@testable import OutcropCommand

@Suite struct LineReaderTests {
    /// A reader of the given pieces, as a pipe would deliver them.
    private func reader(_ pieces: [String]) -> LineReader {
        var left = pieces[...]
        return LineReader { left.popFirst().map { Array($0.utf8) } ?? [] }
    }

    private func lines(_ pieces: [String]) -> [String] {
        var reader = reader(pieces)
        var lines: [String] = []
        while let line = reader.next() { lines.append(String(decoding: line, as: UTF8.self)) }
        return lines
    }

    @Test("lines come out whole however they arrive")
    func splits() {
        #expect(lines(["a\nb", "c\n\nd\r", "\ne"]) == ["a", "bc", "", "d", "e"])
        #expect(lines(["a\n"]) == ["a"])
        #expect(lines([]) == [])
        #expect(lines(["\n"]) == [""])
    }

    @Test("the rest is everything after the lines read")
    func rest() {
        var reader = reader(["first\nsec", "ond\nthird"])
        #expect(reader.next() == Array("first".utf8))
        #expect(reader.rest() == Array("second\nthird".utf8))
        #expect(reader.next() == nil)
    }
}

@Suite struct QuantityTests {
    @Test(
        "bytes have three figures and a unit",
        arguments: [(0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (13_761_000_000, "13.8 GB"), (999_600, "1.00 MB")])
    func bytes(count: Int, text: String) { #expect(Quantity.bytes(count) == text) }

    @Test(
        "times are short",
        arguments: [(0.421, "0.42 s"), (12.3, "12 s"), (185, "3:05"), (3723, "1:02:03"), (.infinity, "?"), (-1, "?")])
    func time(seconds: Double, text: String) { #expect(Quantity.time(seconds) == text) }

    @Test("counts show thousands")
    func counts() {
        #expect(Quantity.count(20_914_757_184) == "20,914,757,184")
        #expect(Quantity.count(-1234) == "-1,234")
        #expect(Quantity.count(12) == "12")
        #expect(Quantity.short(4_750_000) == "4.75 M")
    }
}

@Suite struct ProgressDisplayTests {
    @Test("a narrow terminal gets what matters most, on one line", arguments: [80, 60, 40, 30, 20, 12, 8, 1, 0])
    func narrow(columns: Int) {
        let line = ProgressDisplay.line(
            phase: "converting", done: 3_000_000_000, total: 13_000_000_000,
            pace: (bytesPerSecond: 350_000_000, remaining: .seconds(29)), bar: true, columns: columns)
        #expect(line.count <= columns)
        #expect(line.hasPrefix("converting".prefix(columns)))
        #expect(line.contains("23%") == (columns >= 15))
        #expect(line.contains("ETA") == (columns >= 80))
    }

    private func shown(isTerminal: Bool) -> String {
        let text = Mutex("")
        let display = ProgressDisplay(style: TerminalStyle(isTerminal: isTerminal, hasColor: false)) { piece in
            text.withLock { $0 += piece }
        }
        let start = ContinuousClock.now
        for second in 0...20 {
            display.update(
                phase: "converting", done: second * 50_000_000, total: 1_000_000_000, now: start + .seconds(second))
        }
        display.update(phase: "flushing", done: 1_000_000_000, total: 1_000_000_000, now: start + .seconds(21))
        display.finish()
        return text.withLock { $0 }
    }

    @Test("a terminal sees one moving line per phase with rate and time left")
    func terminal() {
        let text = shown(isTerminal: true)
        #expect(text.contains("\rconverting  [======      ]  50%  500 MB of 1.00 GB  50.0 MB/s  ETA 10 s"))
        #expect(text.split(separator: "\n").count == 2)
        #expect(text.split(whereSeparator: { $0 == "\r" || $0 == "\n" }).allSatisfy { $0.count < 80 })
    }

    @Test("elsewhere there is a plain line now and then")
    func plain() {
        let text = shown(isTerminal: false)
        #expect(!text.contains("\r"))
        #expect(text.split(separator: "\n").count == 4)
        #expect(text.contains("converting  100%  1.00 GB of 1.00 GB"))
    }

    @Test("phases of an import that count no bytes show their name alone")
    func uncounted() {
        let text = Mutex("")
        let display = ProgressDisplay(style: TerminalStyle(isTerminal: false, hasColor: false)) { piece in
            text.withLock { $0 += piece }
        }
        let start = ContinuousClock.now
        let phases: [(ImportProgress.Phase, Int)] = [
            (.validating, 0), (.converting, 1_000_000_000), (.flushing, 1_000_000_000), (.publishing, 1_000_000_000),
        ]
        for (second, (phase, done)) in phases.enumerated() {
            let progress = ImportProgress(phase: phase, bytesDone: done, bytesTotal: done)
            display.update(progress, now: start + .seconds(second))
        }
        display.finish()
        #expect(
            text.withLock { $0 } == "validating\nconverting  100%  1.00 GB of 1.00 GB\nflushing\npublishing\n")
    }
}

@Suite struct TableTests {
    @Test("columns line up")
    func alignment() {
        let table = Table(header: ["NAME", "SIZE"], rows: [["a", "1"], ["longer", "2"]])
        #expect(table.text == "NAME    SIZE\na       1\nlonger  2\n")
    }
}
