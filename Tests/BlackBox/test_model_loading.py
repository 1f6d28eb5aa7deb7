"""Models that come into memory when they are asked for and leave it again, and what their use is counted as."""

import csv
import http.client
import io
import json
import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests
from aws import Account, error_of
from outcrop import DEMO_MODEL, Outcrop, wait_until

COUNTS = ("requests", "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The command line tool with two models."""
    outcrop = Outcrop(tmp_path_factory.mktemp("library"))
    for name in ("one", "two"):
        outcrop.run("import", DEMO_MODEL, "--name", name)
    return outcrop


def loaded(server):
    """The names of the models in memory."""
    return set(re.findall(r'^vllm:num_requests_running\{[^}]*model_name="([^"]*)"', server.get("/metrics").text, re.M))


def body_of(model, text="What is your name?", **fields):
    messages = [{"role": "user", "content": text}]
    return {"model": model, "messages": messages, "max_tokens": 40, "temperature": 0, **fields}


def chat(server, model, key="unused", **fields):
    answer = requests.post(
        server.url + "/v1/chat/completions", json=body_of(model, **fields), timeout=60,
        headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def content(answer):
    message = answer["choices"][0]["message"]
    assert message["content"]
    return message["content"]


def stream(server, model, **fields):
    """The chunks of a streamed answer, one by one."""
    answer = requests.post(
        server.url + "/v1/chat/completions", timeout=60, stream=True,
        json=body_of(model, stream=True, stream_options={"include_usage": True}, **fields))
    assert answer.status_code == 200
    for line in answer.iter_lines():
        if line.startswith(b"data: {"):
            yield json.loads(line[6:])
        elif line:
            assert line == b"data: [DONE]"
            yield None


def test_a_model_is_loaded_when_it_is_asked_for(library):
    with library.serve() as server:
        assert loaded(server) == set()
        models = requests.get(server.url + "/v1/models", timeout=10).json()["data"]
        assert {model["id"] for model in models} == {"one", "two"} and loaded(server) == set()
        assert content(chat(server, "one")) and loaded(server) == {"one"}
        # Of several models a request has to name one.
        nameless = {name: value for name, value in body_of("one").items() if name != "model"}
        answer = requests.post(server.url + "/v1/chat/completions", json=nameless, timeout=10)
        assert answer.status_code in (400, 404) and answer.json()["error"]["message"]
        # Many may ask for a cold model at once; it is loaded for all of them.
        with ThreadPoolExecutor(8) as threads:
            answers = set(threads.map(lambda _: content(chat(server, "two")), range(8)))
        assert len(answers) == 1 and loaded(server) == {"one", "two"}
        assert len(re.findall("loaded two", server.output())) == 1


def test_every_door_loads(library):
    with library.serve() as server:
        account = Account(server)
        runtime, bedrock = account.client("bedrock-runtime"), account.client("bedrock")
        arns = {model["modelName"]: model["modelArn"] for model in bedrock.list_imported_models()["modelSummaries"]}
        assert loaded(server) == set()
        body = json.dumps({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 3})
        assert list(runtime.invoke_model_with_response_stream(modelId=arns["two"], body=body)["body"])
        assert loaded(server) == {"two"}
        messages = [{"role": "user", "content": [{"text": "Hi"}]}]
        assert runtime.count_tokens(modelId=arns["one"], input={"converse": {"messages": messages}})["inputTokens"] > 0
        assert runtime.converse(modelId="one", messages=messages, inferenceConfig={"maxTokens": 3})["stopReason"]
        assert loaded(server) == {"one", "two"}


def test_an_idle_model_leaves_and_comes_back(library):
    with library.serve("--idle-unload", "1") as server:
        first = content(chat(server, "one"))
        assert loaded(server) == {"one"}
        wait_until(lambda: not loaded(server), timeout=6, message="the model stays")
        assert content(chat(server, "one")) == first and loaded(server) == {"one"}
        # Not under a request, however long it takes.
        with requests.post(
                server.url + "/v1/completions", timeout=60, stream=True,
                json={"model": "one", "prompt": "Once", "max_tokens": 100_000, "ignore_eos": True, "stream": True}):
            for _ in range(5):
                time.sleep(0.5)
                assert loaded(server) == {"one"} and server.metric("vllm:num_requests_running") == 1
        wait_until(lambda: not loaded(server), timeout=6, message="the model of a request that was given up stays")


def test_a_model_that_is_wanted_from_the_start_stays(library):
    with library.serve("--model", "one", "--idle-unload", "1") as server:
        assert loaded(server) == {"one"}
        chat(server, "two")
        wait_until(lambda: loaded(server) == {"one"}, timeout=6, message="the model stays")
        time.sleep(1.5)
        assert loaded(server) == {"one"}


def test_memory_for_one_model_serves_two_in_turn(library):
    with library.serve("--model-memory", "6MiB", "--kv-cache-memory", "8MiB") as server:
        said = {}
        for name in ("one", "two") * 3:
            text = content(chat(server, name))
            assert said.setdefault(name, text) == text and loaded(server) == {name}
        # A request for the other one waits until there is room, and none is broken.
        with ThreadPoolExecutor(6) as threads:
            names = ["one", "two", "two", "one", "two", "one"]
            assert list(threads.map(lambda name: content(chat(server, name)), names)) == [said[name] for name in names]
        assert len(loaded(server)) == 1


def test_keys_and_values_count_as_memory(library):
    # Each model takes 4 MB for its weights and 8 MiB for keys and values.
    with library.serve("--model-memory", "20MiB", "--kv-cache-memory", "8MiB") as server:
        for name in ("one", "two", "one"):
            chat(server, name)
            assert loaded(server) == {name}


def test_the_least_recently_used_leaves_first(library, tmp_path):
    outcrop = Outcrop(tmp_path)
    for name in ("a", "b", "c"):
        outcrop.run("import", DEMO_MODEL, "--name", name)
    # There is room for two: each takes 4 MB for its weights and 8 MiB for keys and values.
    with outcrop.serve("--model-memory", "26000000", "--kv-cache-memory", "8MiB") as server:
        for name in ("a", "b", "a", "c"):
            chat(server, name)
        assert loaded(server) == {"a", "c"}


@pytest.mark.parametrize("how", ["api", "command"])
def test_a_model_deleted_under_a_stream(tmp_path, how):
    outcrop = Outcrop(tmp_path)
    outcrop.run("import", DEMO_MODEL, "--name", "short-lived")
    with outcrop.serve() as server:
        account = Account(server)
        bedrock, runtime = account.client("bedrock"), account.client("bedrock-runtime")
        arn = bedrock.get_imported_model(modelIdentifier="short-lived")["modelArn"]
        chunks = stream(server, "short-lived", max_tokens=2000, ignore_eos=True)
        received = [next(chunks)]
        if how == "api":
            bedrock.delete_imported_model(modelIdentifier=arn)
        else:
            outcrop.run("rm", "short-lived")
        wait_until(lambda: server.metric("vllm:num_requests_running") == 1, message="the stream was over already")
        received += chunks
        assert received[-1] is None and received[-2]["usage"]["completion_tokens"] == 2000
        reasons = [chunk["choices"][0]["finish_reason"] for chunk in received[:-1] if chunk["choices"]]
        assert [reason for reason in reasons if reason] == ["length"]
        for name in ("short-lived", arn):
            body = json.dumps({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 3})
            missing = ("ResourceNotFoundException", 404)
            assert error_of(runtime.invoke_model, modelId=name, body=body) == missing
            answer = requests.post(server.url + "/v1/chat/completions", json=body_of(name), timeout=10)
            assert answer.status_code == 404
        wait_until(lambda: not loaded(server), message="the deleted model stays in memory")
        wait_until(
            lambda: not list(outcrop.data.rglob("*.safetensors")), message="the artifact stays on the disk")
        # Its name is free for another.
        outcrop.run("import", DEMO_MODEL, "--name", "short-lived")
        assert content(chat(server, "short-lived"))
        assert server.process.poll() is None


def test_usage_counts_what_the_answers_said(library, tmp_path):
    outcrop = Outcrop(tmp_path)
    for name in ("one", "two"):
        outcrop.run("import", DEMO_MODEL, "--name", name)
    keys = {name: outcrop.create_key(name) for name in ("alice", "bob")}
    with outcrop.serve() as server:
        accounts = {name: Account(server, key) for name, key in keys.items()}
        expected = {}

        def count(model, key, used, cached=0, reasoning=0):
            """Adds what an answer said to what is expected."""
            numbers = (1, used[0], cached, used[1], reasoning)
            for row in (model, key):
                expected.setdefault(row, Counter()).update(dict(zip(COUNTS, numbers)))

        def count_openai(model, key, usage):
            count(
                model, key, (usage["prompt_tokens"], usage["completion_tokens"]),
                (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0),
                (usage.get("completion_tokens_details") or {}).get("reasoning_tokens", 0))

        for model, key, text in (
                ("one", "alice", "Hi"), ("one", "bob", "What is your name?"), ("two", "bob", "Hi"),
                ("one", "alice", "Hi")):
            count_openai(model, key, chat(server, model, accounts[key].bearer, text=text)["usage"])
        # Streams count alike, whether or not the client wants to know.
        headers = {"authorization": f"Bearer {accounts['alice'].bearer}"}
        used = None
        for wanted in ({"stream_options": {"include_usage": True}}, {}):
            lines = requests.post(
                server.url + "/v1/chat/completions", json=body_of("two", stream=True, **wanted), headers=headers,
                timeout=60).text.splitlines()
            usages = [json.loads(line[6:]).get("usage") for line in lines if line.startswith("data: {")]
            said = next((usage for usage in usages if usage), None)
            assert bool(said) == bool(wanted)
            used = said or used
            count_openai("two", "alice", used)
        runtime = accounts["bob"].client("bedrock-runtime")
        body = json.dumps(body_of("one"))
        whole = json.loads(runtime.invoke_model(modelId="one", body=body)["body"].read())["usage"]
        count_openai("one", "bob", whole)
        events = list(runtime.invoke_model_with_response_stream(modelId="one", body=body)["body"])
        metrics = json.loads(events[-1]["chunk"]["bytes"])["amazon-bedrock-invocationMetrics"]
        assert (metrics["inputTokenCount"], metrics["outputTokenCount"]) == (
            whole["prompt_tokens"], whole["completion_tokens"])
        reasoning = whole["completion_tokens_details"]["reasoning_tokens"]
        # The prompt was computed before; these two answers do not say so.
        cached = whole["prompt_tokens_details"]["cached_tokens"]
        assert cached > 0
        count("one", "bob", (metrics["inputTokenCount"], metrics["outputTokenCount"]), cached, reasoning)
        messages = [{"role": "user", "content": [{"text": "What is your name?"}]}]
        said = runtime.converse(
            modelId="one", messages=messages, inferenceConfig={"maxTokens": 40, "temperature": 0})["usage"]
        assert (said["inputTokens"], said["outputTokens"]) == (whole["prompt_tokens"], whole["completion_tokens"])
        count("one", "bob", (said["inputTokens"], said["outputTokens"]), cached, reasoning)
        # What is refused or only counted costs nothing.
        runtime.count_tokens(modelId="one", input={"converse": {"messages": messages}})
        assert error_of(runtime.invoke_model, modelId="one", body="{}") == ("ValidationException", 400)
        assert error_of(runtime.invoke_model, modelId="nobody", body=body) == ("ResourceNotFoundException", 404)

        def report(by):
            return outcrop.json("usage", "--json", "--by", by)

        def counted(by):
            return {row[by]: {name: row[name] for name in COUNTS} for row in report(by)["rows"]}

        requests_made = sum(expected[name]["requests"] for name in ("alice", "bob"))
        wait_until(
            lambda: sum(row["requests"] for row in counted("key").values()) == requests_made,
            message="the counts are not written")
        for by, names in (("model", ("one", "two")), ("key", ("alice", "bob"))):
            assert counted(by) == {name: {count: expected[name][count] for count in COUNTS} for name in names}
        assert server.stop() == 0
    # A server that ends has written all of it, and a new one goes on counting.
    with outcrop.serve() as server:
        count_openai("two", "bob", chat(server, "two", keys["bob"]["bearer_key"])["usage"])
        assert server.stop() == 0
    rows = counted("model")
    assert rows["two"] == {name: expected["two"][name] for name in COUNTS}
    priced = outcrop.json("usage", "--json", "--price", "0.0572,1.95")
    for row in priced["rows"]:
        assert row["active_windows"] >= 1 and row["custom_model_units"] == 1
        assert row["custom_model_unit_minutes"] == 5 * row["active_windows"]
        assert row["running_cost"] == pytest.approx(0.0572 * row["custom_model_unit_minutes"])
    table = list(csv.DictReader(io.StringIO(outcrop.run("usage", "--csv").stdout.decode())))
    assert {row["model"]: int(row["output_tokens"]) for row in table} == {
        name: expected[name]["output_tokens"] for name in ("one", "two")}
    windows = outcrop.json("usage", "--json", "--by", "window")["rows"]
    generated = sum(expected[name]["output_tokens"] for name in ("one", "two"))
    assert sum(row["output_tokens"] for row in windows) == generated
    assert outcrop.json("usage", "--json", "--until", "2020-01-01", "--since", "2019-01-01")["rows"] == []


@pytest.mark.parametrize("stream", [True, False])
def test_an_abandoned_answer_is_counted_as_far_as_it_came(tmp_path, stream):
    outcrop = Outcrop(tmp_path)
    outcrop.run("import", DEMO_MODEL, "--name", "one")
    with outcrop.serve() as server:
        address = urlsplit(server.url)
        client = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
        body = {"model": "one", "prompt": "Once", "max_tokens": 100_000, "ignore_eos": True, "stream": stream}
        client.request("POST", "/v1/completions", json.dumps(body), {"content-type": "application/json"})
        wait_until(lambda: (server.metric("vllm:generation_tokens_total") or 0) >= 20, message="no tokens come")
        client.close()
        wait_until(lambda: server.metric("vllm:num_requests_running") == 0, message="it goes on without its client")
        wait_until(lambda: outcrop.json("usage", "--json")["rows"], message="the request is not counted")
        (row,) = outcrop.json("usage", "--json")["rows"]
        assert row["requests"] == 1 and row["input_tokens"] > 0 and 20 <= row["output_tokens"] < 100_000
        # The metrics say the same of it.
        assert server.metric("vllm:request_generation_tokens_sum") == row["output_tokens"]
        assert server.metric("vllm:request_prompt_tokens_sum") == row["input_tokens"]
