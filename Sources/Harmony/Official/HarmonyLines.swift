import JSON
import Tokenizer

/// The JSON lines of `outcrop harmony render` and `outcrop harmony parse`, which answer as the official package does.
/// Never throws: what the package raises is in `error`.
public struct HarmonyLines: Sendable {
    private let encoding: HarmonyEncoding

    /// Lines for one vocabulary.
    public init(_ encoding: HarmonyEncoding) {
        self.encoding = encoding
    }

    /// `{"fn": "completion" | "conversation" | "training", "conversation": …, "next_role": …, "auto_drop_analysis": …}`
    /// → `{"ids": […], "text": …}` or `{"error": {"type": …, "message": …}}`
    ///
    /// Without `fn` a completion is rendered, without `next_role` for the assistant, without `auto_drop_analysis` with
    /// dropping.
    public func render(line: JSONValue) -> JSONValue {
        do throws(OfficialError) {
            let ids = try rendered(line)
            let bytes = (try? encoding.tokenizer.decode(ids)) ?? []
            return [
                "ids": .array(ids.map { JSONValue(Int($0)) }), "text": .string(String(decoding: bytes, as: UTF8.self)),
            ]
        } catch {
            return ["error": error.json]
        }
    }

    /// `{"role": … | null, "tokens": […], "strict": …}` → `{"ok": true, "messages": […]}` or
    /// `{"ok": false, "error": {"type": …, "message": …}}`
    ///
    /// Without `strict`, parsing is strict.
    public func parse(line: JSONValue) -> JSONValue {
        do throws(OfficialError) {
            let role = try optional("role", of: line, \.stringValue, "a string").map(role)
            let isStrict = try optional("strict", of: line, \.boolValue, "a boolean") ?? true
            let messages = try OfficialParser.messages(
                try tokens(line), encoding: encoding, role: role, isStrict: isStrict)
            return ["ok": true, "messages": .array(messages.map(\.officialJSON))]
        } catch {
            return ["ok": false, "error": error.json]
        }
    }

    private func rendered(_ line: JSONValue) throws(OfficialError) -> [Int32] {
        let function = try optional("fn", of: line, \.stringValue, "a string") ?? "completion"
        let dropsAnalysis = try optional("auto_drop_analysis", of: line, \.boolValue, "a boolean") ?? true
        guard let conversation = line["conversation"] else {
            let found = line.objectValue == nil ? line.kindName : "\(line.kindName) without it"
            throw OfficialError(.value, "expected an object with \"conversation\", found \(found)")
        }
        let messages = try OfficialConversation(conversation).messages
        let renderer = OfficialRenderer(encoding)
        switch function {
        case "completion":
            let nextRole = try role(try optional("next_role", of: line, \.stringValue, "a string") ?? "assistant")
            return try renderer.completion(messages, nextRole: nextRole, dropsAnalysis: dropsAnalysis)
        case "conversation":
            return try raisedAsRuntimeError { () throws(OfficialError) in
                try renderer.conversation(messages, dropsAnalysis: dropsAnalysis)
            }
        case "training":
            return try raisedAsRuntimeError { () throws(OfficialError) in
                try renderer.training(messages, dropsAnalysis: dropsAnalysis)
            }
        default:
            throw OfficialError(
                .value, "\"fn\" should be completion, conversation or training, found \"\(function)\"")
        }
    }

    /// These two functions of the package raise another class of error.
    private func raisedAsRuntimeError(_ render: () throws(OfficialError) -> [Int32]) throws(OfficialError) -> [Int32] {
        do throws(OfficialError) {
            return try render()
        } catch {
            throw OfficialError(.runtime, error.message)
        }
    }

    private func role(_ name: String) throws(OfficialError) -> HarmonyRole {
        guard let role = HarmonyRole(officialName: name) else { throw OfficialError(.value, "unknown role: \(name)") }
        return role
    }

    private func tokens(_ line: JSONValue) throws(OfficialError) -> [UInt32] {
        guard let elements = line["tokens"]?.arrayValue else {
            throw OfficialError(.value, "expected an object with an array \"tokens\"")
        }
        var tokens: [UInt32] = []
        tokens.reserveCapacity(elements.count)
        for element in elements {
            guard case .number(let number) = element, number.isInteger else {
                throw OfficialError(.value, "\"tokens\" should be integers, found \(element.kindName)")
            }
            guard let token = number.int.flatMap(UInt32.init(exactly:)) else {
                throw OfficialError(.overflow, "token \(number.lexeme) is no unsigned 32-bit integer")
            }
            tokens.append(token)
        }
        return tokens
    }

    /// A field that may be missing or null.
    private func optional<Value>(
        _ key: String, of line: JSONValue, _ value: (JSONValue) -> Value?, _ expected: String
    ) throws(OfficialError) -> Value? {
        guard let json = line[key], !json.isNull else { return nil }
        guard let value = value(json) else {
            throw OfficialError(.value, "\"\(key)\" should be \(expected), found \(json.kindName)")
        }
        return value
    }
}

extension HarmonyMessage {
    /// The message in the official package's JSON form.
    var officialJSON: JSONValue {
        var object = JSONObject([("role", .string(role.rawValue))])
        object["name"] = name.map(JSONValue.string)
        object["recipient"] = recipient.map(JSONValue.string)
        object["content"] = .string(text)
        object["channel"] = channel.map(JSONValue.string)
        object["content_type"] = contentType.map(JSONValue.string)
        return .object(object)
    }
}
