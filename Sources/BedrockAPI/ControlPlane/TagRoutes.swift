import APISupport
import HTTPTypes
import Hummingbird
import JSON
import ModelLibrary

/// TagResource, UntagResource and ListTagsForResource.
struct TagRoutes: Sendable {
    let plane: ControlPlane

    var routes: [Route] {
        [
            Route(.post, "/tagResource") { request in
                let members = try Members(body: request.body)
                let resource = members.text("resourceARN", Self.resourceRule, isRequired: true)
                let tags = members.tags("tags", isRequired: true) ?? []
                try members.violations.check()
                try await change("bedrock:TagResource", resource, request) { try await plane.records.add(tags, to: $0) }
                return .json(Array("{}".utf8))
            },
            Route(.post, "/untagResource") { request in
                let members = try Members(body: request.body)
                let resource = members.text("resourceARN", Self.resourceRule, isRequired: true)
                let keys = members.texts("tagKeys", count: 0...LibraryRecords.tagLimit, .tagKey, isRequired: true) ?? []
                try members.violations.check()
                try await change("bedrock:UntagResource", resource, request) {
                    try await plane.records.remove(keys: keys, from: $0)
                }
                return .json(Array("{}".utf8))
            },
            Route(.post, "/listTagsForResource") { request in
                let members = try Members(body: request.body)
                let text = members.text("resourceARN", Self.resourceRule, isRequired: true)
                try members.violations.check()
                let tags = try await change("bedrock:ListTagsForResource", text, request) {
                    try await plane.records.tags(of: $0)
                }
                let list = tags.map { JSONValue.members(["key": .string($0.key), "value": .string($0.value)]) }
                return .json(JSONValue.members(["tags": .array(list)]).serializedBytes())
            },
        ]
    }

    /// Does something to a resource's tags if the caller may.
    @discardableResult
    private func change<Value>(
        _ action: String, _ text: String?, _ request: APIRequest, _ body: (TaggedResource) async throws -> Value
    ) async throws -> Value {
        let text = text ?? ""
        guard let arn = BedrockARN(text) else { throw Self.unknown(text) }
        try request.caller.authorize(action, on: BedrockARN(arn.kind, id: arn.id, in: plane.account).description)
        do throws(any Error) {
            return try await body(arn.kind == .importedModel ? .model(arn.id) : .job(arn.id))
        } catch TagError.unknownResource {
            throw Self.unknown(text)
        } catch TagError.tooMany {
            var error = BedrockError(
                .tooManyTags, "The resource would have more than \(LibraryRecords.tagLimit) tags.")
            error.resourceName = text
            throw error
        }
    }

    private static func unknown(_ arn: String) -> BedrockError {
        BedrockError(.resourceNotFound, "There is no resource '\(arn)'.")
    }

    /// ARNs of Amazon Bedrock's: those of kinds that this server does not have name nothing here.
    private static let resourceRule = TextRule(20...1011, "arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:.+") {
        bytes in
        let parts = bytes.split(separator: UInt8(ascii: ":"), maxSplits: 5, omittingEmptySubsequences: false)
        return parts.count == 6 && parts[0].elementsEqual("arn".utf8) && parts[1].starts(with: "aws".utf8)
            && parts[2].elementsEqual("bedrock".utf8) && !parts[5].isEmpty
    }
}
