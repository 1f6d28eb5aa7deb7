"""Imports from an S3 server that is not ours, through a network that fails."""

import json
import threading

import pytest
from aws import ROLE, Account, completed, failure, import_model, upload_folder
from faults import FaultProxy, OtherStore
from outcrop import DEMO_MODEL, Outcrop, wait_until

FORBIDDEN = "arn:aws:iam::123456789012:role/Forbidden"
STRANGER = "arn:aws:iam::123456789012:role/Stranger"
PROFILE = "arn:aws:iam::123456789012:role/Profile"


@pytest.fixture(scope="module")
def store():
    """The other S3 server, with the demo model's checkpoint."""
    store = OtherStore()
    store.s3.create_bucket(Bucket="away")
    upload_folder(store.s3, DEMO_MODEL, "away", "demo/")
    yield store
    store.stop()


@pytest.fixture
def proxy(store, module_proxy):
    """The proxy, without faults."""
    module_proxy.fault = lambda exchange: None
    module_proxy.seen = []
    return module_proxy


@pytest.fixture(scope="module")
def module_proxy(store):
    proxy = FaultProxy(store.url)
    yield proxy
    proxy.stop()


@pytest.fixture(scope="module")
def home(tmp_path_factory, store, module_proxy):
    """A server whose role reads from the other one."""
    outcrop = Outcrop(tmp_path_factory.mktemp("home"))
    away = {"endpoint": module_proxy.url, "region": "us-east-1"}
    outcrop.data.joinpath("roles.json").write_text(json.dumps({"roles": {
        ROLE: {"read": ["away/*", "later/*"], "s3": away},
        FORBIDDEN: {"read": ["away/other/*"], "s3": away},
        PROFILE: {"read": ["away/*"], "s3": {"endpoint": module_proxy.url, "profile": "other"}}}}))
    config = outcrop.data / "aws-credentials"
    config.write_text(f"[other]\naws_access_key_id = {store.access_key}\naws_secret_access_key = profile-secret\n")
    environment = {
        "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": str(config)}
    with outcrop.serve(environment=environment | store.environment) as server:
        yield Account(server)
        assert server.process.poll() is None, f"the server crashed: {server.output()}"
        assert store.secret not in server.output() and "profile-secret" not in server.output()


@pytest.fixture
def bedrock(home):
    return home.client("bedrock")


@pytest.fixture
def name(unused):
    return unused("away")


def is_usable(home, arn):
    """Whether a model answers."""
    runtime = home.client("bedrock-runtime")
    answer = runtime.invoke_model(modelId=arn, body=json.dumps({
        "messages": [{"role": "user", "content": "What is your name?"}], "max_tokens": 20, "temperature": 0}))
    return json.loads(answer["body"].read())["usage"]["completion_tokens"] > 0


def nothing_left(home, name):
    """Whether there is nothing of a model that did not come to be."""
    names = {path.name for path in (home.server.outcrop.data / "models").iterdir()}
    assert not any(name in found for found in names), names
    assert name not in [model["name"] for model in home.server.outcrop.json("models", "--json")]
    return True


def test_a_model_comes_from_elsewhere(home, bedrock, proxy, name):
    arn = completed(bedrock, import_model(bedrock, "s3://away/demo/", name))
    assert is_usable(home, arn) and proxy.reads("model.safetensors") > 0
    model = bedrock.get_imported_model(modelIdentifier=arn)
    assert model["modelDataSource"] == {"s3DataSource": {"s3Uri": "s3://away/demo/"}}
    # The same weights as from a folder here.
    outcrop = home.server.outcrop
    outcrop.run("import", DEMO_MODEL, "--name", "local")
    weights = [(outcrop.data / "models" / folder / "model.safetensors").read_bytes() for folder in (name, "local")]
    assert weights[0] == weights[1]


def test_requests_are_signed_with_the_role_s_credentials(home, bedrock, proxy, store, name):
    completed(bedrock, import_model(bedrock, "s3://away/demo", name, role=PROFILE))
    for exchange in proxy.seen:
        assert f"Credential={store.access_key}/" in exchange.handler.headers["authorization"]
        assert "/us-east-1/s3/aws4_request" in exchange.handler.headers["authorization"]


def test_errors_that_pass_are_waited_out(home, bedrock, proxy, name):
    failed = {}
    lock = threading.Lock()

    def fault(exchange):
        place = (exchange.handler.path, exchange.range)
        with lock:
            failed[place] = failed.get(place, 0) + 1
            count = failed[place]
        if count <= (1 if exchange.range else 3):
            exchange.fail(*[(503, "SlowDown"), (500, "InternalError"), (503, "ServiceUnavailable")][count - 1])

    proxy.fault = fault
    assert is_usable(home, completed(bedrock, import_model(bedrock, "s3://away/demo/", name)))
    assert len(failed) >= 4 and all(count >= 2 for count in failed.values()) and max(failed.values()) >= 4


def test_connections_that_break_are_taken_up_again(home, bedrock, proxy, name):
    numbers = iter(range(1_000_000))

    def fault(exchange):
        number = next(numbers)
        if number % 3 == 1:
            exchange.drop()
        elif exchange.is_read and number % 3 == 2:
            exchange.cut = 1000 + number * 4321

    proxy.fault = fault
    assert is_usable(home, completed(bedrock, import_model(bedrock, "s3://away/demo/", name)))
    assert any(exchange.cut for exchange in proxy.seen)


def test_a_slow_server_is_borne(home, bedrock, proxy, name):
    def fault(exchange):
        if exchange.key.endswith("model.safetensors"):
            exchange.pause = 0.01

    proxy.fault = fault
    assert is_usable(home, completed(bedrock, import_model(bedrock, "s3://away/demo/", name)))


@pytest.mark.parametrize("when", ["after the listing", "between reads"])
def test_an_object_that_is_replaced_fails_the_import(home, bedrock, proxy, store, name, when):
    store.s3.delete_object(Bucket="away", Key="changing/model.safetensors")
    upload_folder(store.s3, DEMO_MODEL, "away", "changing/")
    changed = (DEMO_MODEL / "model.safetensors").read_bytes()
    changed = changed[:-1000] + bytes(1000)
    lock = threading.Lock()
    reads = 0

    def fault(exchange):
        nonlocal reads
        if exchange.is_read and exchange.key == "changing/model.safetensors":
            with lock:
                reads += 1
                if reads == (1 if when == "after the listing" else 2):
                    store.s3.put_object(Bucket="away", Key=exchange.key, Body=changed)

    proxy.fault = fault
    message = failure(bedrock, import_model(bedrock, "s3://away/changing/", name))
    assert "s3://away/changing/model.safetensors" in message and "chang" in message.lower().replace("changing", "")
    assert nothing_left(home, name)


def test_an_object_that_vanishes_fails_the_import(home, bedrock, proxy, store, name):
    upload_folder(store.s3, DEMO_MODEL, "away", "vanishing/")

    def fault(exchange):
        if exchange.is_read and exchange.key.endswith("model.safetensors"):
            store.s3.delete_object(Bucket="away", Key=exchange.key)

    proxy.fault = fault
    message = failure(bedrock, import_model(bedrock, "s3://away/vanishing/", name))
    assert "s3://away/vanishing/model.safetensors" in message
    assert nothing_left(home, name)


def test_the_other_server_refuses(home, bedrock, proxy, name):
    proxy.fault = lambda exchange: exchange.fail(403, "AccessDenied")
    message = failure(bedrock, import_model(bedrock, "s3://away/demo/", name))
    assert ROLE in message and "s3:ListBucket" in message and "arn:aws:s3:::away" in message

    def fault(exchange):
        if exchange.is_read and exchange.key.endswith("model.safetensors"):
            exchange.fail(403, "AccessDenied")

    proxy.fault = fault
    message = failure(bedrock, import_model(bedrock, "s3://away/demo/", name, job=name + "-again"))
    assert "s3:GetObject" in message and "model.safetensors" in message
    assert nothing_left(home, name)


def test_no_such_place_there(home, bedrock, proxy, name):
    assert "s3://away/nothing/" in failure(bedrock, import_model(bedrock, "s3://away/nothing/", name))
    message = failure(bedrock, import_model(bedrock, "s3://later/x/", name, job=name + "-again"))
    assert "later" in message and "bucket" in message.lower()


def test_a_role_may_not_read(home, bedrock, proxy, name):
    message = failure(bedrock, import_model(bedrock, "s3://away/demo/", name, role=FORBIDDEN))
    assert FORBIDDEN in message and "s3:GetObject" in message and "arn:aws:s3:::away/demo/*" in message
    message = failure(bedrock, import_model(bedrock, "s3://away/demo/", name, role=STRANGER, job=name + "-again"))
    assert STRANGER in message
    message = failure(bedrock, import_model(bedrock, "s3://secret/demo/", name, job=name + "-third"))
    assert "s3:ListBucket" in message and "arn:aws:s3:::secret" in message
    assert proxy.seen == []


def test_a_job_is_cancelled_while_the_server_is_silent(home, bedrock, proxy, name):
    released = threading.Event()

    def fault(exchange):
        if exchange.key.endswith("model.safetensors"):
            released.wait(60)

    proxy.fault = fault
    job = import_model(bedrock, "s3://away/demo/", name)
    try:
        wait_until(lambda: proxy.reads("model.safetensors"), message="nothing is read")
        assert bedrock.get_model_import_job(jobIdentifier=job)["status"] == "InProgress"
        home.server.outcrop.run("jobs", "cancel", name)
        assert "cancelled" in failure(bedrock, job, timeout=10)
    finally:
        released.set()
    assert nothing_left(home, name)


@pytest.mark.parametrize("end", ["told to stop", "killed"])
def test_a_job_outlives_its_server(tmp_path, store, proxy, name, end):
    """The server ends in the middle of an import; the next one does it again, and the model is there."""
    outcrop = Outcrop(tmp_path)
    outcrop.data.joinpath("roles.json").write_text(json.dumps({"roles": {
        ROLE: {"read": ["away/*"], "s3": {"endpoint": proxy.url, "region": "us-east-1"}}}}))
    released = threading.Event()

    def fault(exchange):
        if exchange.key.endswith("model.safetensors") and proxy.reads("model.safetensors") > 1:
            released.wait(60)

    proxy.fault = fault
    environment = store.environment | {"AWS_EC2_METADATA_DISABLED": "true"}
    with outcrop.serve(environment=environment) as server:
        bedrock = Account(server).client("bedrock")
        job = import_model(bedrock, "s3://away/demo/", name)
        waiting = import_model(bedrock, "s3://away/demo/", name + "-second")
        wait_until(lambda: proxy.reads("model.safetensors") > 1, message="nothing is read")
        if end == "killed":
            server.kill()
        else:
            assert server.stop() == 0
    released.set()
    partial = [path.name for path in (outcrop.data / "models").iterdir()]
    assert name not in partial and outcrop.json("models", "--json") == []
    with outcrop.serve(environment=environment) as server:
        bedrock = Account(server).client("bedrock")
        first, second = completed(bedrock, job), completed(bedrock, waiting)
        assert is_usable(Account(server), first) and first != second
        assert {path.name for path in (outcrop.data / "models").iterdir()} == {name, name + "-second"}
