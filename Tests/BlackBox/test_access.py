"""Who may do what: keys, signatures, policies, the audit log."""

import base64
import datetime
import json
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest
import requests
from aws import ROLE, Account, completed, error_of, import_model, upload_folder
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from outcrop import DEMO_MODEL, free_port, wait_until
from signing import Signer, now, send, sha256, signed

DENIED = ("AccessDeniedException", 403)
SAY_HI = {"messages": [{"role": "user", "content": [{"text": "Hi"}]}], "inferenceConfig": {"maxTokens": 4}}
CHAT = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4}
SECRET_PROMPT = "the-secret-prompt-of-a-patient"


def allow(*actions, on="*", **more):
    """A policy of one statement."""
    return {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}}


@pytest.fixture
def issue(account, unused):
    """Makes keys for the account's server."""
    def issue(policy=None):
        return Account(account.server, account.server.outcrop.create_key(unused("key"), policy))
    return issue


@pytest.fixture(scope="module", autouse=True)
def models(plain, secure, demo_uri):
    """The ARNs of the demo model as `shown` and as `hidden`, at both servers."""
    secure.client("s3").create_bucket(Bucket="models")
    upload_folder(secure.client("s3"), DEMO_MODEL, "models", "demo/")
    return {
        (account.url, name): completed(account.client("bedrock"), import_model(account.client("bedrock"), demo_uri, name))
        for account in (plain, secure) for name in ("shown", "hidden")}


# Signatures


@pytest.mark.parametrize("service, path, errors", [
    ("bedrock", "/imported-models", ["InvalidSignatureException", "UnrecognizedClientException"]),
    ("s3", "/", ["SignatureDoesNotMatch", "InvalidAccessKeyId"]),
    ("sts", "/?Action=GetCallerIdentity&Version=2011-06-15", ["SignatureDoesNotMatch", "InvalidClientTokenId"])])
def test_wrong_secrets_and_unknown_keys(plain, service, path, errors):
    path, _, query = path.partition("?")
    query = [tuple(item.split("=")) for item in query.split("&") if item]
    assert signed(plain, "GET", path, query, service=service).status == 200
    assert signed(plain, "GET", path, query, service=service, secret="wrong").error == (errors[0], 403)
    assert signed(plain, "GET", path, query, service=service, access_key="AKIANOSUCHKEY0000000").error == (errors[1], 403)


@pytest.mark.parametrize("minutes", [-20, 20])
def test_clocks_that_differ_too_much(plain, minutes):
    time = now() + datetime.timedelta(minutes=minutes)
    answer = signed(plain, "GET", "/imported-models", service="bedrock", time=time)
    assert answer.error == ("InvalidSignatureException", 403)
    assert "Signature expired" in answer.json()["message"] or "Signature not yet current" in answer.json()["message"]
    assert signed(plain, "GET", "/", time=time).error == ("RequestTimeTooSkewed", 403)


@pytest.mark.parametrize("minutes", [-10, 10])
def test_clocks_that_differ_a_little(plain, minutes):
    time = now() + datetime.timedelta(minutes=minutes)
    assert signed(plain, "GET", "/imported-models", service="bedrock", time=time).status == 200
    assert signed(plain, "GET", "/", time=time).status == 200


def test_requests_without_a_key(plain):
    assert send(plain, "GET", "/imported-models").error == ("MissingAuthenticationTokenException", 403)
    assert send(plain, "GET", "/").error[1] in (403, 404)
    assert send(plain, "GET", "/models/demo/config.json").error == ("AccessDenied", 403)
    assert send(plain, "POST", "/v1/chat/completions", body=json.dumps(CHAT).encode()).status == 401
    for path in ("/health", "/metrics"):
        assert send(plain, "GET", path).status == 200


def test_every_part_of_a_request_is_covered(plain):
    """What was signed and what came must be the same."""
    body = json.dumps({"resourceARN": "arn:aws:bedrock:us-east-1:000000000000:imported-model/zzzzzzzzzzzz"}).encode()
    headers = {"content-type": "application/json"}

    def ask(change=None, method="POST", sent=body):
        target, signed_headers = Signer(plain, "bedrock").request(
            "POST", "/listTagsForResource", headers=headers, payload_hash=sha256(body))
        if change:
            target = change(signed_headers) or target
        return send(plain, method, target, signed_headers, sent)

    assert ask().error == ("ResourceNotFoundException", 404)
    wrong = ("InvalidSignatureException", 403)
    assert ask(sent=body.replace(b"zz", b"yy")).error == wrong
    assert ask(lambda _: "/listTagsForResource?a=b").error == wrong
    assert ask(lambda found: found.update({"content-type": "text/plain"})).error == wrong
    assert ask(lambda found: found.update({"x-amz-date": (now() - datetime.timedelta(seconds=5)).strftime(
        "%Y%m%dT%H%M%SZ")})).status in (400, 403)
    assert ask(lambda found: found.update({"host": "elsewhere:80"})).error == wrong


def test_headers_that_change_what_is_done_must_be_signed(plain, unused):
    s3, bucket = plain.client("s3"), unused("headers")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="from", Body=b"other")
    for name, value in [("x-amz-copy-source", f"{bucket}/from"), ("x-amz-meta-a", "b"), ("x-amz-tagging", "a=b")]:
        target, headers = Signer(plain).request("PUT", f"/{bucket}/k", payload_hash=sha256(b""))
        assert send(plain, "PUT", target, {**headers, name: value}).error == ("AccessDenied", 403)


def test_headers_that_are_not_signed_do_nothing(plain, unused):
    s3, bucket = plain.client("s3"), unused("headers")
    s3.create_bucket(Bucket=bucket)
    for name, value in [("x-amz-copy-source", f"{bucket}/from"), ("x-amz-meta-a", "b"), ("x-amz-tagging", "a=b")]:
        target, headers = Signer(plain).request("PUT", f"/{bucket}/k", payload_hash=sha256(b""))
        assert send(plain, "PUT", target, {**headers, name: value}).status in (400, 403)
    assert error_of(s3.head_object, Bucket=bucket, Key="k") == ("404", 404)


def test_paths_are_encoded_twice_except_in_s3(plain):
    path = "/imported-models/arn%3Aaws%3Abedrock%3Aus-east-1%3A000000000000%3Aimported-model%2Fzzzzzzzzzzzz"
    assert signed(plain, "GET", path, service="bedrock").code == "ResourceNotFoundException"

    class Once(Signer):
        def _canonical(self, method, path, query, headers, payload_hash):
            service, self.service = self.service, "s3"
            text = super()._canonical(method, path, query, headers, payload_hash)
            self.service = service
            return text.replace("/s3/aws4_request", f"/{service}/aws4_request")

    target, headers = Once(plain, "bedrock").request("GET", path)
    assert send(plain, "GET", target, headers).error == ("InvalidSignatureException", 403)


@pytest.mark.parametrize("header", [
    "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 nonsense", "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c",
    "Basic YTpi", "Bearer", "Bearer ", "Negotiate x", "AWS4-HMAC-SHA256 " + "Credential=" * 5000])
def test_credentials_that_are_none(plain, header):
    headers = {"authorization": header, "x-amz-date": now().strftime("%Y%m%dT%H%M%SZ")}
    for path in ("/imported-models", "/models/demo/config.json", "/v1/models"):
        answer = send(plain, "GET", path, headers)
        assert 400 <= answer.status < 500 and b"shown" not in answer.body


def test_the_caller_s_identity(account, issue):
    owner = account.client("sts").get_caller_identity()
    assert owner["Account"] == "000000000000" and owner["Arn"] == "arn:aws:iam::000000000000:user/owner"
    assert owner["UserId"] == account.access_key
    # Whoever may do nothing may still ask who they are.
    nobody = issue(allow("none:None"))
    assert nobody.json("sts", "get-caller-identity")["UserId"] == nobody.access_key


# Keys


def test_a_revoked_key_is_refused_at_once(account, issue):
    key = issue()
    s3, bedrock = key.client("s3"), key.client("bedrock")
    s3.list_buckets()
    bedrock.list_imported_models()
    client = key_client(key)
    client.models.list()
    account.server.outcrop.run("keys", "revoke", key.key["name"])
    assert error_of(s3.list_buckets) == ("InvalidAccessKeyId", 403)
    assert error_of(bedrock.list_imported_models) == ("UnrecognizedClientException", 403)
    with pytest.raises(openai.AuthenticationError):
        client.models.list()


def key_client(account, key=None):
    """OpenAI's client."""
    trust = ssl.create_default_context(cafile=account.certificate)
    return openai.OpenAI(
        base_url=account.url + "/v1", api_key=key or account.bearer, max_retries=0,
        http_client=openai.DefaultHttpxClient(verify=trust))


def test_keys_are_listed_without_their_secrets(account, issue):
    policy = allow("s3:GetObject")
    key = issue(policy)
    shown = account.server.outcrop.run("keys", "list", "--json").stdout.decode()
    (found,) = [entry for entry in json.loads(shown) if entry["name"] == key.key["name"]]
    assert found["access_key_id"] == key.access_key and found["policy"] == policy and found["revoked"] is None
    everything = shown + account.server.outcrop.run("keys", "list").stdout.decode()
    assert key.secret not in everything and key.bearer not in everything
    for path in account.server.outcrop.data.glob("access.sqlite*"):
        assert path.stat().st_mode & 0o077 == 0
        assert key.bearer.encode() not in path.read_bytes()


def test_several_commands_may_be_the_first_in_a_data_folder(outcrop):
    names = [f"key-{number}" for number in range(6)]
    with ThreadPoolExecutor(len(names)) as commands:
        list(commands.map(outcrop.create_key, names))
    assert sorted(key["name"] for key in outcrop.json("keys", "list", "--json")) == names


@pytest.mark.parametrize("policy", [
    {}, [], {"Statement": []}, {"Statement": {"Effect": "Maybe", "Action": "*", "Resource": "*"}},
    {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {}}}},
    {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}},
    {"Statement": {"Effect": "Allow", "Action": "*"}}, {"Statement": {"Effect": "Allow", "Resource": "*"}},
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "${aws:username}"}}], ids=str)
def test_policies_that_would_not_be_kept_to_are_refused(outcrop, policy):
    path = outcrop.data / "policy.json"
    path.write_text(json.dumps(policy))
    assert outcrop.run("keys", "create", "x", "--policy", path, status=1).stderr
    assert outcrop.json("keys", "list", "--json") == []


def test_others_are_not_let_in_without_keys(outcrop):
    for host in ("0.0.0.0", "::"):
        refused = outcrop.run("serve", "--host", host, "--port", free_port(), status=1, timeout=30)
        assert b"--insecure" in refused.stderr and b"keys create" in refused.stderr
    outcrop.create_key("one")
    port = free_port()
    process = outcrop.start("serve", "--host", "0.0.0.0", "--port", port)
    try:
        wait_until(lambda: _answers(port), message="it does not listen")
        assert requests.get(f"http://127.0.0.1:{port}/imported-models", timeout=10).status_code == 403
    finally:
        process.kill()
        process.communicate()


def _answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_without_keys_anything_goes_on_this_machine_alone(outcrop):
    with outcrop.serve() as server:
        anyone = Account(server)
        anyone.client("s3").create_bucket(Bucket="open")
        assert anyone.client("bedrock").list_imported_models()["modelSummaries"] == []
        assert send(anyone, "GET", "/imported-models").status == 200
        assert len([line for line in server.output().splitlines() if "keys create" in line]) == 1
        # A page in a browser is not this machine's user.
        answer = send(anyone, "GET", "/imported-models", {"origin": "https://evil.example"})
        assert answer.status == 403
        key = outcrop.create_key("first")
        assert error_of(anyone.client("s3").list_buckets) == ("InvalidAccessKeyId", 403)
        assert Account(server, key).client("s3").list_buckets()["Buckets"][0]["Name"] == "open"


# Policies


def test_policies_on_objects(account, issue, unused):
    mine, other = unused("mine"), unused("other")
    owner = account.client("s3")
    for bucket in (mine, other):
        owner.create_bucket(Bucket=bucket)
        for key in ("public/a", "private/b"):
            owner.put_object(Bucket=bucket, Key=key, Body=b"x")
    arn = f"arn:aws:s3:::{mine}"
    s3 = issue({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:*", "Resource": [arn, arn + "/*"]},
        {"Effect": "Deny", "Action": ["s3:GetObject", "s3:DeleteObject"], "Resource": arn + "/private/*"}]}).client("s3")
    denied = ("AccessDenied", 403)
    assert s3.get_object(Bucket=mine, Key="public/a")["Body"].read() == b"x"
    s3.list_objects_v2(Bucket=mine)
    s3.put_object(Bucket=mine, Key="private/c", Body=b"y")
    assert error_of(s3.get_object, Bucket=mine, Key="private/b") == denied
    assert error_of(s3.head_object, Bucket=mine, Key="private/b") == ("403", 403)
    assert error_of(s3.delete_object, Bucket=mine, Key="private/b") == denied
    assert error_of(s3.list_objects_v2, Bucket=other) == denied
    assert error_of(s3.get_object, Bucket=other, Key="public/a") == denied
    assert error_of(s3.list_buckets) == denied
    assert error_of(s3.create_bucket, Bucket=unused("new")) == denied
    # No way around: a copy reads its source, a batch deletes each of its keys.
    assert error_of(s3.copy_object, Bucket=mine, Key="c", CopySource={"Bucket": mine, "Key": "private/b"}) == denied
    assert error_of(s3.copy_object, Bucket=mine, Key="c", CopySource={"Bucket": other, "Key": "public/a"}) == denied
    upload = s3.create_multipart_upload(Bucket=mine, Key="c")["UploadId"]
    assert error_of(
        s3.upload_part_copy, Bucket=mine, Key="c", UploadId=upload, PartNumber=1,
        CopySource={"Bucket": mine, "Key": "private/b"}) == denied
    answer = s3.delete_objects(Bucket=mine, Delete={"Objects": [{"Key": "public/a"}, {"Key": "private/b"}]})
    assert answer["Deleted"] == [{"Key": "public/a"}]
    assert [(error["Key"], error["Code"]) for error in answer["Errors"]] == [("private/b", "AccessDenied")]
    assert owner.get_object(Bucket=mine, Key="private/b")["Body"].read() == b"x"
    url = s3.generate_presigned_url("get_object", Params={"Bucket": mine, "Key": "private/b"})
    assert requests.get(url, verify=account.certificate, timeout=30).status_code == 403


def test_what_is_denied_does_not_show_whether_it_exists(account, issue, unused):
    bucket = unused("quiet")
    account.client("s3").create_bucket(Bucket=bucket)
    s3 = issue(allow("s3:PutObject", on=f"arn:aws:s3:::{bucket}/*")).client("s3")
    s3.put_object(Bucket=bucket, Key="there", Body=b"x")
    for key in ("there", "missing"):
        assert error_of(s3.get_object, Bucket=bucket, Key=key) == ("AccessDenied", 403)
    assert error_of(s3.list_objects_v2, Bucket="nobodys-bucket") == ("AccessDenied", 403)


def test_policies_on_models(account, issue, models):
    shown, hidden = models[account.url, "shown"], models[account.url, "hidden"]
    key = issue(allow("bedrock:InvokeModel*", "bedrock:GetImportedModel", on=shown))
    runtime, bedrock = key.client("bedrock-runtime"), key.client("bedrock")
    for name in (shown, "shown", shown.replace("us-east-1", "eu-west-1")):
        runtime.converse(modelId=name, **SAY_HI)
        runtime.invoke_model(modelId=name, body=json.dumps(CHAT))
    list(runtime.converse_stream(modelId=shown, **SAY_HI)["stream"])
    bedrock.get_imported_model(modelIdentifier="shown")
    for name in (hidden, "hidden"):
        for call, arguments in [
                (runtime.converse, SAY_HI), (runtime.converse_stream, SAY_HI),
                (runtime.invoke_model, {"body": json.dumps(CHAT)}),
                (runtime.invoke_model_with_response_stream, {"body": json.dumps(CHAT)}),
                (runtime.count_tokens, {"input": {"converse": {"messages": SAY_HI["messages"]}}})]:
            assert error_of(call, modelId=name, **arguments) == DENIED
        assert error_of(bedrock.get_imported_model, modelIdentifier=name) == DENIED
        assert error_of(bedrock.delete_imported_model, modelIdentifier=name) == DENIED
    assert error_of(bedrock.delete_imported_model, modelIdentifier="shown") == DENIED
    assert error_of(bedrock.list_imported_models) == DENIED
    assert error_of(bedrock.list_model_import_jobs) == DENIED
    assert error_of(bedrock.tag_resource, resourceARN=shown, tags=[{"key": "a", "value": "b"}]) == DENIED
    assert error_of(
        bedrock.create_model_import_job, jobName="denied", importedModelName="denied", roleArn=ROLE,
        modelDataSource={"s3DataSource": {"s3Uri": "s3://models/demo/"}}) == DENIED


def test_policies_on_openai_s_routes(account, issue):
    client = key_client(issue(allow("bedrock:InvokeModel", on="arn:aws:bedrock:*:*:imported-model/*")))
    messages = CHAT["messages"]
    client.chat.completions.create(model="shown", messages=messages, max_tokens=4)
    with pytest.raises(openai.PermissionDeniedError):
        list(client.chat.completions.create(model="shown", messages=messages, max_tokens=4, stream=True))
    with pytest.raises(openai.PermissionDeniedError):
        client.models.list()
    reader = key_client(issue(allow("bedrock:List*", "bedrock:Get*")))
    assert {"shown", "hidden"} <= {model.id for model in reader.models.list()}
    with pytest.raises(openai.PermissionDeniedError):
        reader.completions.create(model="shown", prompt="Hi", max_tokens=4)


def test_denials_win_and_not_means_not(account, issue):
    everything_but = issue({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "bedrock:*", "NotResource": "arn:aws:bedrock:*:*:imported-model/*"}]})
    assert error_of(everything_but.client("s3").list_buckets) == ("AccessDenied", 403)
    assert error_of(everything_but.client("bedrock").list_imported_models) == DENIED
    everything_but.client("bedrock").get_imported_model(modelIdentifier="shown")


# Bearer keys


def test_bearer_keys_with_boto3(secure, monkeypatch):
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", secure.bearer)
    bedrock, runtime = secure.client("bedrock"), secure.client("bedrock-runtime")
    sent = []
    runtime.meta.events.register("before-send.*", lambda request, **_: sent.append(request.headers["Authorization"]))
    assert bedrock.get_imported_model(modelIdentifier="shown")["modelName"] == "shown"
    assert runtime.converse(modelId="shown", **SAY_HI)["usage"]["outputTokens"] >= 1
    assert sent == [f"Bearer {secure.bearer}"] or sent == [f"Bearer {secure.bearer}".encode()]
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "sk-outcrop-" + "x" * 43)
    assert error_of(secure.client("bedrock").list_imported_models) == DENIED
    shown = secure.json(
        "bedrock", "list-imported-models", environment={"AWS_BEARER_TOKEN_BEDROCK": secure.bearer})
    assert len(shown["modelSummaries"]) >= 2


def test_short_term_bearer_keys(secure):
    """What AWS' token generator makes of an access key: a presigned request, in base 64."""
    def token(account, seconds=300):
        request = AWSRequest("POST", "https://bedrock.amazonaws.com/", params={"Action": "CallWithBearerToken"},
                             headers={"host": "bedrock.amazonaws.com"})
        SigV4QueryAuth(Credentials(account.access_key, account.secret), "bedrock", "us-east-1", seconds).add_auth(request)
        url = request.url.removeprefix("https://") + "&Version=1"
        return "bedrock-api-key-" + base64.b64encode(url.encode()).decode()

    def status(key):
        return requests.get(
            secure.url + "/imported-models", headers={"authorization": "Bearer " + key}, verify=secure.certificate,
            timeout=30).status_code

    assert status(token(secure)) == 200
    forged = Account(secure.server, {**secure.key, "secret_access_key": "wrong"})
    assert status(token(forged)) == 403
    assert status("bedrock-api-key-" + base64.b64encode(b"nonsense").decode()) == 403


def test_one_bearer_key_for_all_doors(account, issue):
    key = issue()
    assert "shown" in [model.id for model in key_client(key).models.list()]
    for prefix in ("/v1", "/openai/v1"):
        answer = requests.post(
            f"{account.url}{prefix}/chat/completions", json={"model": "shown", **CHAT}, verify=account.certificate,
            headers={"authorization": f"Bearer {key.bearer}"}, timeout=60)
        assert answer.status_code == 200
        body = json.dumps({"model": "shown", **CHAT}).encode()
        assert signed(key, "POST", f"{prefix}/chat/completions", body=body, service="bedrock").status == 200
    with pytest.raises(openai.AuthenticationError):
        key_client(account, "sk-outcrop-wrong").models.list()


# The audit log


def audit(account):
    account.server.get("/health")
    text = (account.server.outcrop.data / "audit.jsonl").read_text()
    return text, [json.loads(line) for line in text.splitlines()]


def test_who_did_what_is_on_record(account, issue, unused, models):
    bucket = unused("audited")
    account.client("s3").create_bucket(Bucket=bucket)
    key = issue({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["bedrock:InvokeModel", "s3:PutObject"], "Resource": "*"}]})
    s3, runtime = key.client("s3"), key.client("bedrock-runtime")
    prompt = {"messages": [{"role": "user", "content": SECRET_PROMPT}], "max_tokens": 4}
    ids = {
        "invoke": runtime.invoke_model(modelId="shown", body=json.dumps(prompt))["ResponseMetadata"]["RequestId"],
        "put": s3.put_object(Bucket=bucket, Key="k", Body=SECRET_PROMPT.encode())["ResponseMetadata"]["RequestId"],
    }
    assert error_of(s3.get_object, Bucket=bucket, Key="k") == ("AccessDenied", 403)
    assert signed(key, "GET", "/", secret="wrong").status == 403
    chat = key_client(key).chat.completions.with_raw_response.create(model="shown", messages=prompt["messages"], max_tokens=4)
    ids["chat"] = chat.headers["x-request-id"]
    wait_until(lambda: all(request in audit(account)[0] for request in ids.values()), message="nothing is on record")
    text, entries = audit(account)
    by_id = {entry["request_id"]: entry for entry in entries}
    shown = models[account.url, "shown"]
    for request, action, resource in [
            ("invoke", "bedrock:InvokeModel", shown), ("chat", "bedrock:InvokeModel", shown),
            ("put", "s3:PutObject", f"arn:aws:s3:::{bucket}/k")]:
        entry = by_id[ids[request]]
        assert (entry["principal"], entry["name"]) == (key.access_key, key.key["name"])
        assert entry["decisions"] == [{"action": action, "resource": resource, "allowed": True}]
        assert (entry["outcome"], entry["status"], entry["source"]) == ("allow", 200, "127.0.0.1")
        assert datetime.datetime.fromisoformat(entry["time"])
    mine = [entry for entry in entries if entry["principal"] == key.access_key and entry["outcome"] == "deny"]
    assert {"action": "s3:GetObject", "resource": f"arn:aws:s3:::{bucket}/k", "allowed": False} in mine[-1]["decisions"]
    assert any(entry["principal"] is None and entry["outcome"] == "deny" for entry in entries)
    log = account.server.output()
    for secret in (key.secret, key.bearer, SECRET_PROMPT, account.secret, account.bearer):
        assert secret not in text and secret not in log
    assert (account.server.outcrop.data / "audit.jsonl").stat().st_mode & 0o077 == 0


def test_the_audit_log_is_rotated(plain):
    path = plain.server.outcrop.data / "audit.jsonl"
    signed(plain, "GET", "/")
    wait_until(path.exists)
    path.rename(path.with_suffix(".old"))
    signed(plain, "GET", "/")
    wait_until(path.exists, message="no new file follows the one that was moved away")
    wait_until(lambda: path.read_text(), message="nothing is written to the new file")
