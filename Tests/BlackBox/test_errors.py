"""What the server refuses, and how it says so."""

import json
import socket
import time

import openai
import pytest
import requests
from outcrop import wait_until

MESSAGES = [{"role": "user", "content": "Hello!"}]


def refused(client, **options):
    """The error object of a refused chat request."""
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**({"model": "demo", "messages": MESSAGES} | options))
    error = caught.value.body
    assert error["message"] and error["type"] == "invalid_request_error"
    return error


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temperature", 3), ("temperature", -1), ("top_p", -0.1), ("top_p", 1.1), ("max_tokens", -1), ("n", 0),
        ("presence_penalty", 5), ("frequency_penalty", -5), ("top_logprobs", 100), ("reasoning_effort", "extreme"),
        ("logit_bias", {"x": 1}), ("stop", 5), ("seed", "x"), ("tool_choice", "sometimes"), ("tools", "x"),
    ])
def test_values_out_of_range_are_refused_by_name(client, field, value):
    extra = {"logprobs": True} if field == "top_logprobs" else {}
    error = refused(client, extra_body={field: value} | extra)
    assert field.split("_")[0] in error["message"] or (error.get("param") or "").startswith(field)


@pytest.mark.parametrize(
    "messages",
    [
        [], "Hello", [{"role": "nobody", "content": "x"}], [{"role": "user"}], [{"role": "user", "content": 5}],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}], [5],
        [{"role": "tool", "content": "x"}],
    ])
def test_malformed_messages_are_refused(client, messages):
    refused(client, messages=messages)


def test_a_prompt_over_the_context_is_refused_not_cut(client):
    length = client.models.retrieve("demo").max_model_len
    error = refused(client, messages=[{"role": "user", "content": "word " * (length + 10)}])
    assert error["code"] == "context_length_exceeded" and str(length) in error["message"]
    with pytest.raises(openai.BadRequestError) as caught:
        client.completions.create(model="demo", prompt=[1] * (length + 1))
    assert caught.value.body["code"] == "context_length_exceeded"


def test_an_enormous_output_limit_is_refused_or_bounded(client):
    for limit in (10**6, 2**31, 2**63, 10**30):
        try:
            answer = client.chat.completions.create(
                model="demo", messages=MESSAGES, extra_body={"max_tokens": limit}, temperature=0)
            assert answer.choices[0].finish_reason in ("stop", "length")
        except openai.BadRequestError as error:
            assert error.body["message"]


def test_bad_token_ids_are_refused(client):
    for prompt in ([-1], [10**7], [2**40], [[]], [], ["", 5], [1.5]):
        with pytest.raises(openai.BadRequestError):
            client.completions.create(model="demo", prompt=prompt, max_tokens=1)


def test_an_unknown_model_is_not_found(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="nobody", messages=MESSAGES)
    assert caught.value.body["code"] == "model_not_found"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nobody")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b'"x"', b'{"model": "demo"', b'{"model": "demo", "messages": [}', b"\xff\xfe{}",
        b'{"model": "demo", "messages": [{"role": "user", "content": "\xff"}]}',
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"model": "demo", "messages": [{"role": "user", "content": "x"}], "temperature": 1e999}',
    ])
def test_bodies_that_are_not_requests_are_refused(server, body):
    for path in ("/v1/chat/completions", "/v1/completions", "/tokenize", "/detokenize"):
        answer = requests.post(
            server.url + path, data=body, headers={"content-type": "application/json"}, timeout=30)
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.json()["error"]["message"]


def test_unknown_paths_and_methods_get_an_error_object(server):
    assert requests.get(server.url + "/v1/nothing", timeout=10).status_code == 404
    answer = requests.get(server.url + "/v1/chat/completions", timeout=10)
    assert answer.status_code in (404, 405)


def test_keys_are_asked_for_when_set(demo):
    with demo.serve("--model", "demo", "--api-key", "right", "--api-key", "other") as server:
        def client(key):
            return openai.OpenAI(base_url=server.url + "/v1", api_key=key, max_retries=0)

        for key in ("wrong", "righ", "rightt"):
            with pytest.raises(openai.AuthenticationError):
                client(key).models.list()
        assert requests.get(server.url + "/v1/models", timeout=10).status_code == 401
        for key in ("right", "other"):
            assert client(key).models.list().data
        assert requests.get(server.url + "/health", timeout=10).status_code == 200


def test_keys_may_come_from_the_environment(demo):
    with demo.serve("--model", "demo", environment={"OUTCROP_API_KEY": "secret"}) as server:
        assert requests.get(server.url + "/v1/models", timeout=10).status_code == 401
        headers = {"authorization": "Bearer secret"}
        assert requests.get(server.url + "/v1/models", headers=headers, timeout=10).status_code == 200


def test_the_server_listens_elsewhere_only_with_a_key(demo):
    done = demo.run("serve", "--model", "demo", "--host", "0.0.0.0", "--port", "0", status=None, timeout=30)
    assert done.returncode in (1, 64)
    assert b"--api-key" in done.stderr


def raw_request(server, body):
    """A chat request sent over a bare socket, whose answer nobody reads yet."""
    data = json.dumps(body).encode()
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        + f"content-length: {len(data)}\r\n\r\n".encode() + data)
    return connection


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_hangs_up_frees_its_place(demo, stream):
    with demo.serve("--model", "demo") as server:
        client = openai.OpenAI(base_url=server.url + "/v1", api_key="x", max_retries=0)
        length = client.models.retrieve("demo").max_model_len
        text = "word " * (length // 2)
        body = {"model": "demo", "messages": [{"role": "user", "content": text}], "stream": stream, "ignore_eos": True}
        connections = [raw_request(server, body) for _ in range(3)]
        time.sleep(0.3)
        for connection in connections:
            connection.close()
        started = time.monotonic()
        client.chat.completions.create(model="demo", messages=MESSAGES, max_tokens=2)
        assert time.monotonic() - started < 20
        wait_until(lambda: server.metric("vllm:num_requests_running") == 0, message=server.output())
        assert server.metric("vllm:num_requests_waiting") == 0


def test_garbage_on_the_wire_does_not_hurt(server, client):
    for data in (b"\x00" * 100, b"GET / HTTP/9.9\r\n\r\n", b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: -5\r\n\r\n",
                 b"POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n{"):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(data)
    assert client.models.list().data


@pytest.mark.parametrize("path", ["/nope", "/v1/chat/completions"])
def test_a_refused_upload_is_read_so_that_its_client_sees_the_answer(demo, path):
    with demo.serve("--model", "demo", "--api-key", "key") as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            size = 20_000_000
            connection.sendall(
                f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n".encode())
            connection.sendall(b" " * size)
            status = connection.makefile("rb").readline().split()[1]
    assert status == (b"404" if path == "/nope" else b"401")


def test_a_client_that_waits_for_the_go_ahead_gets_it(server):
    body = b'{"model": "demo", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2}'
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            + f"Connection: close\r\nExpect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        answer = connection.makefile("rb")
        assert answer.readline().split()[1] == b"100" and answer.readline() == b"\r\n"
        connection.sendall(body)
        assert answer.readline().split()[1] == b"200"


@pytest.mark.parametrize("origin, status", [
    ("http://evil.example", 403), ("null", 403), ("http://localhost.evil.example", 403), ("http://localhost:3000", 200),
    ("http://127.0.0.1", 200), ("http://[::1]:8080", 200)])
def test_pages_of_other_sites_may_not_use_a_server_without_keys(server, origin, status):
    answer = requests.get(f"{server.url}/v1/models", headers={"Origin": origin}, timeout=20)
    assert answer.status_code == status


def test_one_request_with_more_answers_than_places_is_answered(demo):
    with demo.serve("--model", "demo", "--max-num-seqs", "1", "--max-queue", "1") as server:
        body = {"model": "demo", "messages": [{"role": "user", "content": "Hello!"}], "n": 4, "max_tokens": 4}
        answer = requests.post(f"{server.url}/v1/chat/completions", json=body, timeout=60)
        assert answer.status_code == 200 and len(answer.json()["choices"]) == 4
        body = {"model": "demo", "prompt": ["a", "b", "c", "d"], "max_tokens": 4}
        answer = requests.post(f"{server.url}/v1/completions", json=body, timeout=60)
        assert answer.status_code == 200 and len(answer.json()["choices"]) == 4


@pytest.mark.parametrize("ids", [True, "1", {}, 1e30, [-1], [10**9]])
def test_stop_token_ids_are_checked(server, ids):
    body = {"model": "demo", "messages": [{"role": "user", "content": "Hi"}], "stop_token_ids": ids}
    answer = requests.post(f"{server.url}/v1/chat/completions", json=body, timeout=20)
    assert answer.status_code == 400 and "stop_token_ids" in answer.json()["error"]["param"]
