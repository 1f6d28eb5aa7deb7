"""Amazon Bedrock's runtime API with AWS' own client."""

import base64
import binascii
import json
import struct
from urllib.parse import quote

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

TOOL = {
    "name": "get_weather", "description": "Get the current weather in a location.",
    "inputSchema": {"json": {
        "type": "object", "properties": {"location": {"type": "string", "description": "A city."}},
        "required": ["location"]}}}
GHOST = "arn:aws:bedrock:us-east-1:123456789012:imported-model/zzzzzzzzzzzz"


def aws(service, server):
    """A client that signs its requests with made-up credentials and does not try again."""
    return boto3.client(
        service, endpoint_url=server.url, region_name="us-east-1", aws_access_key_id="unused",
        aws_secret_access_key="unused", config=Config(retries={"total_max_attempts": 1}, read_timeout=120))


@pytest.fixture(scope="module")
def bedrock(server):
    return aws("bedrock", server)


@pytest.fixture(scope="module")
def runtime(server):
    return aws("bedrock-runtime", server)


@pytest.fixture(scope="module")
def arn(bedrock):
    """The demo model's ARN, as the list of imported models has it."""
    (model,) = bedrock.list_imported_models(nameContains="dem")["modelSummaries"]
    return model["modelArn"]


def say(text, **fields):
    """The arguments of Converse for one question, answered greedily."""
    return {
        "messages": [{"role": "user", "content": [{"text": text}]}],
        "inferenceConfig": {"maxTokens": 200, "temperature": 0}, **fields}


def chat(text, **fields):
    """A body in OpenAI's dialect."""
    return json.dumps({
        "messages": [{"role": "user", "content": text}], "max_tokens": 200, "temperature": 0, **fields})


def text_of(blocks):
    return "".join(block.get("text", "") for block in blocks)


def error_of(call, **arguments):
    """The code and status of the error that a call ends in."""
    with pytest.raises(ClientError) as error:
        call(**arguments)
    response = error.value.response
    assert response["Error"]["Message"] and response["ResponseMetadata"]["RequestId"]
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def frames(data):
    """The frames of an event stream as headers and payload, every length and checksum checked."""
    result = []
    while data:
        total, headers_length, prelude_crc = struct.unpack(">III", data[:12])
        assert binascii.crc32(data[:8]) == prelude_crc
        (crc,) = struct.unpack(">I", data[total - 4:total])
        assert binascii.crc32(data[:total - 4]) == crc
        headers, rest = {}, data[12:12 + headers_length]
        while rest:
            name = rest[1:1 + rest[0]].decode()
            kind, length = struct.unpack(">BH", rest[1 + rest[0]:4 + rest[0]])
            assert kind == 7 and name not in headers
            headers[name] = rest[4 + rest[0]:4 + rest[0] + length].decode()
            rest = rest[4 + rest[0] + length:]
        result.append((headers, data[12 + headers_length:total - 4]))
        data = data[total:]
    return result


def test_invoke_in_openai_dialect(runtime, arn):
    answer = runtime.invoke_model(modelId=arn, body=chat("What is your name?"))
    body = json.loads(answer["body"].read())
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert answer["contentType"] == "application/json"
    assert body["object"] == "chat.completion" and body["choices"][0]["message"]["content"]
    assert body["model"] == f"{arn.split(':')[4]}-{arn.split('/')[1]}"
    assert int(headers["x-amzn-bedrock-input-token-count"]) == body["usage"]["prompt_tokens"]
    assert int(headers["x-amzn-bedrock-output-token-count"]) == body["usage"]["completion_tokens"]
    assert int(headers["x-amzn-bedrock-invocation-latency"]) >= 0
    by_name = json.loads(runtime.invoke_model(modelId="demo", body=chat("What is your name?"))["body"].read())
    assert by_name["choices"] == body["choices"]


def test_invoke_in_other_dialects(runtime, arn):
    def invoke(**body):
        return json.loads(runtime.invoke_model(modelId=arn, body=json.dumps(body))["body"].read())

    completion = invoke(prompt="Once", max_tokens=5, temperature=0)
    assert completion["object"] == "text_completion" and completion["usage"]["completion_tokens"] <= 5
    llama = invoke(prompt="Once", max_gen_len=5, temperature=0)
    assert llama["generation"] == completion["choices"][0]["text"]
    assert llama["generation_token_count"] == completion["usage"]["completion_tokens"]
    assert llama["stop_reason"] in ("stop", "length")


def test_invoke_stream(runtime, arn):
    answer = runtime.invoke_model_with_response_stream(modelId=arn, body=chat("What is your name?"))
    assert answer["contentType"] == "application/json"
    chunks = [json.loads(event["chunk"]["bytes"]) for event in answer["body"]]
    whole = json.loads(runtime.invoke_model(modelId=arn, body=chat("What is your name?"))["body"].read())
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert "".join(delta.get("content") or "" for delta in deltas) == whole["choices"][0]["message"]["content"]
    metrics = [chunk.get("amazon-bedrock-invocationMetrics") for chunk in chunks]
    assert not any(metrics[:-1])
    assert metrics[-1]["inputTokenCount"] == whole["usage"]["prompt_tokens"]
    assert metrics[-1]["outputTokenCount"] == whole["usage"]["completion_tokens"]
    assert 0 <= metrics[-1]["firstByteLatency"] <= metrics[-1]["invocationLatency"]


def test_frames_on_the_wire(server, arn):
    for encoded in (arn, quote(arn, safe="")):
        answer = requests.post(
            f"{server.url}/model/{encoded}/invoke-with-response-stream", data=chat("Hi"), timeout=60)
        assert answer.headers["content-type"] == "application/vnd.amazon.eventstream"
        assert answer.headers["x-amzn-bedrock-content-type"] == "application/json"
        for headers, payload in frames(answer.content):
            assert headers == {
                ":message-type": "event", ":event-type": "chunk", ":content-type": "application/json"}
            json.loads(base64.b64decode(json.loads(payload)["bytes"], validate=True))


def test_converse(runtime, arn):
    answer = runtime.converse(modelId=arn, system=[{"text": "Reasoning: low"}], **say("What is your name?"))
    message = answer["output"]["message"]
    assert message["role"] == "assistant" and text_of(message["content"])
    assert answer["stopReason"] == "end_turn"
    usage = answer["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]
    assert answer["metrics"]["latencyMs"] >= 0
    cut = runtime.converse(modelId=arn, **say("Hi", inferenceConfig={"maxTokens": 1}))
    assert (cut["stopReason"], cut["usage"]["outputTokens"]) == ("max_tokens", 1)


def test_integers_are_integers(server):
    answer = requests.post(server.url + "/model/demo/converse", json=say("Hi"), timeout=60).json()
    numbers = [answer["metrics"]["latencyMs"], *answer["usage"].values()]
    assert all(type(number) is int for number in numbers)


def test_an_agent_calls_a_function_and_uses_the_result(runtime, arn):
    tools = {"tools": [{"toolSpec": TOOL}]}
    arguments = say("What's the weather in Paris?", toolConfig=tools)
    answer = runtime.converse(modelId=arn, **arguments)
    assert answer["stopReason"] == "tool_use"
    message = answer["output"]["message"]
    (call,) = [block["toolUse"] for block in message["content"] if "toolUse" in block]
    assert call["name"] == "get_weather" and "Paris" in json.dumps(call["input"])
    for block in message["content"]:
        if "reasoningContent" in block:
            block["reasoningContent"]["reasoningText"]["signature"] = "some client's signature"
    result = {"toolResult": {
        "toolUseId": call["toolUseId"], "content": [{"json": {"temperature": 18, "condition": "sunny"}}]}}
    arguments["messages"] += [message, {"role": "user", "content": [result]}]
    answer = runtime.converse(modelId=arn, **arguments)
    assert answer["stopReason"] == "end_turn" and text_of(answer["output"]["message"]["content"])


@pytest.mark.parametrize("question, tools", [
    ("What is your name?", {}), ("What's the weather in Paris?", {"toolConfig": {"tools": [{"toolSpec": TOOL}]}})])
def test_converse_stream_says_what_converse_says(runtime, arn, question, tools):
    whole = runtime.converse(modelId=arn, **say(question, **tools))
    blocks, stopped, stop, metadata = [], 0, None, None
    for event in runtime.converse_stream(modelId=arn, **say(question, **tools))["stream"]:
        ((kind, value),) = event.items()
        assert metadata is None
        if kind == "contentBlockStart":
            assert value["contentBlockIndex"] == len(blocks) == stopped
            blocks.append({"toolUse": {**value["start"]["toolUse"], "input": ""}})
        elif kind == "contentBlockDelta":
            if len(blocks) == stopped:
                blocks.append({"text": "", "thought": ""})
            assert value["contentBlockIndex"] == len(blocks) - 1
            delta = value["delta"]
            if "toolUse" in delta:
                blocks[-1]["toolUse"]["input"] += delta["toolUse"]["input"]
            else:
                blocks[-1]["text"] += delta.get("text", "")
                blocks[-1]["thought"] += delta.get("reasoningContent", {}).get("text", "")
        elif kind == "contentBlockStop":
            assert value["contentBlockIndex"] == stopped == len(blocks) - 1
            stopped += 1
        elif kind == "messageStop":
            stop = value["stopReason"]
        elif kind == "metadata":
            metadata = value
    content = whole["output"]["message"]["content"]
    assert len(blocks) == len(content) == stopped
    for block, expected in zip(blocks, content):
        if "toolUse" in expected:
            assert json.loads(block["toolUse"]["input"]) == expected["toolUse"]["input"]
        elif "reasoningContent" in expected:
            assert block["thought"] == expected["reasoningContent"]["reasoningText"]["text"]
        else:
            assert block["text"] == expected["text"]
    assert stop == whole["stopReason"] and metadata["usage"] == whole["usage"]


def test_count_tokens(runtime, arn):
    arguments = say("What's the weather in Paris?", system=[{"text": "Be brief."}])
    arguments["toolConfig"] = {"tools": [{"toolSpec": TOOL}]}
    used = runtime.converse(modelId=arn, **arguments)["usage"]["inputTokens"]
    arguments.pop("inferenceConfig")
    assert runtime.count_tokens(modelId=arn, input={"converse": arguments})["inputTokens"] == used
    answer = runtime.invoke_model(modelId=arn, body=chat("Hi"))
    used = json.loads(answer["body"].read())["usage"]["prompt_tokens"]
    assert runtime.count_tokens(modelId=arn, input={"invokeModel": {"body": chat("Hi")}})["inputTokens"] == used


def test_models(bedrock, runtime, arn):
    for name in ("demo", arn):
        model = bedrock.get_imported_model(modelIdentifier=name)
        assert (model["modelArn"], model["modelName"]) == (arn, "demo")
        assert model["instructSupported"] and model["modelArchitecture"] == "gpt_oss"
    assert bedrock.list_imported_models(nameContains="nobody")["modelSummaries"] == []
    assert bedrock.list_foundation_models()["modelSummaries"] == []
    assert bedrock.list_custom_models()["modelSummaries"] == []


def test_errors(bedrock, runtime, arn):
    missing = ("ResourceNotFoundException", 404)
    wrong = ("ValidationException", 400)
    assert error_of(bedrock.get_imported_model, modelIdentifier="nobody") == missing
    assert error_of(runtime.invoke_model, modelId=GHOST, body="{}") == missing
    assert error_of(runtime.converse_stream, modelId=GHOST, **say("Hi")) == missing
    assert error_of(runtime.invoke_model, modelId=arn, body="{}") == wrong
    assert error_of(runtime.invoke_model, modelId=arn, body=chat("Hi", max_tokens=10_000_000)) == wrong
    assert error_of(runtime.invoke_model, modelId=arn, body=chat("Hi"), guardrailIdentifier="abcdefgh1234",
                    guardrailVersion="1") == wrong
    assert error_of(runtime.converse, modelId=arn, **say("word " * 200_000)) == wrong
    picture = {"image": {"format": "png", "source": {"bytes": b"x"}}}
    assert error_of(runtime.converse, modelId=arn, messages=[{"role": "user", "content": [picture]}]) == wrong
    tools = {"tools": [{"toolSpec": TOOL}], "toolChoice": {"any": {}}}
    assert error_of(runtime.converse, modelId=arn, **say("Hi", toolConfig=tools)) == wrong


def test_keys(demo):
    with demo.serve("--model", "demo", "--api-key", "secret") as server:
        refused = ("UnrecognizedClientException", 403)
        assert error_of(aws("bedrock-runtime", server).converse, modelId="demo", **say("Hi")) == refused
        url = server.url + "/model/demo/converse"
        assert requests.post(url, json=say("Hi"), timeout=60).status_code == 403
        headers = {"authorization": "Bearer secret"}
        assert requests.post(url, json=say("Hi"), headers=headers, timeout=60).status_code == 200


def test_openai_paths(server, arn):
    body = {"model": arn, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4}
    for prefix in ("/v1", "/openai/v1"):
        answer = requests.post(f"{server.url}{prefix}/chat/completions", json=body, timeout=60)
        assert answer.status_code == 200 and answer.json()["model"] == arn
        assert answer.headers["x-amzn-requestid"]
        assert requests.get(f"{server.url}{prefix}/models", timeout=60).json()["data"][0]["id"] == "demo"
