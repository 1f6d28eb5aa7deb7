import APISupport
import HTTPTypes
import Hummingbird
import ImportJobs
import JSON
import ModelLibrary

/// CreateModelImportJob, GetModelImportJob and ListModelImportJobs.
struct ImportJobRoutes: Sendable {
    let plane: ControlPlane

    var routes: [Route] {
        [
            Route(.post, "/model-import-jobs") { request in
                let body = try ImportJobBody(request.body, account: plane.account)
                try request.caller.authorize("bedrock:CreateModelImportJob", on: "*")
                let job = try await plane.queue.create(body.request)
                let answer = JSONValue.members(["jobArn": .string(plane.jobARN(job.id))])
                return .json(answer.serializedBytes(), status: .created)
            },
            Route(.get, "/model-import-jobs") { request in
                let parameters = try ListParameters(request, name: .jobName, hasStatus: true)
                try request.caller.authorize("bedrock:ListModelImportJobs", on: "*")
                let page = try await plane.queue.jobs(parameters.query, states: parameters.states)
                let answer = JSONValue.members([
                    "modelImportJobSummaries": .array(page.elements.map(summary)),
                    "nextToken": page.next.map { .string($0.token) },
                ])
                return .json(answer.serializedBytes())
            },
            Route(.get, "/model-import-jobs/{job...}") { request in
                let job = try await plane.job(request.parameters["job"] ?? "")
                try request.caller.authorize("bedrock:GetModelImportJob", on: plane.jobARN(job.id))
                return .json(description(job).serializedBytes())
            },
        ]
    }

    private func summary(_ job: ImportJob) -> JSONValue {
        .members([
            "jobArn": .string(plane.jobARN(job.id)),
            "jobName": .string(job.name),
            "status": .string(JobStatus(job.state).rawValue),
            "creationTime": job.created.json,
            "lastModifiedTime": job.modified.json,
            "endTime": job.ended?.json,
            "importedModelArn": modelARN(job),
            "importedModelName": .string(job.modelName),
        ])
    }

    private func description(_ job: ImportJob) -> JSONValue {
        .members([
            "jobArn": .string(plane.jobARN(job.id)),
            "jobName": .string(job.name),
            "importedModelName": .string(job.modelName),
            "importedModelArn": modelARN(job),
            "roleArn": .string(job.role),
            "modelDataSource": ["s3DataSource": ["s3Uri": .string(job.source)]],
            "status": .string(JobStatus(job.state).rawValue),
            "failureMessage": job.failure.map(JSONValue.string),
            "creationTime": job.created.json,
            "lastModifiedTime": job.modified.json,
            "endTime": job.ended?.json,
            "vpcConfig": job.network.map { network in
                [
                    "subnetIds": .array(network.subnets.map(JSONValue.string)),
                    "securityGroupIds": .array(network.securityGroups.map(JSONValue.string)),
                ]
            },
            "importedModelKmsKeyArn": job.kmsKey.map(JSONValue.string),
            // Not Amazon's: clients pass over members that they do not know.
            "outcropProgress": progress(job),
        ])
    }

    private func progress(_ job: ImportJob) -> JSONValue {
        let progress = job.progress
        let whole = { (number: Int) in JSONValue.number(JSONNumber(number)) }
        return .members([
            "phase": .string(job.state.rawValue),
            "bytesDone": whole(progress.bytesDone),
            "bytesTotal": whole(progress.bytesTotal),
            "bytesPerSecond": progress.bytesPerSecond.map { whole(Int($0.rounded())) },
            "secondsRemaining": progress.secondsRemaining.map { whole(Int($0.rounded(.up))) },
        ])
    }

    /// Told once the model is there, and still told when it has been deleted.
    private func modelARN(_ job: ImportJob) -> JSONValue? {
        job.state == .completed ? .string(plane.modelARN(job.modelID)) : nil
    }
}
