import APISupport
import Conversation
import Hummingbird
import JSON
import OpenAIWire

/// `GET /v1/models` and `/v1/models/{id}`.
struct ModelRoutes: Sendable {
    let directory: ModelDirectory

    var routes: [Route] {
        [
            Route(.get, "/v1/models") { _ in .json(list()) },
            Route(.get, "/v1/models/{id...}") { request in
                let name = request.parameters["id"] ?? ""
                var writer = JSONWriter()
                write(try directory.model(named: name).service.model, as: name, to: &writer)
                return .json(writer.bytes)
            },
        ]
    }

    private func list() -> [UInt8] {
        var writer = JSONWriter()
        writer.append(raw: "{\"object\":\"list\",\"data\":")
        let entries = directory.services.flatMap { service in service.model.names.map { (service.model, $0) } }
        writer.append(list: entries) { writer, entry in write(entry.0, as: entry.1, to: &writer) }
        writer.append(raw: "}")
        return writer.bytes
    }

    private func write(_ model: ServedModel, as name: String, to writer: inout JSONWriter) {
        writer.append(raw: "{\"id\":")
        writer.append(string: name)
        writer.append(raw: ",\"object\":\"model\",\"created\":")
        writer.append(model.created)
        writer.append(raw: ",\"owned_by\":\"outcrop\",\"root\":")
        writer.append(string: model.name)
        writer.append(raw: ",\"parent\":null,\"max_model_len\":")
        writer.append(model.contextLength)
        writer.append(raw: "}")
    }
}
