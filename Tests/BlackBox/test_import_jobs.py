"""Import jobs with AWS' own clients: what is asked for, queued, refused, found and left."""

import json
import re
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import numpy
import pytest
from aws import ROLE, Account, completed, ended, error_of, failure, import_model, keys_of, upload_folder
from botocore.exceptions import ClientError
from outcrop import DEMO_MODEL, FIXTURES, Outcrop, read_header, read_safetensors, wait_until, write_with_header
from signing import signed

SHARDED = FIXTURES / "checkpoints" / "d1-base" / "hf-bf16-sharded"
INDEX = "model.safetensors.index.json"
CONFLICT, MISSING, WRONG = ("ConflictException", 400), ("ResourceNotFoundException", 404), ("ValidationException", 400)
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
READER = "arn:aws:iam::123456789012:role/Reader"


@pytest.fixture(scope="module")
def bedrock(plain):
    return plain.client("bedrock")


@pytest.fixture(scope="module")
def runtime(plain):
    return plain.client("bedrock-runtime")


@pytest.fixture(scope="module")
def store(plain):
    return plain.client("s3")


@pytest.fixture(scope="module")
def imported(bedrock, demo_uri):
    """A finished job with tags, as it was asked for."""
    job = import_model(
        bedrock, demo_uri, "shapes", job="shapes-job", clientRequestToken="shapes-token",
        jobTags=[{"key": "stage", "value": "dev"}], importedModelTags=[{"key": "team", "value": "a b"}],
        vpcConfig={"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1", "sg-2"]}, importedModelKmsKeyId="alias/mine")
    return {"job": job, "model": completed(bedrock, job)}


@pytest.fixture(scope="module")
def repairing(tmp_path_factory):
    """A server that repairs what it can, runs three jobs at a time and knows two roles."""
    outcrop = Outcrop(tmp_path_factory.mktemp("repairing"))
    (outcrop.data / "roles.json").write_text(json.dumps({"roles": {
        ROLE: {"read": ["models/*"]}, READER: {"read": ["models/demo/*", "secrets-not/*"]}}}))
    with outcrop.serve("--repair-imports", "--import-jobs", "3") as server:
        account = Account(server)
        s3 = account.client("s3")
        for bucket in ("models", "secrets"):
            s3.create_bucket(Bucket=bucket)
            upload_folder(s3, DEMO_MODEL, bucket, "demo/")
        upload_folder(s3, SHARDED, "models", "sharded/")
        yield account
        assert server.process.poll() is None, f"the server crashed: {server.output()}"


def say(text="What is your name?", **fields):
    return json.dumps({"messages": [{"role": "user", "content": text}], "max_tokens": 60, "temperature": 0, **fields})


def answer_of(runtime, model):
    """What a model says, greedily."""
    body = json.loads(runtime.invoke_model(modelId=model, body=say())["body"].read())
    return body["choices"][0]["message"]


def message_of(call, **arguments):
    """The message of a ValidationException."""
    with pytest.raises(ClientError) as error:
        call(**arguments)
    assert error.value.response["Error"]["Code"] == "ValidationException"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return error.value.response["Error"]["Message"]


def brain_floats(values):
    """Single-precision numbers that bfloat16 can hold, as its bits."""
    bits = values.astype("<f4").view("<u4")
    assert not (bits & 0xFFFF).any()
    return (bits >> 16).astype("<u2")


def expanded(blocks, scales):
    """The bfloat16 tensor that MXFP4 blocks and scales stand for, as Transformers lays it out (OCP MX, 5.3.3)."""
    positive = numpy.array([0, 0.5, 1, 1.5, 2, 3, 4, 6], "<f4")
    table = numpy.concatenate([positive, -positive])
    values = numpy.stack([table[blocks & 15], table[blocks >> 4]], -1).reshape(*blocks.shape[:-1], -1)
    values = values * numpy.exp2(scales.astype("<f4") - 127)[..., None]
    return brain_floats(values.reshape(*blocks.shape[:2], -1).transpose(0, 2, 1))


def sharded_checkpoint(folder):
    """The demo model as a bfloat16 checkpoint of three shards with an index."""
    folder.mkdir()
    for path in DEMO_MODEL.iterdir():
        if path.suffix == ".json":
            shutil.copyfile(path, folder / path.name)
    config = json.loads((folder / "config.json").read_text())
    del config["quantization_config"]
    (folder / "config.json").write_text(json.dumps(config))
    source = read_safetensors(DEMO_MODEL / "model.safetensors")
    types = read_header(DEMO_MODEL / "model.safetensors")[0]
    tensors = {}
    for name, tensor in source.items():
        if name.endswith("_blocks"):
            stem = name.removesuffix("_blocks")
            tensors[stem] = expanded(tensor, source[stem + "_scales"])
        elif not name.endswith("_scales"):
            assert types[name]["dtype"] == "BF16"
            tensors[name] = tensor
    places, names = {}, sorted(tensors)
    for number in range(3):
        file = f"model-{number + 1:05}-of-00003.safetensors"
        header, data = {"__metadata__": {"format": "pt"}}, b""
        for name in names[number::3]:
            piece = tensors[name].astype("<u2").tobytes()
            header[name] = {
                "dtype": "BF16", "shape": list(tensors[name].shape),
                "data_offsets": [len(data), len(data) + len(piece)]}
            data += piece
            places[name] = file
        write_with_header(folder / file, header, data)
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": places}))
    return folder


def test_a_sharded_checkpoint_says_what_the_quantised_one_says(plain, bedrock, runtime, store, imported, tmp_path):
    folder = sharded_checkpoint(tmp_path / "sharded")
    plain.cli("s3", "sync", folder, "s3://models/sharded/")
    assert len(keys_of(store, "models", Prefix="sharded/")) == len(list(folder.iterdir()))
    created = plain.json(
        "bedrock", "create-model-import-job", "--job-name", "sharded-job", "--imported-model-name", "sharded",
        "--role-arn", ROLE, "--model-data-source", "s3DataSource={s3Uri=s3://models/sharded}")
    model = completed(bedrock, created["jobArn"])
    said = answer_of(runtime, model)
    assert said["content"] and said == answer_of(runtime, imported["model"])
    # The copy is whole: it needs nothing of its source.
    plain.cli("s3", "rm", "--recursive", "s3://models/sharded/")
    assert answer_of(runtime, "sharded") == said


def test_the_shape_of_a_job(bedrock, demo_uri, imported):
    job = bedrock.get_model_import_job(jobIdentifier=imported["job"])
    now = datetime.now(timezone.utc) + timedelta(seconds=1)
    assert re.fullmatch(r"arn:aws:bedrock:us-east-1:\d{12}:model-import-job/[a-z0-9]{12}", job["jobArn"])
    assert re.fullmatch(r"arn:aws:bedrock:us-east-1:\d{12}:imported-model/[a-z0-9]{12}", job["importedModelArn"])
    assert (job["jobName"], job["importedModelName"], job["roleArn"]) == ("shapes-job", "shapes", ROLE)
    assert job["modelDataSource"] == {"s3DataSource": {"s3Uri": demo_uri}}
    assert job["status"] == "Completed" and "failureMessage" not in job
    assert job["creationTime"] <= job["lastModifiedTime"] <= now and job["creationTime"] <= job["endTime"] <= now
    assert job["vpcConfig"] == {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1", "sg-2"]}
    assert re.fullmatch(r"arn:aws:kms:us-east-1:\d{12}:alias/mine", job["importedModelKmsKeyArn"])
    by_name = bedrock.get_model_import_job(jobIdentifier="shapes-job")
    assert by_name | {"ResponseMetadata": 0} == job | {"ResponseMetadata": 0}


def test_the_shape_of_a_model(bedrock, demo_uri, imported):
    model = bedrock.get_imported_model(modelIdentifier=imported["model"])
    assert (model["modelArn"], model["modelName"]) == (imported["model"], "shapes")
    assert (model["jobArn"], model["jobName"]) == (imported["job"], "shapes-job")
    assert model["modelDataSource"] == {"s3DataSource": {"s3Uri": demo_uri}}
    assert model["modelArchitecture"] == "gpt_oss" and model["instructSupported"] is True
    assert model["customModelUnits"]["customModelUnitsPerModelCopy"] == 1
    assert re.fullmatch(r"v\d+\.\d+", model["customModelUnits"]["customModelUnitsVersion"])
    assert model["modelKmsKeyArn"].endswith(":alias/mine")
    by_name = bedrock.get_imported_model(modelIdentifier="shapes")
    assert by_name | {"ResponseMetadata": 0} == model | {"ResponseMetadata": 0}


def test_times_on_the_wire(plain, imported):
    for path, arn, names in (
            ("/model-import-jobs", imported["job"], ("creationTime", "lastModifiedTime", "endTime")),
            ("/imported-models", imported["model"], ("creationTime",))):
        for encoded in (quote(arn, safe=""), quote(arn, safe=":").replace("%2F", "%2f")):
            answer = signed(plain, "GET", f"{path}/{encoded}", service="bedrock")
            assert answer.status == 200 and answer.headers["content-type"].startswith("application/json")
            assert answer.headers["x-amzn-requestid"]
            assert all(re.fullmatch(TIME, answer.json()[name]) for name in names)
            assert None not in answer.json().values()
        listed = signed(plain, "GET", path, service="bedrock").json()
        assert "nextToken" not in listed
        for summary in next(value for value in listed.values() if isinstance(value, list)):
            assert re.fullmatch(TIME, summary["creationTime"])


def test_a_job_is_created_with_201(plain, bedrock, demo_uri):
    body = json.dumps({
        "jobName": "wire", "importedModelName": "wire", "roleArn": ROLE, "unknownMember": {"is": "left aside"},
        "modelDataSource": {"s3DataSource": {"s3Uri": demo_uri}}}).encode()
    answer = signed(plain, "POST", "/model-import-jobs", body=body, service="bedrock")
    assert answer.status == 201 and list(answer.json()) == ["jobArn"]
    completed(bedrock, answer.json()["jobArn"])


@pytest.fixture(scope="module")
def several(bedrock, demo_uri):
    """Four models and their jobs in the order of their creation, and a job that failed."""
    names = [f"page-{number}" for number in range(4)]
    jobs = []
    for name in names:
        jobs.append(import_model(bedrock, demo_uri, name, job=f"{name}.job"))
        completed(bedrock, jobs[-1])
    failed = import_model(bedrock, "s3://models/nothing-there", "page-failed", job="page-failed.job")
    failure(bedrock, failed)
    return names, [f"{name}.job" for name in names] + ["page-failed.job"]


LISTS = [
    ("list_imported_models", "modelSummaries", "modelName", 0),
    ("list_model_import_jobs", "modelImportJobSummaries", "jobName", 1)]


@pytest.mark.parametrize("operation, member, name, which", LISTS)
def test_lists_are_sorted_filtered_and_paged(bedrock, several, operation, member, name, which):
    names = several[which]
    call = getattr(bedrock, operation)

    def listed(**arguments):
        return [found[name] for found in call(**{"nameContains": "page-", **arguments})[member]]

    assert listed(sortBy="CreationTime", sortOrder="Ascending") == names
    assert listed() == listed(sortOrder="Descending") == names[::-1]
    assert listed(nameContains="page-2") == [names[2]] and listed(nameContains="nobody") == []
    for size in (1, 2, len(names)):
        pages = list(bedrock.get_paginator(operation).paginate(
            nameContains="page-", sortOrder="Ascending", PaginationConfig={"PageSize": size}))
        assert [found[name] for page in pages for found in page[member]] == names
        assert all(len(page[member]) <= size for page in pages)
        assert all(re.fullmatch(r"\S{1,2048}", page["nextToken"]) for page in pages[:-1])
        assert "nextToken" not in pages[-1]
    times = {found[name]: found["creationTime"] for found in call(nameContains="page-")[member]}
    middle = times[names[2]]
    after = listed(creationTimeAfter=middle + timedelta(milliseconds=1), sortOrder="Ascending")
    before = listed(creationTimeBefore=middle - timedelta(milliseconds=1), sortOrder="Ascending")
    assert (before, after) == (names[:2], names[3:])
    assert listed(creationTimeAfter=max(times.values()) + timedelta(days=1)) == []


@pytest.mark.parametrize("operation, member, name, which", LISTS)
def test_pages_stay_in_place_while_models_come(bedrock, demo_uri, several, operation, member, name, which):
    call = getattr(bedrock, operation)
    first = call(nameContains="page-", maxResults=2)
    late = import_model(bedrock, demo_uri, f"page-late{which}", job=f"page-late{which}.job")
    model = completed(bedrock, late)
    rest = call(nameContains="page-", nextToken=first["nextToken"])
    found = [summary[name] for summary in first[member] + rest[member]]
    assert [one for one in found if "late" not in one] == several[which][::-1]
    assert len(found) == len(set(found)) and f"page-late{which}" not in str(rest[member])
    bedrock.delete_imported_model(modelIdentifier=model)


def test_a_model_is_younger_than_its_job(bedrock, several):
    for job in several[1][:-1]:
        found = bedrock.get_model_import_job(jobIdentifier=job)
        model = bedrock.get_imported_model(modelIdentifier=found["importedModelArn"])
        assert found["creationTime"] <= model["creationTime"] <= found["endTime"]


def test_jobs_by_status(bedrock, several):
    def jobs(status):
        return bedrock.list_model_import_jobs(nameContains="page-", statusEquals=status)["modelImportJobSummaries"]

    (failed,) = jobs("Failed")
    assert failed["jobName"] == "page-failed.job" and "importedModelArn" not in failed
    assert failed["importedModelName"] == "page-failed" and failed["endTime"] >= failed["creationTime"]
    assert jobs("InProgress") == []
    done = jobs("Completed")
    assert {job["jobName"] for job in done} >= set(several[1][:-1])
    assert all(job["importedModelArn"] and job["status"] == "Completed" for job in done)


@pytest.mark.parametrize("query, member", [
    ("maxResults=0", "maxResults"), ("maxResults=1001", "maxResults"), ("maxResults=many", "maxResults"),
    ("nextToken=made-up", "nextToken"), ("sortBy=Name", "sortBy"), ("sortOrder=Up", "sortOrder"),
    ("creationTimeAfter=yesterday", "creationTimeAfter"), ("nameContains=a%20b", "nameContains"),
    ("statusEquals=Done", "statusEquals")])
def test_lists_refuse_what_is_wrong(plain, query, member):
    pairs = [tuple(part.replace("%20", " ") for part in query.split("="))]
    answer = signed(plain, "GET", "/model-import-jobs", query=pairs, service="bedrock")
    assert answer.error == WRONG and f"'{member}'" in answer.json()["message"]


def test_tags(bedrock, imported):
    job, model = imported["job"], imported["model"]
    assert bedrock.list_tags_for_resource(resourceARN=job)["tags"] == [{"key": "stage", "value": "dev"}]
    assert bedrock.list_tags_for_resource(resourceARN=model)["tags"] == [{"key": "team", "value": "a b"}]
    bedrock.tag_resource(resourceARN=model, tags=[{"key": "x", "value": ""}, {"key": "team", "value": "c"}])
    tags = {tag["key"]: tag["value"] for tag in bedrock.list_tags_for_resource(resourceARN=model)["tags"]}
    assert tags == {"team": "c", "x": ""}
    bedrock.untag_resource(resourceARN=model, tagKeys=["x", "absent"])
    assert bedrock.list_tags_for_resource(resourceARN=model)["tags"] == [{"key": "team", "value": "c"}]
    many = [{"key": f"k{number}", "value": ""} for number in range(200)]
    assert error_of(bedrock.tag_resource, resourceARN=model, tags=many) == ("TooManyTagsException", 400)
    assert len(bedrock.list_tags_for_resource(resourceARN=model)["tags"]) == 1
    ghost = model[:-12] + "z" * 12
    assert error_of(bedrock.list_tags_for_resource, resourceARN=ghost) == MISSING
    assert error_of(bedrock.tag_resource, resourceARN=ghost, tags=[{"key": "a", "value": "b"}]) == MISSING
    assert error_of(bedrock.untag_resource, resourceARN=ghost, tagKeys=["a"]) == MISSING
    wrong = message_of(bedrock.tag_resource, resourceARN=model, tags=[{"key": "a<b", "value": "c"}])
    assert "tags.1.member.key" in wrong


def test_a_request_token_starts_one_job(bedrock, demo_uri, imported):
    again = import_model(bedrock, demo_uri, "shapes", job="shapes-job", clientRequestToken="shapes-token")
    assert again == imported["job"]
    with ThreadPoolExecutor(8) as threads:
        jobs = list(threads.map(
            lambda _: import_model(bedrock, demo_uri, "once", clientRequestToken="once-token"), range(8)))
    assert len(set(jobs)) == 1
    completed(bedrock, jobs[0])
    assert len(bedrock.list_model_import_jobs(nameContains="once")["modelImportJobSummaries"]) == 1


def test_conflicts(bedrock, demo_uri, imported, several):
    def create(model, job):
        return {
            "jobName": job, "importedModelName": model, "roleArn": ROLE,
            "modelDataSource": {"s3DataSource": {"s3Uri": demo_uri}}}

    call = bedrock.create_model_import_job
    assert error_of(call, **create("other", "shapes-job")) == CONFLICT
    assert error_of(call, **create("other", "page-failed.job")) == CONFLICT
    assert error_of(call, **create("shapes", "other-job")) == CONFLICT
    first = call(**create("held", "held-job"))["jobArn"]
    # Its name is taken from the moment that the job is asked for.
    assert error_of(call, **create("held", "held-job-2")) == CONFLICT
    completed(bedrock, first)
    # A model that never came holds no name.
    completed(bedrock, call(**create("page-failed", "page-again.job"))["jobArn"])
    bedrock.delete_imported_model(modelIdentifier="page-failed")

    def race(number):
        try:
            return call(**create("raced", f"race-{number}"))["jobArn"]
        except ClientError as error:
            return error.response["Error"]["Code"]

    with ThreadPoolExecutor(6) as threads:
        ends = list(threads.map(race, range(6)))
    assert ends.count("ConflictException") == 5
    completed(bedrock, next(end for end in ends if end.startswith("arn:")))


VALID = {
    "jobName": "wrong-job", "importedModelName": "wrong", "roleArn": ROLE,
    "modelDataSource": {"s3DataSource": {"s3Uri": "s3://models/demo/"}}}
TAG = [{"key": "a", "value": "b"}]


@pytest.mark.parametrize("fields, member", [
    ({"jobName": ""}, "jobName"), ({"jobName": "a" * 64}, "jobName"), ({"jobName": "with_underscore"}, "jobName"),
    ({"jobName": "-a"}, "jobName"), ({"jobName": "a" + "-" * 61 + "_"}, "jobName"), ({"jobName": "ä"}, "jobName"),
    ({"jobName": 7}, "jobName"), ({"jobName": None}, "jobName"),
    ({"importedModelName": "a.b"}, "importedModelName"), ({"importedModelName": "a__b"}, "importedModelName"),
    ({"importedModelName": "a" * 62 + "!"}, "importedModelName"), ({"importedModelName": "_a"}, "importedModelName"),
    ({"roleArn": "role"}, "roleArn"), ({"roleArn": "arn:aws:iam::1:role/a"}, "roleArn"),
    ({"roleArn": "arn:aws" + "-a" * 1000 + ":iam::role/"}, "roleArn"),
    ({"modelDataSource": {}}, "modelDataSource"),
    ({"modelDataSource": {"s3DataSource": {}}}, "modelDataSource.s3DataSource.s3Uri"),
    ({"modelDataSource": {"s3DataSource": {"s3Uri": "https://models/demo"}}}, "modelDataSource.s3DataSource.s3Uri"),
    ({"modelDataSource": {"s3DataSource": {"s3Uri": "s3://UPPER/demo"}}}, "modelDataSource.s3DataSource.s3Uri"),
    ({"modelDataSource": {"s3DataSource": {"s3Uri": "s3://models/a b"}}}, "modelDataSource.s3DataSource.s3Uri"),
    ({"modelDataSource": {"s3DataSource": {"s3Uri": "s3://models/" + "a" * 1024}}},
     "modelDataSource.s3DataSource.s3Uri"),
    ({"modelDataSource": {"s3DataSource": {"s3Uri": "s3://a/" + "a/" * 500 + "\n"}}},
     "modelDataSource.s3DataSource.s3Uri"),
    ({"clientRequestToken": "a-"}, "clientRequestToken"), ({"clientRequestToken": "a" * 257}, "clientRequestToken"),
    ({"jobTags": [{"key": "", "value": ""}]}, "jobTags.1.member.key"),
    ({"importedModelTags": [*TAG, {"key": "k", "value": "v" * 257}]}, "importedModelTags.2.member.value"),
    ({"jobTags": TAG * 201}, "jobTags"),
    ({"vpcConfig": {"subnetIds": [], "securityGroupIds": ["sg-1"]}}, "vpcConfig.subnetIds"),
    ({"vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg"] * 6}}, "vpcConfig.securityGroupIds"),
    ({"importedModelKmsKeyId": "no key"}, "importedModelKmsKeyId")])
def test_a_request_that_is_wrong_names_the_member(plain, fields, member):
    body = json.dumps(VALID | fields).encode()
    begin = time.monotonic()
    answer = signed(plain, "POST", "/model-import-jobs", body=body, service="bedrock")
    assert time.monotonic() - begin < 2
    assert answer.error == WRONG and f"'{member}" in answer.json()["message"], answer.body


def test_all_that_is_wrong_is_named_at_once(plain, bedrock):
    wrong = VALID | {"jobName": "a_b", "importedModelName": "a__b", "roleArn": "x"}
    body = json.dumps(wrong).encode()
    message = signed(plain, "POST", "/model-import-jobs", body=body, service="bedrock").json()["message"]
    assert message.startswith("3 validation errors detected: ")
    assert all(f"'{member}'" in message for member in ("jobName", "importedModelName", "roleArn"))
    for missing in VALID:
        body = json.dumps({name: value for name, value in VALID.items() if name != missing}).encode()
        answer = signed(plain, "POST", "/model-import-jobs", body=body, service="bedrock")
        assert answer.error == WRONG and f"'{missing}'" in answer.json()["message"]
    for body in (b"", b"[]", b"{", b'{"jobName": "\xff"}', b'{"a":' * 100_000):
        answer = signed(plain, "POST", "/model-import-jobs", body=body, service="bedrock")
        assert answer.status == 400 and answer.code in ("ValidationException", "SerializationException")
    assert bedrock.list_model_import_jobs(nameContains="wrong-job")["modelImportJobSummaries"] == []


def test_what_is_not_there(bedrock, imported):
    for call, argument in (
            (bedrock.get_model_import_job, "jobIdentifier"), (bedrock.get_imported_model, "modelIdentifier"),
            (bedrock.delete_imported_model, "modelIdentifier")):
        kind = "job" if argument == "jobIdentifier" else "model"
        for ghost in ("nobody", imported[kind][:-12] + "z" * 12):
            assert error_of(call, **{argument: ghost}) == MISSING
    # A model's ARN is no job's, whatever their ids.
    swapped = imported["model"].replace("imported-model", "model-import-job")
    assert error_of(bedrock.get_model_import_job, jobIdentifier=swapped) == MISSING


def test_a_deletion_keeps_the_job_and_the_objects(plain, bedrock, runtime, store, demo_uri):
    job = import_model(bedrock, demo_uri, "gone")
    model = completed(bedrock, job)
    assert answer_of(runtime, model)["content"]
    keys, files = keys_of(store, "models"), plain.server.outcrop.files("models")
    bedrock.delete_imported_model(modelIdentifier=model)
    for name in (model, "gone"):
        assert error_of(bedrock.get_imported_model, modelIdentifier=name) == MISSING
        assert error_of(bedrock.delete_imported_model, modelIdentifier=name) == MISSING
        assert error_of(runtime.invoke_model, modelId=name, body=say()) == MISSING
    assert model not in str(bedrock.list_imported_models())
    assert error_of(bedrock.list_tags_for_resource, resourceARN=model) == MISSING
    kept = bedrock.get_model_import_job(jobIdentifier=job)
    assert (kept["status"], kept["importedModelArn"]) == ("Completed", model)
    assert keys_of(store, "models") == keys
    wait_until(lambda: len(plain.server.outcrop.files("models")) < len(files), message="the artifact stays")
    assert completed(bedrock, import_model(bedrock, demo_uri, "gone", job="gone-2")) != model
    assert answer_of(runtime, "gone")["content"]


@pytest.fixture(scope="module")
def broken(store):
    """Puts a changed copy of the sharded checkpoint into the store and returns its URI."""
    def upload(name, change):
        uri = upload_folder(store, SHARDED, "models", f"{name}/")
        change(f"{name}/")
        return uri

    return upload


def test_index_metadata_is_refused_or_repaired(plain, bedrock, store, broken, repairing):
    message = failure(bedrock, import_model(bedrock, broken("as-it-is", lambda _: None), "as-it-is"))
    assert INDEX in message and "total_parameters" in message
    repairer = repairing.client("bedrock")
    completed(repairer, import_model(repairer, "s3://models/sharded/", "repaired"))
    outcrop = repairing.server.outcrop
    warnings = outcrop.json("show", "repaired", "--json")["warnings"]
    assert any(line.startswith("repaired: ") and "total_parameters" in line for line in warnings)
    assert b"total_parameters" in outcrop.run("show", "repaired").stdout


def test_a_failure_names_all_findings_and_no_path(plain, bedrock, store, broken):
    def damage(prefix):
        store.delete_object(Bucket="models", Key=prefix + "model-00002-of-00003.safetensors")
        first = store.get_object(Bucket="models", Key=prefix + "model-00001-of-00003.safetensors")["Body"].read()
        store.put_object(Bucket="models", Key=prefix + "model-00001-of-00003.safetensors", Body=first[:-100])
        config = json.loads(store.get_object(Bucket="models", Key=prefix + "config.json")["Body"].read())
        store.put_object(
            Bucket="models", Key=prefix + "config.json", Body=json.dumps(config | {"num_local_experts": -3}))

    job = import_model(bedrock, broken("damaged", damage), "damaged")
    message = failure(bedrock, job)
    for part in ("model-00002-of-00003.safetensors", "model-00001-of-00003.safetensors", "num_local_experts"):
        assert part in message
    assert str(plain.server.outcrop.data) not in message and "/tmp" not in message
    assert error_of(bedrock.get_imported_model, modelIdentifier="damaged") == MISSING
    shown = plain.server.outcrop.run("jobs", "show", "damaged").stdout.decode()
    assert "model-00002-of-00003.safetensors" in shown


def test_a_missing_shard(bedrock, store, broken):
    shard = "model-00002-of-00003.safetensors"
    uri = broken("incomplete", lambda prefix: store.delete_object(Bucket="models", Key=prefix + shard))
    assert shard in failure(bedrock, import_model(bedrock, uri, "incomplete"))


@pytest.mark.parametrize("uri, part", [
    ("s3://no-such-bucket/demo/", "'no-such-bucket'"), ("s3://models/no/such/prefix/", "s3://models/no/such/prefix/"),
    ("s3://models/dem", "s3://models/dem")])
def test_a_source_that_is_not_there(bedrock, uri, part, unused):
    assert part in failure(bedrock, import_model(bedrock, uri, unused("nowhere")))


@pytest.mark.parametrize("uri, role, parts", [
    ("s3://models/sharded/", READER, ("s3:GetObject", "arn:aws:s3:::models/sharded/*", READER)),
    ("s3://secrets/demo/", READER, ("s3:ListBucket", "arn:aws:s3:::secrets", READER)),
    ("s3://models/demo/", "arn:aws:iam::123456789012:role/Stranger", ("Stranger", "s3:ListBucket"))])
def test_a_role_that_may_not_read(repairing, uri, role, parts, unused):
    bedrock = repairing.client("bedrock")
    message = failure(bedrock, import_model(bedrock, uri, unused("forbidden"), role=role))
    assert all(part in message for part in parts)


def test_a_role_may_read_what_it_names(repairing):
    bedrock = repairing.client("bedrock")
    completed(bedrock, import_model(bedrock, "s3://models/demo", "allowed", role=READER))


def test_jobs_side_by_side(repairing):
    bedrock = repairing.client("bedrock")
    with ThreadPoolExecutor(4) as threads:
        jobs = list(threads.map(
            lambda number: import_model(bedrock, "s3://models/demo/", f"beside-{number}"), range(6)))
    assert len({completed(bedrock, job) for job in jobs}) == 6


def test_queued_jobs_survive_a_crash(tmp_path):
    outcrop = Outcrop(tmp_path)
    with outcrop.serve() as server:
        account = Account(server)
        account.client("s3").create_bucket(Bucket="models")
        uri = upload_folder(account.client("s3"), DEMO_MODEL, "models", "demo/")
        bedrock = account.client("bedrock")
        jobs = [import_model(bedrock, uri, f"queued-{number}") for number in range(6)]
        completed(bedrock, jobs[0])
        server.kill()
    states = {job["name"]: job["state"] for job in outcrop.json("jobs", "--json")}
    assert states["queued-0"] == "completed" and "queued" in states.values() and len(states) == 6
    with outcrop.serve() as server:
        account = Account(server)
        bedrock, runtime = account.client("bedrock"), account.client("bedrock-runtime")
        models = [completed(bedrock, job) for job in jobs]
        assert len(set(models)) == 6
        assert answer_of(runtime, models[0]) == answer_of(runtime, models[5])
    assert [path for path in outcrop.files(".") if "partial" in path] == []
    assert len(outcrop.json("models", "--json")) == 6


def test_the_command_line_and_the_server_see_the_same(repairing):
    outcrop, bedrock, runtime = (
        repairing.server.outcrop, repairing.client("bedrock"), repairing.client("bedrock-runtime"))
    outcrop.run("import", DEMO_MODEL, "--name", "by-hand")
    model = bedrock.get_imported_model(modelIdentifier="by-hand")["modelArn"]
    assert answer_of(runtime, model) == answer_of(runtime, "by-hand")
    job = import_model(bedrock, "s3://models/demo/", "by-job")
    completed(bedrock, job)
    assert {"by-hand", "by-job"} <= {found["name"] for found in outcrop.json("models", "--json")}
    by_name = {found["name"]: found for found in outcrop.json("jobs", "--json")}
    assert by_name["by-job"]["state"] == "completed" and by_name["by-job"]["id"] == job.split("/")[1]
    outcrop.run("rm", "by-hand")
    assert error_of(bedrock.get_imported_model, modelIdentifier="by-hand") == MISSING
    assert error_of(runtime.invoke_model, modelId=model, body=say()) == MISSING


def test_jobs_are_cancelled_and_tried_again(tmp_path):
    outcrop = Outcrop(tmp_path)
    with outcrop.serve() as server:
        account = Account(server)
        s3, bedrock = account.client("s3"), account.client("bedrock")
        s3.create_bucket(Bucket="models")
        uri = upload_folder(s3, DEMO_MODEL, "models", "demo/")
        jobs = {name: import_model(bedrock, uri, name) for name in ("first", "second", "third", "fourth")}
        outcrop.run("jobs", "cancel", "fourth")
        assert "cancel" in failure(bedrock, jobs["fourth"]).lower()
        # Nothing came of it, so its model's name is free.
        again = import_model(bedrock, uri, "fourth", job="fourth-2")
        assert b"fourth" in outcrop.run("jobs", "retry", "fourth", status=1).stderr
        bedrock.delete_imported_model(modelIdentifier=completed(bedrock, again))
        for name in ("first", "second", "third"):
            completed(bedrock, jobs[name])
        assert outcrop.run("jobs", "cancel", "first", status=1).stderr
        assert outcrop.run("jobs", "retry", "first", status=1).stderr
        assert outcrop.run("jobs", "retry", "nobody", status=1).stderr
        outcrop.run("jobs", "retry", "fourth")
        completed(bedrock, jobs["fourth"])
        missing = import_model(bedrock, "s3://models/late/", "late")
        failure(bedrock, missing)
        upload_folder(s3, DEMO_MODEL, "models", "late/")
        outcrop.run("jobs", "retry", "late")
        completed(bedrock, missing)
        assert "failureMessage" not in ended(bedrock, missing)
