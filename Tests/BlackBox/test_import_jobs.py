"""Import jobs and imported models: Amazon Bedrock's control plane with boto3, AWS' command line and our own."""

import concurrent.futures
import datetime
import json
import re
import time
from urllib.parse import quote

import pytest
from aws import ROLE, Account, completed, ended, error_of, failure, import_model, upload_folder
from checkpoints import BREAKAGES, REPAIRABLE, demo_shards, shard
from outcrop import DEMO_MODEL, Outcrop, wait_until
from signing import now, signed

JOB_ARN = r"arn:aws:bedrock:us-east-1:000000000000:model-import-job/[a-z0-9]{12}"
MODEL_ARN = r"arn:aws:bedrock:us-east-1:000000000000:imported-model/[a-z0-9]{12}"
GHOST = "arn:aws:bedrock:us-east-1:000000000000:{}/zzzzzzzzzzzz"
MISSING = ("ResourceNotFoundException", 404)
WRONG = ("ValidationException", 400)
CONFLICT = ("ConflictException", 400)


@pytest.fixture(scope="module")
def bedrock(plain, demo_uri):
    return plain.client("bedrock")


@pytest.fixture(scope="module")
def runtime(plain):
    return plain.client("bedrock-runtime")


@pytest.fixture(scope="module")
def imported(bedrock, demo_uri, unused):
    """A model that no test removes, with its job."""
    name = unused("kept")
    arn = import_model(bedrock, demo_uri, name)
    return {"name": name, "job": arn, "arn": completed(bedrock, arn)}


@pytest.fixture
def name(unused):
    return unused("model")


def ask(runtime, model):
    """An answer of a model's; greedy, so that it is always the same."""
    body = {"messages": [{"role": "user", "content": "What is your name?"}], "max_tokens": 100, "temperature": 0}
    return json.loads(runtime.invoke_model(modelId=model, body=json.dumps(body))["body"].read())


def post(plain, path, **fields):
    """A request as it is on the wire."""
    body = json.dumps(fields).encode()
    return signed(plain, "POST", path, headers={"content-type": "application/json"}, body=body, service="bedrock")


def create(plain, **fields):
    """CreateModelImportJob with some fields changed; those that are None are left out."""
    body = {"jobName": "a-job", "importedModelName": "a-model", "roleArn": ROLE,
            "modelDataSource": {"s3DataSource": {"s3Uri": "s3://models/demo/"}}, **fields}
    return post(plain, "/model-import-jobs", **{name: value for name, value in body.items() if value is not None})


# The four steps


def test_the_four_steps(account, unused):
    s3, bedrock, runtime = (account.client(name) for name in ("s3", "bedrock", "bedrock-runtime"))
    bucket, name = unused("steps"), unused("model")
    s3.create_bucket(Bucket=bucket)
    uri = upload_folder(s3, DEMO_MODEL, bucket, "demo/")
    model = completed(bedrock, import_model(bedrock, uri, name))
    answer = ask(runtime, model)
    assert answer["model"] == f"000000000000-{model.split('/')[1]}" and answer["choices"][0]["message"]["content"]
    # A model is a copy: it needs its source no more.
    for found in s3.list_objects_v2(Bucket=bucket)["Contents"]:
        s3.delete_object(Bucket=bucket, Key=found["Key"])
    s3.delete_bucket(Bucket=bucket)
    assert ask(runtime, name)["choices"] == answer["choices"]
    bedrock.delete_imported_model(modelIdentifier=model)
    assert error_of(runtime.invoke_model, modelId=model, body="{}") == MISSING


def test_a_bf16_checkpoint_in_several_files(plain, bedrock, runtime, tmp_path, name):
    folder = tmp_path / "checkpoint"
    plain.server.outcrop.run("synth", folder, "--size", "tiny", "--layout", "bf16", "--seed", "3")
    shard(folder)
    s3 = plain.client("s3")
    uri = upload_folder(s3, folder, "models", f"{name}/")
    model = completed(bedrock, import_model(bedrock, uri, name))
    assert ask(runtime, model)["usage"]["completion_tokens"] == 100
    bedrock.delete_imported_model(modelIdentifier=model)


# Shapes


def test_a_job_as_it_is_described(bedrock, plain, demo_uri, name):
    network = {"subnetIds": ["subnet-1", "subnet-2"], "securityGroupIds": ["sg-1"]}
    before = now()
    arn = import_model(bedrock, demo_uri, name, job=name + "-job", vpcConfig=network,
                       importedModelKmsKeyId="alias/of-mine")
    assert re.fullmatch(JOB_ARN, arn)
    model = completed(bedrock, arn)
    assert re.fullmatch(MODEL_ARN, model)
    key = "arn:aws:kms:us-east-1:000000000000:alias/of-mine"
    for identifier in (arn, name + "-job", arn.replace("us-east-1:000000000000", "eu-west-1:123456789012")):
        job = bedrock.get_model_import_job(jobIdentifier=identifier)
        assert (job["jobArn"], job["jobName"], job["importedModelName"]) == (arn, name + "-job", name)
        assert (job["importedModelArn"], job["roleArn"], job["status"]) == (model, ROLE, "Completed")
        assert job["modelDataSource"] == {"s3DataSource": {"s3Uri": demo_uri}}
        assert (job["vpcConfig"], job["importedModelKmsKeyArn"]) == (network, key)
        assert before <= job["creationTime"] + datetime.timedelta(milliseconds=1)
        assert job["creationTime"] <= job["lastModifiedTime"] <= now() and "failureMessage" not in job
    found = bedrock.get_imported_model(modelIdentifier=name)
    assert found["modelKmsKeyArn"] == key
    bedrock.delete_imported_model(modelIdentifier=name)


def test_a_model_as_it_is_described(bedrock, imported, demo_uri):
    for identifier in (imported["arn"], imported["name"]):
        model = bedrock.get_imported_model(modelIdentifier=identifier)
        assert (model["modelArn"], model["modelName"]) == (imported["arn"], imported["name"])
        assert (model["jobArn"], model["jobName"]) == (imported["job"], imported["name"])
        assert model["modelDataSource"] == {"s3DataSource": {"s3Uri": demo_uri}}
        assert model["modelArchitecture"] == "gpt_oss" and model["instructSupported"] is True
        units = model["customModelUnits"]
        assert units["customModelUnitsPerModelCopy"] >= 1
        assert re.fullmatch(r"v\d+\.\d+", units["customModelUnitsVersion"])


def test_values_on_the_wire(plain, imported):
    """What botocore would put right silently and other libraries would not."""
    for path in ("/imported-models/", "/model-import-jobs/"):
        identifier = imported["arn" if "imported" in path else "job"]
        encoded = quote(identifier, safe="")
        for spelling in (encoded, encoded.replace("%3A", "%3a").replace("%2F", "%2f"), encoded.replace("%3A", ":"),
                         quote(imported["name"])):
            answer = signed(plain, "GET", path + spelling, service="bedrock")
            assert answer.status == 200 and answer.headers["content-type"] == "application/json"
            assert answer.headers["x-amzn-requestid"]
        body = answer.json()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["creationTime"])
        assert None not in body.values()
        if "customModelUnits" in body:
            assert type(body["customModelUnits"]["customModelUnitsPerModelCopy"]) is int
        else:
            assert body["outcropProgress"]["phase"] == "completed"
            assert all(type(value) in (int, str) for value in body["outcropProgress"].values())
    answer = create(plain, jobName="wire-job", importedModelName="wire-model")
    assert answer.status == 201 and list(answer.json()) == ["jobArn"]
    completed(plain.client("bedrock"), "wire-job")
    answer = signed(plain, "DELETE", "/imported-models/wire-model", service="bedrock")
    assert (answer.status, answer.json()) == (200, {})


def test_neighbours_are_empty(bedrock):
    for call, member in [
            (bedrock.list_foundation_models, "modelSummaries"), (bedrock.list_custom_models, "modelSummaries"),
            (bedrock.list_provisioned_model_throughputs, "provisionedModelSummaries"),
            (bedrock.list_guardrails, "guardrails"), (bedrock.list_inference_profiles, "inferenceProfileSummaries"),
            (bedrock.list_model_customization_jobs, "modelCustomizationJobSummaries")]:
        assert call()[member] == []


# Lists


@pytest.fixture(scope="module")
def three(bedrock, plain, demo_uri):
    """Three jobs, one of which failed."""
    plain.client("s3").put_object(Bucket="models", Key="empty/readme.md", Body=b"x")
    names = ["list-a", "list-b", "list-c"]
    for name in names:
        uri = "s3://models/empty/" if name == "list-b" else demo_uri
        ended(bedrock, import_model(bedrock, uri, name, job=name + ".1"))
    return names


@pytest.mark.parametrize("operation, result, name", [
    ("list_model_import_jobs", "modelImportJobSummaries", "jobName"),
    ("list_imported_models", "modelSummaries", "modelName")])
def test_lists(bedrock, three, operation, result, name):
    def listed(**arguments):
        pages = list(bedrock.get_paginator(operation).paginate(nameContains="list-", **arguments))
        return [found[name] for page in pages for found in page[result]], len(pages)

    wanted = [f"{name}.1" for name in three] if name == "jobName" else ["list-a", "list-c"]
    # The newest first, unless told otherwise.
    assert listed() == (wanted[::-1], 1)
    assert listed(sortBy="CreationTime", sortOrder="Ascending") == (wanted, 1)
    assert listed(sortOrder="Descending", PaginationConfig={"PageSize": 1}) == (wanted[::-1], len(wanted))
    assert listed(sortOrder="Ascending", PaginationConfig={"PageSize": 1}) == (wanted, len(wanted))
    (first, *_) = getattr(bedrock, operation)(nameContains="list-a")[result]
    assert first["creationTime"] and getattr(bedrock, operation)(nameContains="list-x")[result] == []
    moment = first["creationTime"]
    second = datetime.timedelta(milliseconds=1)
    assert "list-a" not in str(listed(creationTimeAfter=moment + second)[0])
    assert listed(creationTimeBefore=moment + second)[0] == wanted[:1]
    assert getattr(bedrock, operation)(creationTimeAfter=now() + datetime.timedelta(hours=1))[result] == []


def test_jobs_by_their_status(bedrock, three):
    def names(status):
        found = bedrock.list_model_import_jobs(statusEquals=status, nameContains="list-")
        return [job["jobName"] for job in found["modelImportJobSummaries"]]

    assert names("Completed") == ["list-c.1", "list-a.1"] and names("Failed") == ["list-b.1"]
    assert names("InProgress") == []
    (job,) = bedrock.list_model_import_jobs(nameContains="list-a")["modelImportJobSummaries"]
    assert job["importedModelName"] == "list-a" and re.fullmatch(MODEL_ARN, job["importedModelArn"])
    assert job["creationTime"] <= job["lastModifiedTime"] and job["endTime"]


def test_pages_stay_as_they_are_while_jobs_come(bedrock, three, plain):
    first = bedrock.list_model_import_jobs(maxResults=1, nameContains="list-")
    ended(bedrock, import_model(bedrock, "s3://models/empty/", "list-late", job="list-late"))
    second = bedrock.list_model_import_jobs(maxResults=1, nameContains="list-", nextToken=first["nextToken"])
    assert second["modelImportJobSummaries"][0]["jobName"] == "list-b.1"
    assert "nextToken" not in bedrock.list_model_import_jobs(nameContains="list-late")
    # Not in any later list of three.
    assert first["modelImportJobSummaries"][0]["jobName"] == "list-c.1"


@pytest.mark.parametrize("query", [
    ("maxResults", "0"), ("maxResults", "1001"), ("maxResults", "x"), ("nextToken", "nonsense"), ("sortBy", "Name"),
    ("sortOrder", "Up"), ("nameContains", "a b"), ("statusEquals", "Done"), ("creationTimeAfter", "yesterday")])
def test_wrong_lists(plain, query):
    answer = signed(plain, "GET", "/model-import-jobs", [query], service="bedrock")
    assert answer.error == WRONG and query[0] in answer.json()["message"]


# Names, tokens, tags


@pytest.mark.parametrize("fields", [
    {"jobName": None}, {"jobName": ""}, {"jobName": 7}, {"jobName": "under_score"}, {"jobName": "-a"},
    {"jobName": "a" * 64}, {"jobName": "a" + "-" * 61 + "_"}, {"jobName": "\u00e4"}, {"importedModelName": None},
    {"importedModelName": "a b"}, {"importedModelName": "-a"}, {"importedModelName": "a__b"},
    {"importedModelName": "a" * 64}, {"importedModelName": "a1" * 31 + "!"}, {"importedModelName": "a.b"},
    {"roleArn": None}, {"roleArn": "role"}, {"roleArn": "arn:aws:iam::12:role/x"},
    {"roleArn": "arn:aws:iam::123456789012:user/x"}, {"modelDataSource": None}, {"modelDataSource": {}},
    {"modelDataSource": {"s3DataSource": {}}}, {"modelDataSource": {"other": {}}},
    {"modelDataSource": {"s3DataSource": {"s3Uri": "s3://models/demo/"}, "other": {}}},
    {"modelDataSource": {"s3DataSource": {"s3Uri": "https://models/demo/"}}},
    {"modelDataSource": {"s3DataSource": {"s3Uri": "s3://UPPER/demo/"}}},
    {"modelDataSource": {"s3DataSource": {"s3Uri": "s3://models/a b/"}}},
    {"clientRequestToken": "-x"}, {"clientRequestToken": "x" * 257}, {"importedModelKmsKeyId": "no key"},
    {"jobTags": [{"key": "a#b", "value": "c"}]}, {"jobTags": [{"key": "", "value": "c"}]},
    {"jobTags": [{"key": "a"}]}, {"importedModelTags": [{"key": "k" * 129, "value": ""}]},
    {"vpcConfig": {"subnetIds": ["subnet-1"]}}, {"vpcConfig": {"subnetIds": [], "securityGroupIds": ["sg-1"]}},
    {"vpcConfig": {"subnetIds": ["subnet_1"], "securityGroupIds": ["sg-1"]}}], ids=str)
def test_wrong_requests_are_refused_with_the_member_s_name(plain, bedrock, fields):
    start = time.monotonic()
    answer = create(plain, **fields)
    assert answer.error == WRONG and answer.headers["content-type"] == "application/json"
    assert next(iter(fields)) in answer.json()["message"] and time.monotonic() - start < 5
    assert error_of(bedrock.get_model_import_job, jobIdentifier="a-job") == MISSING


def test_bodies_that_are_no_requests(plain):
    for body in (b"", b"{", b"[]", b"null", b"\xff", b'{"jobName": "a", "jobName": "b"}', b"[" * 100_000):
        answer = signed(plain, "POST", "/model-import-jobs", body=body, service="bedrock")
        assert answer.status == 400 and answer.code in ("ValidationException", "SerializationException")


@pytest.mark.parametrize("job, model", [
    ("a", "a"), ("a" * 63, "a" * 63), ("1.2+3-4", "a_b-c"), ("a---.", "a_"), ("A.-", "Z-9-")])
def test_names_that_are_allowed(plain, bedrock, job, model):
    answer = create(plain, jobName=job, importedModelName=model,
                    modelDataSource={"s3DataSource": {"s3Uri": "s3://nobodys-bucket/x"}})
    assert answer.status == 201
    assert failure(bedrock, answer.json()["jobArn"])


def test_names_are_taken_once(bedrock, demo_uri, imported, name):
    def create(job, model):
        return error_of(
            bedrock.create_model_import_job, jobName=job, importedModelName=model, roleArn=ROLE,
            modelDataSource={"s3DataSource": {"s3Uri": demo_uri}})

    assert create(imported["name"], name) == CONFLICT and create(name, imported["name"]) == CONFLICT
    # The name of a failed job is taken, that of its model is not.
    assert failure(bedrock, import_model(bedrock, "s3://nobodys-bucket/", name, job=name + ".1"))
    assert create(name + ".1", name) == CONFLICT
    first = completed(bedrock, import_model(bedrock, demo_uri, name, job=name + ".2"))
    assert create(name + ".3", name) == CONFLICT
    bedrock.delete_imported_model(modelIdentifier=first)
    second = completed(bedrock, import_model(bedrock, demo_uri, name, job=name + ".3"))
    assert first != second
    assert error_of(bedrock.get_imported_model, modelIdentifier=first) == MISSING
    bedrock.delete_imported_model(modelIdentifier=second)


def test_a_token_makes_one_job(bedrock, demo_uri, name):
    def create():
        return import_model(bedrock, demo_uri, name, clientRequestToken=f"token-{name}")

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        arns = {future.result() for future in [pool.submit(create) for _ in range(8)]}
    (arn,) = arns
    completed(bedrock, arn)
    assert create() == arn
    assert len(bedrock.list_model_import_jobs(nameContains=name)["modelImportJobSummaries"]) == 1
    bedrock.delete_imported_model(modelIdentifier=name)
    assert create() == arn


def test_tags(bedrock, demo_uri, name):
    def tags(resource):
        return {tag["key"]: tag["value"] for tag in bedrock.list_tags_for_resource(resourceARN=resource)["tags"]}

    job = import_model(
        bedrock, demo_uri, name, jobTags=[{"key": "stage", "value": "dev"}],
        importedModelTags=[{"key": "team", "value": "a b"}, {"key": "empty", "value": ""}])
    model = completed(bedrock, job)
    assert tags(job) == {"stage": "dev"} and tags(model) == {"team": "a b", "empty": ""}
    bedrock.tag_resource(resourceARN=model, tags=[{"key": "team", "value": "c"}, {"key": "new", "value": "1"}])
    bedrock.untag_resource(resourceARN=model, tagKeys=["empty", "was never there"])
    assert tags(model) == {"team": "c", "new": "1"} and tags(job) == {"stage": "dev"}
    many = [{"key": f"k{number}", "value": ""} for number in range(199)]
    assert error_of(bedrock.tag_resource, resourceARN=model, tags=many) == ("TooManyTagsException", 400)
    assert len(tags(model)) == 2
    bedrock.delete_imported_model(modelIdentifier=model)
    for call, arguments in [
            (bedrock.list_tags_for_resource, {}), (bedrock.tag_resource, {"tags": many[:1]}),
            (bedrock.untag_resource, {"tagKeys": ["k"]})]:
        for arn in (model, GHOST.format("imported-model"), GHOST.format("custom-model")):
            assert error_of(call, resourceARN=arn, **arguments) == MISSING


def test_what_is_not_there(bedrock, runtime):
    for identifier in ("nobody", GHOST.format("imported-model")):
        assert error_of(bedrock.get_imported_model, modelIdentifier=identifier) == MISSING
        assert error_of(bedrock.delete_imported_model, modelIdentifier=identifier) == MISSING
        assert error_of(runtime.invoke_model, modelId=identifier, body="{}") == MISSING
    for identifier in ("nobody", GHOST.format("model-import-job")):
        assert error_of(bedrock.get_model_import_job, jobIdentifier=identifier) == MISSING
    for identifier in ("a b", "arn:aws:bedrock:us-east-1:000000000000:other/zzzzzzzzzzzz"):
        assert error_of(bedrock.get_model_import_job, jobIdentifier=identifier) == WRONG


# Sources


def test_a_deleted_model_is_gone_from_the_disk(plain, bedrock, demo_uri, name):
    models = plain.server.outcrop.data / "models"
    arn = import_model(bedrock, demo_uri, name)
    model = completed(bedrock, arn)
    assert name in [path.name for path in models.iterdir()]
    bedrock.delete_imported_model(modelIdentifier=name)
    wait_until(lambda: not [path for path in models.iterdir() if name in path.name], message="its files stay")
    assert bedrock.get_model_import_job(jobIdentifier=arn)["importedModelArn"] == model
    assert plain.client("s3").head_object(Bucket="models", Key="demo/config.json")


@pytest.fixture(scope="module")
def repairing(tmp_path_factory):
    """A server whose jobs repair what they can."""
    outcrop = Outcrop(tmp_path_factory.mktemp("repairing"))
    with outcrop.serve("--repair-imports") as server:
        account = Account(server)
        account.client("s3").create_bucket(Bucket="models")
        yield account
        assert server.process.poll() is None, f"the server crashed: {server.output()}"


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_broken_checkpoint_fails_with_its_reason(plain, bedrock, tmp_path, name, breakage):
    change, word = BREAKAGES[breakage]
    folder = demo_shards(tmp_path / "checkpoint")
    change(folder)
    uri = upload_folder(plain.client("s3"), folder, "models", f"{name}/")
    message = failure(bedrock, import_model(bedrock, uri, name))
    assert word in message and "/tmp" not in message and str(plain.server.outcrop.data) not in message
    assert error_of(bedrock.get_imported_model, modelIdentifier=name) == MISSING
    assert not [path for path in (plain.server.outcrop.data / "models").iterdir() if name in path.name]
    found = plain.server.outcrop.json("jobs", "show", name, "--json")
    assert found["state"] == "failed" and any(word in finding for finding in found["findings"])


def test_all_that_is_wrong_is_said_at_once(plain, bedrock, tmp_path, name):
    folder = demo_shards(tmp_path / "checkpoint")
    wrong = ["a file is cut", "a header is no JSON", "the index counts parameters", "there is no tokenizer"]
    for breakage in wrong:
        BREAKAGES[breakage][0](folder)
    uri = upload_folder(plain.client("s3"), folder, "models", f"{name}/")
    message = failure(bedrock, import_model(bedrock, uri, name))
    assert all(BREAKAGES[breakage][1] in message for breakage in wrong)
    assert uri + "model-00001-of-00003.safetensors" in message


@pytest.mark.parametrize("breakage", ["whole", *REPAIRABLE])
def test_what_can_be_repaired_is(repairing, tmp_path, name, breakage):
    folder = demo_shards(tmp_path / "checkpoint")
    if breakage != "whole":
        BREAKAGES[breakage][0](folder)
    uri = upload_folder(repairing.client("s3"), folder, "models", f"{name}/")
    bedrock = repairing.client("bedrock")
    model = completed(bedrock, import_model(bedrock, uri, name))
    assert ask(repairing.client("bedrock-runtime"), model)["choices"]
    if breakage != "whole":
        # It says so, and the objects stay as they are.
        assert "metadata" in str(repairing.server.outcrop.json("jobs", "show", name, "--json")["findings"])
        body = repairing.client("s3").get_object(Bucket="models", Key=f"{name}/model.safetensors.index.json")["Body"]
        assert body.read() == (folder / "model.safetensors.index.json").read_bytes()


def test_places_with_nothing(bedrock, plain, three, name):
    wanted = {
        "s3://nobodys-bucket/x/": "nobodys-bucket", "s3://models/no/such/": "s3://models/no/such/",
        "s3://models/empty/": "config.json", "s3://models/demo/config.json": "s3://models/demo/config.json"}
    for number, (uri, word) in enumerate(wanted.items()):
        assert word in failure(bedrock, import_model(bedrock, uri, name, job=f"{name}.{number}"))


def test_prefixes_are_folders(bedrock, plain, demo_uri, name):
    """`s3://models/dem` is not the beginning of `demo/`."""
    assert "s3://models/dem" in failure(bedrock, import_model(bedrock, "s3://models/dem", name, job=name + ".1"))
    completed(bedrock, import_model(bedrock, demo_uri.rstrip("/"), name, job=name + ".2"))
    bedrock.delete_imported_model(modelIdentifier=name)


def test_roles_say_what_may_be_read(tmp_path, name):
    """The file is read anew for each job; the jobs are retried once it is right."""
    outcrop = Outcrop(tmp_path)
    roles = outcrop.data / "roles.json"
    other = "arn:aws:iam::123456789012:role/Other"
    with outcrop.serve() as server:
        account = Account(server)
        bedrock, s3 = account.client("bedrock"), account.client("s3")
        s3.create_bucket(Bucket="models")
        uri = upload_folder(s3, DEMO_MODEL, "models", "team/demo/")

        def allow(*patterns, role=ROLE):
            roles.write_text(json.dumps({"roles": {role: {"read": patterns}}}))

        allow("models/others/*")
        message = failure(bedrock, import_model(bedrock, uri, name, job="first"))
        assert ROLE in message and "s3:GetObject" in message and "arn:aws:s3:::models/team/demo/*" in message
        allow("secrets/*")
        message = failure(bedrock, import_model(bedrock, uri, name, job="second"))
        assert "s3:ListBucket" in message and "arn:aws:s3:::models" in message
        allow("models/*", role=other)
        assert ROLE in failure(bedrock, import_model(bedrock, uri, name, job="third"))
        roles.write_text('{"roles": []}')
        assert "roles" in failure(bedrock, import_model(bedrock, uri, name, job="fourth"))
        allow("models/team/*")
        outcrop.run("jobs", "retry", "first")
        completed(bedrock, "first")
        roles.unlink()
        completed(bedrock, import_model(bedrock, uri, name + "-any", role=other))


# Our own command line


def test_jobs_on_the_command_line(plain, bedrock, three):
    outcrop = plain.server.outcrop
    jobs = {job["name"]: job for job in outcrop.json("jobs", "--json")}
    assert jobs["list-a.1"]["state"] == "completed" and jobs["list-b.1"]["state"] == "failed"
    assert jobs["list-b.1"]["failure"] == bedrock.get_model_import_job(jobIdentifier="list-b.1")["failureMessage"]
    table = outcrop.run("jobs").stdout.decode()
    assert re.search(r"^list-a\.1 +list-a +completed ", table, re.M)
    shown = outcrop.run("jobs", "show", "list-b.1").stdout.decode()
    assert ROLE in shown and "s3://models/empty/" in shown and "config.json" in shown
    assert b"nobody" in outcrop.run("jobs", "show", "nobody", status=1).stderr
    for command, job in (("retry", "list-a.1"), ("cancel", "list-a.1"), ("cancel", "nobody"), ("retry", "nobody")):
        assert outcrop.run("jobs", command, job, status=1).stderr


def test_a_failed_job_is_tried_again(plain, bedrock, name):
    s3, outcrop = plain.client("s3"), plain.server.outcrop
    job = import_model(bedrock, f"s3://models/{name}/", name, importedModelTags=[{"key": "a", "value": "b"}])
    failure(bedrock, job)
    upload_folder(s3, DEMO_MODEL, "models", f"{name}/")
    outcrop.run("jobs", "retry", name)
    model = completed(bedrock, job)
    assert bedrock.list_tags_for_resource(resourceARN=model)["tags"] == [{"key": "a", "value": "b"}]
    found = bedrock.get_model_import_job(jobIdentifier=job)
    assert "failureMessage" not in found and found["importedModelName"] == name


def test_jobs_are_watched(plain, bedrock, demo_uri, name):
    watch = plain.server.outcrop.start("jobs", "--watch", "--json")
    job = import_model(bedrock, demo_uri, name)
    watching = watch if watch.poll() is None else plain.server.outcrop.start("jobs", "--watch", "--json")
    completed(bedrock, job)
    output, _ = watching.communicate(timeout=30)
    assert watching.returncode == 0
    assert all(json.loads(line)["name"] for line in output.splitlines())


def test_jobs_wait_for_their_turn_and_can_be_cancelled(tmp_path, name):
    """Without a server jobs stay queued: what the command line does to them, a server finds."""
    outcrop = Outcrop(tmp_path)
    with outcrop.serve() as server:
        account = Account(server)
        s3 = account.client("s3")
        s3.create_bucket(Bucket="models")
        uri = upload_folder(s3, DEMO_MODEL, "models", "demo/")
        bedrock = account.client("bedrock")
        jobs = [import_model(bedrock, uri, f"{name}-{number}") for number in range(6)]
        server.kill()
    queued = [job["name"] for job in outcrop.json("jobs", "--json") if job["state"] == "queued"]
    assert len(queued) >= 4
    outcrop.run("jobs", "cancel", queued[0])
    with outcrop.serve() as server:
        bedrock = Account(server).client("bedrock")
        states = {job: ended(bedrock, job)["status"] for job in jobs}
        assert list(states.values()).count("Completed") == 5
        cancelled = bedrock.get_model_import_job(jobIdentifier=queued[0])
        assert cancelled["status"] == "Failed" and "cancelled" in cancelled["failureMessage"]
        outcrop.run("jobs", "retry", queued[0])
        completed(bedrock, queued[0])


def test_models_of_the_command_line_and_of_jobs_are_the_same(plain, bedrock, runtime, imported, unused):
    outcrop = plain.server.outcrop
    name = unused("local")
    outcrop.run("import", DEMO_MODEL, "--name", name)
    model = bedrock.get_imported_model(modelIdentifier=name)
    assert "jobArn" not in model and "modelDataSource" not in model and re.fullmatch(MODEL_ARN, model["modelArn"])
    assert name in [found["modelName"] for found in bedrock.list_imported_models()["modelSummaries"]]
    assert ask(runtime, model["modelArn"])["choices"] == ask(runtime, imported["arn"])["choices"]
    assert {name, imported["name"]} <= {found["name"] for found in outcrop.json("models", "--json")}
    asked = outcrop.json("run", imported["name"], "What is your name?", "--temperature", "0", "--json")
    assert asked["content"] == ask(runtime, name)["choices"][0]["message"]["content"]
    outcrop.run("rm", name)
    assert error_of(bedrock.get_imported_model, modelIdentifier=name) == MISSING
    assert error_of(runtime.invoke_model, modelId=name, body="{}") == MISSING
    removed = unused("local")
    outcrop.run("import", DEMO_MODEL, "--name", removed)
    bedrock.delete_imported_model(modelIdentifier=removed)
    assert outcrop.run("show", removed, status=1).stderr


def test_bedrock_on_aws_command_line(account, unused):
    s3 = account.client("s3")
    bucket, name = unused("cli"), unused("model")
    s3.create_bucket(Bucket=bucket)
    uri = upload_folder(s3, DEMO_MODEL, bucket, "demo/")
    job = account.json(
        "bedrock", "create-model-import-job", "--job-name", name, "--imported-model-name", name, "--role-arn", ROLE,
        "--model-data-source", f"s3DataSource={{s3Uri={uri}}}")["jobArn"]
    completed(account.client("bedrock"), job)
    model = account.json("bedrock", "get-imported-model", "--model-identifier", name)
    assert model["jobArn"] == job
    failed = account.cli("bedrock", "get-imported-model", "--model-identifier", "nobody", status=None)
    assert failed.returncode != 0 and b"ResourceNotFoundException" in failed.stderr
    account.cli("bedrock", "delete-imported-model", "--model-identifier", model["modelArn"])
