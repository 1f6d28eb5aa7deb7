import APISupport
import Conversation
import Hummingbird
import JSON
import OpenAIWire

/// `GET /v1/models` and `/v1/models/{id}`.
struct ModelRoutes: Sendable {
    let pool: ModelPool

    var routes: [Route] {
        [
            Route(.get, "/v1/models") { request in
                try request.caller.authorize(ModelAction.list.rawValue, on: "*")
                return .json(try await list())
            },
            Route(.get, "/v1/models/{id...}") { request in
                let name = request.parameters["id"] ?? ""
                let entry = try await pool.known(name)
                try request.caller.authorize(.get, on: entry, in: pool.account)
                var writer = JSONWriter()
                write(entry, as: name, contextLength: await pool.contextLength(of: entry), to: &writer)
                return .json(writer.bytes)
            },
        ]
    }

    private func list() async throws -> [UInt8] {
        var models: [(entry: ModelEntry, name: String, contextLength: Int?)] = []
        for entry in try await pool.entries() {
            let contextLength = await pool.contextLength(of: entry)
            models += entry.names.map { (entry, $0, contextLength) }
        }
        var writer = JSONWriter()
        writer.append(raw: "{\"object\":\"list\",\"data\":")
        writer.append(list: models) { writer, model in
            write(model.entry, as: model.name, contextLength: model.contextLength, to: &writer)
        }
        writer.append(raw: "}")
        return writer.bytes
    }

    /// - Parameter contextLength: known once the model is in memory.
    private func write(_ model: ModelEntry, as name: String, contextLength: Int?, to writer: inout JSONWriter) {
        writer.append(raw: "{\"id\":")
        writer.append(string: name)
        writer.append(raw: ",\"object\":\"model\",\"created\":")
        writer.append(model.created)
        writer.append(raw: ",\"owned_by\":\"outcrop\",\"root\":")
        writer.append(string: model.name)
        writer.append(raw: ",\"parent\":null,\"max_model_len\":")
        if let contextLength { writer.append(contextLength) } else { writer.append(raw: "null") }
        writer.append(raw: "}")
    }
}
