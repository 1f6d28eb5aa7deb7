import APISupport
import Conversation
import Generation
import Hummingbird
import JSON

/// GetImportedModel and ListImportedModels over the models that are served, and the lists next to them that interfaces ask
/// for when they start.
struct ImportedModelRoutes: Sendable {
    let context: RuntimeContext

    var routes: [Route] {
        [
            Route(.get, "/imported-models") { request in
                .json(list(try ImportedModelQuery(request), try await context.pool.entries()))
            },
            Route(.get, "/imported-models/{model...}") { request in
                let model = try await context.find(request.parameters["model"] ?? "")
                var writer = JSONWriter()
                write(model, to: &writer)
                return .json(writer.bytes)
            },
        ]
            + ["/foundation-models", "/custom-models"].map { path in
                Route(.get, path) { _ in .json(Array("{\"modelSummaries\":[]}".utf8)) }
            }
    }

    private func list(_ query: ImportedModelQuery, _ models: [ModelEntry]) -> [UInt8] {
        var writer = JSONWriter()
        writer.append(raw: "{\"modelSummaries\":")
        let (page, next) = query.page(of: models)
        writer.append(list: page) { write($1, to: &$0) }
        if let next {
            writer.append(raw: ",\"nextToken\":")
            writer.append(string: next)
        }
        writer.append(raw: "}")
        return writer.bytes
    }

    private func write(_ model: ModelEntry, to writer: inout JSONWriter) {
        writer.append(raw: "{\"modelArn\":")
        writer.append(string: ImportedModelARN(id: model.id).description)
        writer.append(raw: ",\"modelName\":")
        writer.append(string: model.name)
        writer.append(raw: ",\"creationTime\":")
        writer.append(string: Self.timestamp(model.created))
        writer.append(raw: ",\"modelArchitecture\":\"gpt_oss\",\"instructSupported\":true}")
    }

    /// `2026-01-02T03:04:05Z`.
    static func timestamp(_ unixSeconds: Int) -> String {
        let second = (unixSeconds % 86400 + 86400) % 86400
        let parts = [second / 3600, second / 60 % 60, second % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
        return "\(CalendarDate(unixSeconds: unixSeconds))T\(parts.joined(separator: ":"))Z"
    }
}
