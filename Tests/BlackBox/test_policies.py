"""Keys, policies, signatures, and the log of who did what."""

import json
import socket
import stat
from datetime import timedelta
from urllib.parse import urlencode

import boto3
import openai
import pytest
import requests
from aws import Account, error_of
from botocore.config import Config
from outcrop import DEMO_MODEL, Outcrop, free_port, wait_until
from signing import Signer, now, send, sha256, signed

DENIED = ("AccessDeniedException", 403)
IDENTITY = urlencode({"Action": "GetCallerIdentity", "Version": "2011-06-15"}).encode()
SECRET_PROMPT = "xyzzyplugh"


def allow(action, resource):
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


@pytest.fixture(scope="module")
def owner(tmp_path_factory):
    """The account that may do everything at a server of two models."""
    outcrop = Outcrop(tmp_path_factory.mktemp("access"))
    outcrop.run("import", DEMO_MODEL, "--name", "one")
    outcrop.run("import", DEMO_MODEL, "--name", "two")
    key = outcrop.create_key("owner")
    with outcrop.serve() as server:
        yield Account(server, key)
        assert server.process.poll() is None, f"the server crashed: {server.output()}"


@pytest.fixture(scope="module")
def arns(owner):
    models = owner.client("bedrock").list_imported_models()["modelSummaries"]
    return {model["modelName"]: model["modelArn"] for model in models}


@pytest.fixture
def become(owner, unused):
    """Makes a key with a policy and returns its account."""
    def create(*statements):
        return Account(owner.server, owner.server.outcrop.create_key(unused("key"), policy(*statements)))

    return create


def say(text="Hi", **fields):
    return {"messages": [{"role": "user", "content": text}], "max_tokens": 2, "temperature": 0, **fields}


def converse(account, model):
    return account.client("bedrock-runtime").converse(
        modelId=model, messages=[{"role": "user", "content": [{"text": "Hi"}]}], inferenceConfig={"maxTokens": 2})


def chat(account, model, **fields):
    """The status of an answer from OpenAI's route."""
    return requests.post(
        account.url + "/v1/chat/completions", json=say(model=model, **fields), timeout=60,
        headers={"authorization": f"Bearer {account.bearer}"})


def openai_client(account):
    return openai.OpenAI(base_url=account.url + "/v1", api_key=account.bearer, max_retries=0, timeout=60)


def audit(server):
    """The lines of the audit log so far."""
    return [json.loads(line) for line in (server.outcrop.data / "audit.jsonl").read_text().splitlines()]


def entry(server, request):
    """The one line about a request."""
    def find():
        return [line for line in audit(server) if line["request_id"] == request]

    wait_until(find, message="the audit log has no such request")
    (line,) = find()
    return line


def test_keys_are_created_listed_and_revoked(owner, become):
    outcrop = owner.server.outcrop
    key = outcrop.create_key("passing")
    account = Account(owner.server, key)
    assert converse(account, "one")["stopReason"] and chat(account, "one").status_code == 200
    account.client("s3").list_buckets()
    listed = {found["name"]: found for found in outcrop.json("keys", "list", "--json")}
    assert listed["passing"]["access_key_id"] == key["access_key_id"] and listed["passing"]["revoked"] is None
    shown = outcrop.run("keys", "list").stdout.decode() + json.dumps(listed)
    assert "passing" in shown
    assert key["secret_access_key"] not in shown and key["bearer_key"] not in shown
    assert outcrop.run("keys", "create", "passing", status=1).stderr
    assert outcrop.run("keys", "revoke", "nobody", status=1).stderr
    outcrop.run("keys", "revoke", "passing")
    # The running server knows at once.
    assert error_of(converse, account=account, model="one") == ("UnrecognizedClientException", 403)
    assert error_of(account.client("s3").list_buckets) == ("InvalidAccessKeyId", 403)
    assert error_of(account.client("sts").get_caller_identity) == ("InvalidClientTokenId", 403)
    assert chat(account, "one").status_code == 401
    assert next(found for found in outcrop.json("keys", "list", "--json") if found["name"] == "passing")["revoked"]


@pytest.mark.parametrize("text", [
    "{", "[]", '{"Statement": []}', '{"Statement": {"Effect": "Perhaps", "Action": "*", "Resource": "*"}}',
    '{"Statement": {"Effect": "Allow", "Resource": "*"}}', '{"Statement": {"Effect": "Allow", "Action": "*"}}',
    '{"Statement": {"Effect": "Allow", "Action": "s3:*", "NotAction": "s3:Get*", "Resource": "*"}}',
    '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"a": "true"}}}}'])
def test_policies_that_would_not_be_kept_to_are_refused(owner, tmp_path, text):
    path = tmp_path / "policy.json"
    path.write_text(text)
    outcrop = owner.server.outcrop
    assert outcrop.run("keys", "create", "refused", "--policy", path, status=None).returncode in (1, 64)
    assert "refused" not in outcrop.run("keys", "list").stdout.decode()


def test_reading_one_prefix(owner, become, unused):
    bucket, s3 = unused("policies"), owner.client("s3")
    s3.create_bucket(Bucket=bucket)
    for key in ("open/a", "open/b", "closed/a"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    account = become(
        allow("s3:GetObject", f"arn:aws:s3:::{bucket}/open/*"), allow("s3:ListBucket", f"arn:aws:s3:::{bucket}"))
    reader = account.client("s3")
    assert reader.get_object(Bucket=bucket, Key="open/a")["Body"].read() == b"open/a"
    assert reader.head_object(Bucket=bucket, Key="open/b")["ContentLength"] == 6
    assert reader.list_objects_v2(Bucket=bucket)["KeyCount"] == 3
    refused = ("AccessDenied", 403)
    assert error_of(reader.get_object, Bucket=bucket, Key="closed/a") == refused
    assert error_of(reader.get_object, Bucket=bucket, Key="closed/none") == refused
    assert error_of(account.client("s3").put_object, Bucket=bucket, Key="open/a", Body=b"x") == refused
    assert error_of(reader.delete_object, Bucket=bucket, Key="open/a") == refused
    copy = {"Bucket": bucket, "Key": "closed/a"}
    assert error_of(reader.copy_object, Bucket=bucket, Key="open/c", CopySource=copy) == refused
    assert error_of(reader.create_bucket, Bucket=unused("policies")) == refused
    assert error_of(reader.delete_bucket, Bucket=bucket) == refused
    assert error_of(reader.create_multipart_upload, Bucket=bucket, Key="open/m") == refused
    deleted = [{"Key": "open/a"}, {"Key": "closed/a"}]
    try:
        answer = reader.delete_objects(Bucket=bucket, Delete={"Objects": deleted})
        assert {error["Code"] for error in answer["Errors"]} == {"AccessDenied"} and "Deleted" not in answer
    except reader.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied"
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 3
    assert error_of(account.client("bedrock").list_imported_models) == DENIED
    assert error_of(converse, account=account, model="one") == DENIED
    # A presigned address can do what its signer can.
    for key, status in (("open/a", 200), ("closed/a", 403)):
        assert requests.get(reader.generate_presigned_url(
            "get_object", Params={"Bucket": bucket, "Key": key}), timeout=10).status_code == status


def test_absence_is_told_to_those_who_may_list(owner, become, unused):
    bucket = unused("policies")
    owner.client("s3").create_bucket(Bucket=bucket)
    reader = become(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*")).client("s3")
    assert error_of(reader.list_objects_v2, Bucket=bucket) == ("AccessDenied", 403)
    assert error_of(reader.get_object, Bucket=bucket, Key="none") == ("AccessDenied", 403)
    assert error_of(reader.head_object, Bucket=bucket, Key="none") == ("403", 403)


def test_requests_behind_a_refused_body(owner, become, unused):
    bucket = unused("policies")
    owner.client("s3").create_bucket(Bucket=bucket)
    # boto3 does not send the body, and uses the connection again unless the server closes it.
    reader = become(allow(["s3:GetObject", "s3:ListBucket"], "*")).client("s3", config={"read_timeout": 3})
    for body in (b"x", b"x" * 100_000):
        assert error_of(reader.put_object, Bucket=bucket, Key="a", Body=body) == ("AccessDenied", 403)
        assert reader.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_copy_needs_its_source(owner, become, unused):
    bucket, s3 = unused("policies"), owner.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="closed/a", Body=b"secret")
    writer = become(allow(["s3:PutObject", "s3:GetObject"], f"arn:aws:s3:::{bucket}/open/*")).client("s3")
    source = {"Bucket": bucket, "Key": "closed/a"}
    assert error_of(writer.copy_object, Bucket=bucket, Key="open/a", CopySource=source) == ("AccessDenied", 403)
    upload = writer.create_multipart_upload(Bucket=bucket, Key="open/a")["UploadId"]
    assert error_of(
        writer.upload_part_copy, Bucket=bucket, Key="open/a", UploadId=upload, PartNumber=1,
        CopySource=source) == ("AccessDenied", 403)


def test_one_model_and_no_stream(become, arns):
    account = become(allow("bedrock:InvokeModel", arns["one"]))
    runtime = account.client("bedrock-runtime")
    body = json.dumps(say())
    for name in (arns["one"], "one"):
        assert runtime.invoke_model(modelId=name, body=body)["ResponseMetadata"]["HTTPStatusCode"] == 200
        assert converse(account, name)["stopReason"]
        assert chat(account, name).status_code == 200
    for name in (arns["two"], "two"):
        assert error_of(runtime.invoke_model, modelId=name, body=body) == DENIED
        assert error_of(converse, account=account, model=name) == DENIED
        refused = chat(account, name)
        assert refused.status_code == 403 and refused.json()["error"]["message"]
    stream = {"modelId": arns["one"], "body": body}
    assert error_of(runtime.invoke_model_with_response_stream, **stream) == DENIED
    messages = [{"role": "user", "content": [{"text": "Hi"}]}]
    assert error_of(runtime.converse_stream, modelId=arns["one"], messages=messages) == DENIED
    assert chat(account, "one", stream=True).status_code == 403
    bedrock = account.client("bedrock")
    assert error_of(bedrock.delete_imported_model, modelIdentifier="one") == DENIED
    assert error_of(bedrock.list_model_import_jobs) == DENIED


def test_streams_only(become, arns):
    account = become(allow("bedrock:InvokeModelWithResponseStream", arns["one"]))
    runtime = account.client("bedrock-runtime")
    body = json.dumps(say())
    assert list(runtime.invoke_model_with_response_stream(modelId="one", body=body)["body"])
    assert chat(account, "one", stream=True).status_code == 200
    assert error_of(runtime.invoke_model, modelId="one", body=body) == DENIED
    assert chat(account, "one").status_code == 403


def test_a_denial_wins(become, arns):
    account = become(
        allow("*", "*"), {"Effect": "Deny", "Action": "bedrock:Invoke*", "Resource": arns["two"]},
        {"Effect": "Deny", "NotAction": ["bedrock:*", "sts:*"], "Resource": "*"})
    assert converse(account, "one")["stopReason"] and chat(account, "one").status_code == 200
    assert error_of(converse, account=account, model="two") == DENIED
    assert chat(account, "two").status_code == 403
    assert error_of(account.client("s3").list_buckets) == ("AccessDenied", 403)
    assert len(account.client("bedrock").list_imported_models()["modelSummaries"]) == 2


def test_everything_but_one_resource(become, arns):
    account = become({"Effect": "Allow", "Action": "bedrock:*", "NotResource": arns["two"]})
    assert chat(account, "one").status_code == 200 and chat(account, "two").status_code == 403
    assert become(allow("bedrock:*", "arn:aws:bedrock:*:*:imported-model/????????????")).client(
        "bedrock").get_imported_model(modelIdentifier="two")["modelName"] == "two"


def test_an_importer_may_import_only(owner, become, unused):
    account = become(allow("bedrock:*ModelImportJob*", "*"))
    bedrock, name = account.client("bedrock"), unused("import")
    job = bedrock.create_model_import_job(
        jobName=name, importedModelName=name, roleArn="arn:aws:iam::123456789012:role/Import",
        modelDataSource={"s3DataSource": {"s3Uri": "s3://nowhere/"}})["jobArn"]
    assert bedrock.get_model_import_job(jobIdentifier=job)["jobName"] == name
    assert error_of(bedrock.list_imported_models) == DENIED
    assert error_of(bedrock.tag_resource, resourceARN=job, tags=[{"key": "a", "value": "b"}]) == DENIED


# What each service says: to a wrong signature, an unknown key, a signature of the past and the future, and to none.
REFUSALS = {
    "bedrock": (
        "GET", "/imported-models", b"", "InvalidSignatureException", "UnrecognizedClientException",
        "InvalidSignatureException", "MissingAuthenticationTokenException"),
    "s3": (
        "GET", "/imported-models", b"", "SignatureDoesNotMatch", "InvalidAccessKeyId", "RequestTimeTooSkewed",
        "AccessDenied"),
    "sts": (
        "POST", "/", IDENTITY, "SignatureDoesNotMatch", "InvalidClientTokenId", "SignatureDoesNotMatch",
        "MissingAuthenticationToken")}


@pytest.fixture(scope="module", autouse=True)
def namesake(owner):
    """A bucket that is called as a path of Amazon Bedrock's, so that only the signature tells the services apart."""
    for bucket in ("imported-models", "bucket-of-access"):
        owner.client("s3").create_bucket(Bucket=bucket)


@pytest.mark.parametrize("service", REFUSALS)
def test_signatures_that_are_refused(owner, service):
    method, path, body, wrong, unknown, skewed, unsigned = REFUSALS[service]
    headers = {"content-type": "application/x-www-form-urlencoded"} if body else {}

    def ask(**signing):
        return signed(owner, method, path, headers=headers, body=body, service=service, **signing)

    assert ask().status == 200
    assert ask(secret=owner.secret[:-1] + "#").error == (wrong, 403)
    assert ask(access_key="AKIAZZZZZZZZZZZZZZZZ").error == (unknown, 403)
    for minutes in (-20, 20):
        assert ask(time=now() + timedelta(minutes=minutes)).error == (skewed, 403)
    for minutes in (-4, 4):
        assert ask(time=now() + timedelta(minutes=minutes)).status == 200
    # Without a signature, paths tell the services apart.
    path = "/bucket-of-access/key" if service == "s3" else path
    assert send(owner, method, path, headers, body).error == (unsigned, 403)


@pytest.mark.parametrize("service", REFUSALS)
def test_a_signature_covers_the_request(owner, service):
    method, path, body, wrong, *_ = REFUSALS[service]
    target, headers = Signer(owner, service).request(method, path, payload_hash=sha256(body))
    assert send(owner, method, target, headers, body).status == 200
    assert send(owner, method, target + "?a=b", headers, body).error == (wrong, 403)
    if service != "sts":
        assert send(owner, method, target + "/one", headers, body).error == (wrong, 403)
    if service == "s3":
        assert send(owner, "DELETE", target, headers, body).error == (wrong, 403)
    later = headers | {"x-amz-date": (now() + timedelta(minutes=1)).strftime("%Y%m%dT%H%M%SZ")}
    assert send(owner, method, target, later, body).error == (wrong, 403)
    # The service in the scope is signed, too.
    other = {"bedrock": "s3", "s3": "bedrock", "sts": "bedrock"}[service]
    moved = headers | {"authorization": headers["authorization"].replace(f"/{service}/", f"/{other}/")}
    # The other service may see at once that the request is none of its own.
    assert send(owner, method, target, moved, body).status in (400, 403, 404)
    if service != "s3":
        assert send(owner, method, target, headers, body + b"x").error == (wrong, 403)


@pytest.mark.parametrize("authorization", [
    "", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a", "AWS4-HMAC-SHA256 Credential=a/b/c/bedrock/aws4_request,"
    " SignedHeaders=host, Signature=00", "Bearer", "Bearer wrong", "Basic dTpw", "AWS4-ECDSA-P256-SHA256 x"])
def test_headers_that_prove_nothing(owner, authorization):
    answer = send(owner, "GET", "/imported-models", {"authorization": authorization})
    assert answer.status in (400, 403) and answer.code


def test_bearer_keys_with_the_official_client(owner):
    client = openai_client(owner)
    assert {model.id for model in client.models.list()} == {"one", "two"}
    assert client.chat.completions.create(**say(model="two")).usage.completion_tokens == 2
    for key in ("sk-outcrop-wrong", owner.access_key, owner.secret, owner.bearer[:-1], owner.bearer + "a"):
        wrong = openai.OpenAI(base_url=owner.url + "/v1", api_key=key, max_retries=0)
        with pytest.raises(openai.AuthenticationError):
            wrong.chat.completions.create(**say(model="two"))
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(**say(model="nobody"))


def test_bearer_keys_with_boto3(secure, monkeypatch):
    monkeypatch.setenv("AWS_CA_BUNDLE", secure.certificate)
    monkeypatch.setenv("AWS_ENDPOINT_URL", secure.url)

    def models(key):
        monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", key)
        client = boto3.Session().client(
            "bedrock", region_name="us-east-1", config=Config(retries={"total_max_attempts": 1}))
        return client.list_imported_models()["modelSummaries"]

    assert isinstance(models(secure.bearer), list)
    assert error_of(models, key="wrong") == DENIED
    shown = secure.json(
        "bedrock", "list-imported-models",
        environment={"AWS_BEARER_TOKEN_BEDROCK": secure.bearer, "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""})
    assert isinstance(shown["modelSummaries"], list)


def test_who_am_i(account):
    identity = account.client("sts").get_caller_identity()
    shown = account.json("sts", "get-caller-identity")
    assert identity["Account"] == shown["Account"] and shown["Account"].isdigit() and len(shown["Account"]) == 12
    assert identity["Arn"] == shown["Arn"] and identity["Arn"].startswith(f"arn:aws:iam::{shown['Account']}:")
    assert identity["UserId"]


def test_other_machines_are_let_in_with_keys_only(outcrop):
    refused = outcrop.run("serve", "--host", "0.0.0.0", "--port", free_port(), status=None, timeout=20)
    assert refused.returncode != 0 and b"key" in refused.stderr
    with outcrop.serve("--host", "0.0.0.0", "--insecure") as server:
        assert Account(server).client("s3").list_buckets()["Buckets"] == []
    key = outcrop.create_key("owner")
    with outcrop.serve("--host", "0.0.0.0") as server:
        assert Account(server, key).client("s3").list_buckets()["Buckets"] == []
        assert error_of(Account(server).client("s3").list_buckets) == ("InvalidAccessKeyId", 403)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))  # Sends nothing; finds this machine's address.
            address = probe.getsockname()[0]
        assert requests.get(f"http://{address}:{server.port}/v1/models", timeout=10).status_code == 401


def test_the_first_key_closes_a_running_server(outcrop):
    with outcrop.serve() as server:
        anyone = Account(server)
        anyone.client("s3").list_buckets()
        key = outcrop.create_key("first")
        assert error_of(anyone.client("s3").list_buckets) == ("InvalidAccessKeyId", 403)
        assert requests.get(server.url + "/v1/models", timeout=10).status_code == 401
        Account(server, key).client("s3").list_buckets()
        # Revoking the last key does not open it again.
        outcrop.run("keys", "revoke", "first")
        assert error_of(Account(server, key).client("s3").list_buckets) == ("InvalidAccessKeyId", 403)
        assert error_of(anyone.client("s3").list_buckets) == ("InvalidAccessKeyId", 403)


def test_the_audit_log(owner, become, arns):
    server = owner.server
    account = become(allow("bedrock:InvokeModel", arns["one"]))
    (name,) = [
        found["name"] for found in server.outcrop.json("keys", "list", "--json")
        if found["access_key_id"] == account.access_key]

    def decisions(line):
        return [(found["action"], found["resource"], found["allowed"]) for found in line["decisions"]]

    answer = account.client("bedrock-runtime").invoke_model(modelId="one", body=json.dumps(say(SECRET_PROMPT)))
    line = entry(server, answer["ResponseMetadata"]["RequestId"])
    assert (line["name"], line["outcome"], line["status"]) == (name, "allow", 200)
    assert decisions(line) == [("bedrock:InvokeModel", arns["one"], True)]
    assert line["principal"] and line["time"].endswith("Z") and line["source"].startswith("127.0.0.1")
    refused = chat(account, "two", messages=[{"role": "user", "content": SECRET_PROMPT}])
    line = entry(server, refused.headers["x-amzn-requestid"])
    assert (line["name"], line["outcome"], line["status"]) == (name, "deny", 403)
    assert decisions(line) == [("bedrock:InvokeModel", arns["two"], False)]
    stranger = signed(owner, "GET", "/", secret="wrong")
    line = entry(server, stranger.headers["x-amz-request-id"])
    assert (line["outcome"], line["status"], line["decisions"]) == ("deny", 403, [])
    missing = signed(owner, "GET", "/no-such-bucket-here/a%20key")
    line = entry(server, missing.headers["x-amz-request-id"])
    assert (line["name"], line["outcome"], line["status"]) == ("owner", "error", 404)
    assert decisions(line)[0] == ("s3:GetObject", "arn:aws:s3:::no-such-bucket-here/a key", True)
    presigned = Signer(owner).presign("GET", "/", 60)
    line = entry(server, send(owner, "GET", presigned).headers["x-amz-request-id"])
    assert (line["name"], line["outcome"]) == ("owner", "allow")
    wait_until(lambda: not server.metric("outcrop_requests_in_progress"))
    written = (server.outcrop.data / "audit.jsonl").read_text() + server.output()
    signature = presigned.split("X-Amz-Signature=")[1]
    for secret in (SECRET_PROMPT, owner.secret, owner.bearer, account.secret, account.bearer, signature):
        assert secret not in written


def test_files_with_secrets_are_their_owner_s_alone(owner, secure):
    for account in (owner, secure):
        data = account.server.outcrop.data
        private = [*data.glob("access.sqlite*"), data / "audit.jsonl", *data.glob("tls/*key*")]
        assert len(private) >= 2
        for path in private:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        # Nowhere but among the keys is a secret kept, and a bearer key not even there.
        for path in data.rglob("*"):
            if path.is_file() and path.stat().st_size < 1 << 20:
                held = path.read_bytes()
                assert account.bearer.encode() not in held, path
                assert path.name.startswith("access.sqlite") or account.secret.encode() not in held, path
    assert list((secure.server.outcrop.data / "tls").glob("*key*"))
