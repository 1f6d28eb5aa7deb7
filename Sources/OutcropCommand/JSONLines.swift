import Foundation
import JSON

/// A command that answers every line of JSON on standard input with a line of JSON on standard output, at once.
enum JSONLines {
    /// Answers lines until the input ends; empty lines are passed over. A line that is no JSON is answered with
    /// `{"error": …}`, and the next one is served.
    static func serve(_ answer: (JSONValue) -> JSONValue) {
        serve { (line: [UInt8]) -> [UInt8] in
            do throws(JSONError) {
                return answer(try JSONValue.parse(line)).serializedBytes()
            } catch {
                let refusal: JSONValue = ["error": .string(error.description)]
                return refusal.serializedBytes()
            }
        }
    }

    /// Answers lines until the input ends; empty lines are passed over.
    static func serve(_ answer: ([UInt8]) -> [UInt8]) {
        var input = LineReader()
        while let line = input.next() {
            if !line.isEmpty { writeOutput(bytes: Data(answer(line) + [UInt8(ascii: "\n")])) }
        }
    }
}
