"""Fixtures: the command line tool with its own data folder, the demo model imported once, one server for all tests."""

import subprocess

import openai
import pytest
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
