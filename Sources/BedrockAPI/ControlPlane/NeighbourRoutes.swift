import APISupport
import Hummingbird
import JSON

/// What stands next to imported models on Amazon Bedrock and does not exist here. Programs ask for these lists when they
/// start: they are empty.
enum NeighbourRoutes {
    /// The lists' paths, and the members that hold their elements.
    private static let lists: KeyValuePairs<String, String> = [
        "/custom-models": "modelSummaries",
        "/evaluation-jobs": "jobSummaries",
        "/foundation-models": "modelSummaries",
        "/guardrails": "guardrails",
        "/inference-profiles": "inferenceProfileSummaries",
        "/marketplace-model/endpoints": "marketplaceModelEndpoints",
        "/model-copy-jobs": "modelCopyJobSummaries",
        "/model-customization-jobs": "modelCustomizationJobSummaries",
        "/model-customization/custom-model-deployments": "modelDeploymentSummaries",
        "/model-invocation-jobs": "invocationJobSummaries",
        "/prompt-routers": "promptRouterSummaries",
        "/provisioned-model-throughputs": "provisionedModelSummaries",
    ]

    static var folders: [String] {
        lists.compactMap { $0.key.split(separator: "/").first.map(String.init) }
    }

    static var routes: [Route] {
        lists.flatMap { path, member in
            [
                Route(.get, path) { _ in .json(JSONValue.members([member: []]).serializedBytes()) },
                Route(.get, path + "/{resource...}") { request in
                    throw BedrockError(
                        .resourceNotFound, "There is no '\(request.parameters["resource"] ?? "")' at \(path).")
                },
            ]
        }
    }
}
