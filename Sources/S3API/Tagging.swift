import APISupport
import AWSProtocol
import HTTPTypes
import Hummingbird
import ObjectStore

/// The tags of objects.
extension S3Door {
    func getTagging(_ request: S3Request) async throws -> Response {
        try request.authorize(object: "GetObjectTagging")
        let object = try await store.object(try request.requiredBucket(), try request.key())
        var writer = XMLWriter()
        writer.element("Tagging", namespace: XMLWriter.s3) { tagging in
            tagging.element("TagSet") { set in
                for tag in object.attributes.tags {
                    set.element("Tag") { element in
                        element.element("Key", tag.name)
                        element.element("Value", tag.value)
                    }
                }
            }
        }
        return .xml(writer)
    }

    func putTagging(_ request: S3Request) async throws -> Response {
        try request.authorize(object: "PutObjectTagging")
        let document = try XMLParser.parse(try await request.document(limit: 64 << 10))
        guard document.name == "Tagging", let set = document.child("TagSet") else { throw S3Error(.malformedXML) }
        var tags: [ObjectAttributes.Field] = []
        for tag in set.children(named: "Tag") {
            guard let key = tag.text(of: "Key"), let value = tag.text(of: "Value") else { throw S3Error(.malformedXML) }
            guard !tags.contains(where: { $0.name.utf8.elementsEqual(key.utf8) }) else {
                throw S3Error(.invalidTag, "Cannot provide multiple Tags with the same key")
            }
            tags.append(.init(key, value))
        }
        try await store.setTags(try request.requiredBucket(), try request.key(), tags)
        return .empty()
    }

    func deleteTagging(_ request: S3Request) async throws -> Response {
        try request.authorize(object: "DeleteObjectTagging")
        try await store.setTags(try request.requiredBucket(), try request.key(), [])
        return .empty(.noContent)
    }
}
