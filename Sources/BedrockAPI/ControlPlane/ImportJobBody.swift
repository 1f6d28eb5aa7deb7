import APISupport
import ImportJobs
import ModelLibrary

/// The body of CreateModelImportJob.
struct ImportJobBody: Sendable {
    let request: ImportJobRequest

    /// - Throws: a ValidationException that names every member that is missing or wrong.
    init(_ body: [UInt8], account: AWSAccount) throws(BedrockError) {
        let members = try Members(body: body)
        let name = members.text("jobName", .jobName, isRequired: true)
        let modelName = members.text("importedModelName", .modelName, isRequired: true)
        let role = members.text("roleArn", .roleARN, isRequired: true)
        let source = Self.source(members)
        let token = members.text("clientRequestToken", .requestToken)
        let jobTags = members.tags("jobTags") ?? []
        let modelTags = members.tags("importedModelTags") ?? []
        let network = Self.network(members)
        let key = members.text("importedModelKmsKeyId", .kmsKey)
        try members.violations.check()
        guard let name, let modelName, let role, let source else {
            throw .validation("The request lacks jobName, importedModelName, roleArn or modelDataSource.")
        }
        var request = ImportJobRequest(name: name, modelName: modelName, role: role, source: source)
        request.requestToken = token
        request.jobTags = jobTags
        request.modelTags = modelTags
        request.network = network
        request.kmsKey = key.map { Self.keyARN($0, account) }
        self.request = request
    }

    private static let sourceRule = TextRule(
        1...1024, "s3://[a-z0-9][-.a-z0-9]{1,61}[a-z0-9](?:/[-!_*'().a-z0-9A-Z]+(?:/[-!_*'().a-z0-9A-Z]+)*)?/?"
    ) { ImportJobRequest.isSource(String(decoding: $0, as: UTF8.self)) }

    private static func source(_ members: Members) -> String? {
        guard let union = members.members("modelDataSource", isRequired: true) else { return nil }
        // A union has one member; none, another or several are all wrong.
        guard union.present.count == 1, let source = union.members("s3DataSource") else {
            if union.present.count != 1 || union.present.first != "s3DataSource" {
                members.violations.add(
                    "{\(union.present.joined(separator: ", "))}", at: members.path("modelDataSource"),
                    "Member must have exactly one member, s3DataSource")
            }
            return nil
        }
        return source.text("s3Uri", sourceRule, isRequired: true)
    }

    private static func network(_ members: Members) -> NetworkConfiguration? {
        guard let configuration = members.members("vpcConfig") else { return nil }
        let subnets = configuration.texts("subnetIds", count: 1...16, .networkID, isRequired: true)
        let groups = configuration.texts("securityGroupIds", count: 1...5, .networkID, isRequired: true)
        guard let subnets, let groups else { return nil }
        return NetworkConfiguration(subnets: subnets, securityGroups: groups)
    }

    /// Answers name keys by their ARNs.
    private static func keyARN(_ key: String, _ account: AWSAccount) -> String {
        if key.utf8.starts(with: "arn:".utf8) { return key }
        let resource = key.utf8.starts(with: "alias/".utf8) ? key : "key/\(key)"
        return "arn:aws:kms:\(account.region):\(account.id):\(resource)"
    }
}
