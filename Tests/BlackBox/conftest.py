"""Fixtures: the command line tool with its own data folder, the demo model imported once, servers that all tests share."""

import itertools
import subprocess

import openai
import pytest
from aws import Account, upload_folder
from outcrop import BINARY, DEMO_MODEL, Outcrop


def pytest_configure(config):
    try:
        subprocess.run([BINARY, "--version"], capture_output=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError) as error:
        raise pytest.UsageError(f"{BINARY} does not run; build it first: swift build -c release ({error})")


@pytest.fixture
def outcrop(tmp_path):
    """The command line tool with an empty data folder."""
    data = tmp_path / "data"
    data.mkdir()
    return Outcrop(data)


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """The command line tool with the demo model imported as `demo`."""
    outcrop = Outcrop(tmp_path_factory.mktemp("demo"))
    outcrop.run("import", DEMO_MODEL, "--name", "demo")
    return outcrop


@pytest.fixture(scope="session")
def server(demo):
    """A server of the demo model that the tests share."""
    with demo.serve("--model", "demo") as server:
        yield server
        assert server.process.poll() is None, f"the server crashed: {server.output()}"


@pytest.fixture(scope="session")
def client(server):
    """The official client, without retries so that an error is seen as it is."""
    return openai.OpenAI(base_url=server.url + "/v1", api_key="unused", max_retries=0, timeout=120)


def serve_with_key(folder, *arguments):
    """A server with a data folder and a key of its own, as the account of that key; a generator for fixtures."""
    outcrop = Outcrop(folder)
    key = outcrop.create_key("owner")
    with outcrop.serve(*arguments) as server:
        yield Account(server, key)
        assert server.process.poll() is None, f"the server crashed: {server.output()}"


@pytest.fixture(scope="session")
def plain(tmp_path_factory):
    """An account at a server that wants keys, over http."""
    yield from serve_with_key(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="session")
def secure(tmp_path_factory):
    """An account at a server that wants keys, over https with a certificate that it made."""
    yield from serve_with_key(tmp_path_factory.mktemp("secure"), "--tls")


@pytest.fixture(params=["http", "https"])
def account(request):
    """The accounts of `plain` and of `secure`: clients send bodies differently over http and https."""
    return request.getfixturevalue("plain" if request.param == "http" else "secure")


@pytest.fixture(scope="session")
def unused():
    """Names that no other test uses."""
    numbers = itertools.count(1)
    return lambda word="thing": f"{word}-{next(numbers)}"


@pytest.fixture
def s3(account):
    return account.client("s3")


@pytest.fixture
def bucket(s3, unused):
    """A bucket of the test's own."""
    name = unused("bucket")
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="session")
def demo_uri(plain):
    """Where the demo model's checkpoint is in `plain`'s store."""
    s3 = plain.client("s3")
    s3.create_bucket(Bucket="models")
    return upload_folder(s3, DEMO_MODEL, "models", "demo/")
