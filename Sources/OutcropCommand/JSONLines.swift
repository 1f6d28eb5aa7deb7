import JSON

/// A command that answers every line of JSON on standard input with a line of JSON on standard output, at once.
enum JSONLines {
    /// Answers lines until the input ends; empty lines are passed over. A line that is no JSON is answered with
    /// `{"error": …}`, and the next one is served.
    static func serve(_ answer: (JSONValue) -> JSONValue) {
        var input = LineReader()
        while let line = input.next() {
            if line.isEmpty { continue }
            let result: JSONValue
            do throws(JSONError) {
                result = answer(try JSONValue.parse(line))
            } catch {
                result = ["error": .string(error.description)]
            }
            writeOutput(result.serialized() + "\n")
        }
    }
}
