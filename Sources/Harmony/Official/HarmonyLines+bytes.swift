import JSON

extension HarmonyLines {
    /// A line as bytes for `render(line:)`, answered as bytes. What is no JSON gives an error.
    public func render(bytes: [UInt8]) -> [UInt8] {
        do throws(JSONError) {
            return render(line: try JSONValue.parse(bytes)).serializedBytes()
        } catch {
            let answer: JSONValue = ["error": invalid(error)]
            return answer.serializedBytes()
        }
    }

    /// A line as bytes for `parse(line:)`, answered as bytes. What is no JSON gives an error.
    public func parse(bytes: [UInt8]) -> [UInt8] {
        do throws(JSONError) {
            return parse(line: try JSONValue.parse(bytes)).serializedBytes()
        } catch {
            let answer: JSONValue = ["ok": false, "error": invalid(error)]
            return answer.serializedBytes()
        }
    }

    private func invalid(_ error: JSONError) -> JSONValue { OfficialError(.value, error.description).json }
}
