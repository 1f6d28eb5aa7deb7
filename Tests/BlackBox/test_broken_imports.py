"""Imports of checkpoints that are broken in one way each, and of places where there is none."""

import json

import pytest
from aws import ROLE, Account, completed, error_of, failure, import_model, upload_folder
from checkpoints import BREAKAGES, INDEX, REPAIRABLE, demo_shards, shard
from outcrop import DEMO_MODEL, Outcrop

MISSING = ("ResourceNotFoundException", 404)


@pytest.fixture(scope="module")
def bedrock(plain, demo_uri):
    return plain.client("bedrock")


@pytest.fixture
def name(unused):
    return unused("broken")


@pytest.fixture(scope="module")
def repairing(tmp_path_factory):
    """An account at a server whose jobs repair what they can."""
    outcrop = Outcrop(tmp_path_factory.mktemp("repairing"))
    with outcrop.serve("--repair-imports") as server:
        account = Account(server)
        account.client("s3").create_bucket(Bucket="models")
        yield account
        assert server.process.poll() is None, f"the server crashed: {server.output()}"


def says_something(account, model):
    body = json.dumps({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 8})
    answer = account.client("bedrock-runtime").invoke_model(modelId=model, body=body)
    return json.loads(answer["body"].read())["usage"]["completion_tokens"] > 0


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
    assert says_something(repairing, completed(bedrock, import_model(bedrock, uri, name)))
    if breakage != "whole":
        # It says so, and the objects stay as they are.
        assert "metadata" in str(repairing.server.outcrop.json("jobs", "show", name, "--json")["findings"])
        body = repairing.client("s3").get_object(Bucket="models", Key=f"{name}/{INDEX}")["Body"]
        assert body.read() == (folder / INDEX).read_bytes()


def test_a_checkpoint_without_a_tokenizer_of_its_own(repairing, tmp_path, name):
    """Strict jobs refuse it; others take the published one, which its vocabulary is that of."""
    folder = tmp_path / "checkpoint"
    repairing.server.outcrop.run("synth", folder, "--size", "tiny", "--layout", "bf16", "--seed", "3")
    shard(folder)
    uri = upload_folder(repairing.client("s3"), folder, "models", f"{name}/")
    bedrock = repairing.client("bedrock")
    assert says_something(repairing, completed(bedrock, import_model(bedrock, uri, name)))


def test_places_with_nothing(bedrock, plain, name):
    plain.client("s3").put_object(Bucket="models", Key="empty/readme.md", Body=b"x")
    wanted = {
        "s3://nobodys-bucket/x/": "nobodys-bucket", "s3://models/no/such/": "s3://models/no/such/",
        "s3://models/empty/": "config.json", "s3://models/demo/config.json": "s3://models/demo/config.json"}
    for number, (uri, word) in enumerate(wanted.items()):
        assert word in failure(bedrock, import_model(bedrock, uri, name, job=f"{name}.{number}"))


@pytest.mark.parametrize("job, model", [
    ("a", "a"), ("a" * 63, "a" * 63), ("1.2+3-4", "a_b-c"), ("a---.", "a_"), ("A.-", "Z-9-")])
def test_names_that_are_allowed_are_taken(bedrock, job, model):
    assert "nobodys-bucket" in failure(bedrock, import_model(bedrock, "s3://nobodys-bucket/x", model, job=job))


def test_roles_are_mended_between_jobs(tmp_path, name):
    """The file is read anew for each job; a job is tried again once it is right."""
    outcrop = Outcrop(tmp_path)
    roles = outcrop.data / "roles.json"
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
        roles.write_text('{"roles": []}')
        assert "roles" in failure(bedrock, import_model(bedrock, uri, name, job="second"))
        allow("models/team/*")
        outcrop.run("jobs", "retry", "first")
        completed(bedrock, "first")
        roles.unlink()
        other = "arn:aws:iam::123456789012:role/Other"
        completed(bedrock, import_model(bedrock, uri, name + "-any", role=other))


def test_jobs_are_watched_until_they_end(plain, bedrock, demo_uri, name):
    job = import_model(bedrock, demo_uri, name)
    watched = plain.server.outcrop.run("jobs", "--watch", "--json", timeout=60)
    completed(bedrock, job)
    assert all(json.loads(line)["name"] for line in watched.stdout.splitlines())


def test_the_four_steps_over_http_and_https(account, unused):
    s3, bedrock = account.client("s3"), account.client("bedrock")
    bucket, name = unused("steps"), unused("model")
    s3.create_bucket(Bucket=bucket)
    uri = upload_folder(s3, DEMO_MODEL, bucket, "demo/")
    model = completed(bedrock, import_model(bedrock, uri, name))
    assert says_something(account, model)
    bedrock.delete_imported_model(modelIdentifier=model)
    assert error_of(account.client("bedrock-runtime").invoke_model, modelId=model, body="{}") == MISSING


def test_neighbours_are_empty(bedrock):
    for call, member in [
            (bedrock.list_foundation_models, "modelSummaries"), (bedrock.list_custom_models, "modelSummaries"),
            (bedrock.list_provisioned_model_throughputs, "provisionedModelSummaries"),
            (bedrock.list_guardrails, "guardrails"), (bedrock.list_inference_profiles, "inferenceProfileSummaries"),
            (bedrock.list_model_customization_jobs, "modelCustomizationJobSummaries")]:
        assert call()[member] == []
