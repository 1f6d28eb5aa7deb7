import APISupport
import HTTPTypes
import Hummingbird
import JSON
import ModelLibrary

/// GetImportedModel, ListImportedModels and DeleteImportedModel.
struct ImportedModelRoutes: Sendable {
    let plane: ControlPlane

    var routes: [Route] {
        [
            Route(.get, "/imported-models") { request in
                let parameters = try ListParameters(request, name: .modelName)
                try request.caller.authorize("bedrock:ListImportedModels", on: "*")
                let page = try await plane.records.models(parameters.query)
                let answer = JSONValue.members([
                    "modelSummaries": .array(page.elements.map(summary)),
                    "nextToken": page.next.map { .string($0.token) },
                ])
                return .json(answer.serializedBytes())
            },
            Route(.get, "/imported-models/{model...}") { request in
                let model = try await plane.model(request.parameters["model"] ?? "")
                try request.caller.authorize("bedrock:GetImportedModel", on: plane.modelARN(model.id))
                return .json(description(model).serializedBytes())
            },
            Route(.delete, "/imported-models/{model...}") { request in
                let identifier = request.parameters["model"] ?? ""
                let model = try await plane.model(identifier)
                try request.caller.authorize("bedrock:DeleteImportedModel", on: plane.modelARN(model.id))
                guard try await plane.records.delete(model) else { throw ControlPlane.unknownModel(identifier) }
                return .json(Array("{}".utf8))
            },
        ]
    }

    private func summary(_ model: ImportedModel) -> JSONValue {
        .members([
            "modelArn": .string(plane.modelARN(model.id)),
            "modelName": .string(model.name),
            "creationTime": model.created.json,
            "instructSupported": true,
            "modelArchitecture": .string(model.architecture),
        ])
    }

    private func description(_ model: ImportedModel) -> JSONValue {
        .members([
            "modelArn": .string(plane.modelARN(model.id)),
            "modelName": .string(model.name),
            "jobName": model.job.map { .string($0.name) },
            "jobArn": model.job.map { .string(plane.jobARN($0.id)) },
            // A folder of the server's is nobody's business, and no source that this union knows.
            "modelDataSource": model.job.map { ["s3DataSource": ["s3Uri": .string($0.source)]] },
            "creationTime": model.created.json,
            "modelArchitecture": .string(model.architecture),
            "modelKmsKeyArn": model.job?.kmsKey.map(JSONValue.string),
            "instructSupported": true,
            "customModelUnits": [
                "customModelUnitsPerModelCopy": .number(JSONNumber(model.customModelUnits)),
                "customModelUnitsVersion": .string(CustomModelUnits.version),
            ],
        ])
    }
}
