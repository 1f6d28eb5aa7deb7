"""POST /v1/chat/completions through the official client."""

import json

import pytest
import requests

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Gets the current weather.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "The city"}},
            "required": ["city"],
        },
    },
}
QUESTION = [{"role": "user", "content": "What is a token?"}]


def ask(client, messages=QUESTION, **options):
    options.setdefault("temperature", 0)
    options.setdefault("max_tokens", 200)
    return client.chat.completions.create(model="demo", messages=messages, **options)


def streamed(client, messages=QUESTION, **options):
    """A streamed answer put together: content, reasoning, finish reason, usage and the chunks."""
    chunks = list(ask(client, messages, stream=True, stream_options={"include_usage": True}, **options))
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    return {
        "content": "".join(delta.content or "" for delta in deltas),
        "reasoning": "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas),
        "finish": [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason],
        "usage": chunks[-1].usage,
        "chunks": chunks,
    }


def test_the_model_is_listed_with_its_context_length(client):
    models = client.models.list().data
    assert [model.id for model in models] == ["demo"]
    assert client.models.retrieve("demo").max_model_len > 0


def test_an_answer_has_content_reasoning_and_usage(client):
    answer = ask(client)
    message = answer.choices[0].message
    assert answer.object == "chat.completion" and answer.choices[0].finish_reason == "stop"
    assert message.role == "assistant" and message.content
    assert message.reasoning_content == message.reasoning
    assert "<|" not in message.content + (message.reasoning_content or "")
    usage = answer.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert 0 <= usage.completion_tokens_details.reasoning_tokens < usage.completion_tokens
    assert usage.prompt_tokens_details.cached_tokens >= 0


def test_a_stream_adds_up_to_the_whole_answer(client):
    whole, stream = ask(client), streamed(client)
    assert stream["content"] == whole.choices[0].message.content
    assert stream["reasoning"] == (whole.choices[0].message.reasoning_content or "")
    assert stream["finish"] == ["stop"]
    assert stream["usage"].completion_tokens == whole.usage.completion_tokens
    assert stream["chunks"][0].choices[0].delta.role == "assistant"
    assert len({chunk.id for chunk in stream["chunks"]}) == 1


def test_a_stream_without_usage_has_none(client):
    assert all(chunk.usage is None and chunk.choices for chunk in ask(client, stream=True))


def test_more_effort_reasons_no_less(client):
    tokens = {
        effort: ask(client, reasoning_effort=effort).usage.completion_tokens_details.reasoning_tokens
        for effort in ("low", "high", "minimal", "none")
    }
    assert tokens["low"] <= tokens["high"]
    assert tokens["minimal"] == tokens["none"] == tokens["low"]


def test_a_system_prompt_can_set_the_effort(client):
    by_field = ask(client, reasoning_effort="high")
    by_prompt = ask(client, [{"role": "system", "content": "Reasoning: high"}, *QUESTION])
    assert by_prompt.choices[0].message.reasoning_content == by_field.choices[0].message.reasoning_content


def test_reasoning_is_accepted_back_under_either_name(client):
    for name in ("reasoning", "reasoning_content"):
        messages = [*QUESTION, {"role": "assistant", "content": "A piece of text.", name: "I say what it is."},
                    {"role": "user", "content": "Thank you!"}]
        assert ask(client, messages).choices[0].message.content


def test_content_may_be_a_list_of_parts(client):
    parts = [{"role": "user", "content": [{"type": "text", "text": QUESTION[0]["content"]}]}]
    assert ask(client, parts).choices[0].message.content == ask(client).choices[0].message.content


def test_log_probabilities_come_with_their_alternatives(client):
    content = ask(client, logprobs=True, top_logprobs=3, max_tokens=100).choices[0].logprobs.content
    assert content
    for entry in content:
        assert entry.logprob <= 0 and len(entry.top_logprobs) == 3
        assert bytes(entry.bytes).decode(errors="replace") == entry.token or "\ufffd" in entry.token
        # Greedy: the sampled token is the most likely one.
        assert entry.logprob == pytest.approx(entry.top_logprobs[0].logprob, abs=1e-5)


def test_a_stop_text_ends_the_answer_and_is_left_out(client):
    whole = ask(client).choices[0].message.content
    middle = whole[len(whole) // 2 :][:4]
    stopped = ask(client, stop=middle).choices[0]
    assert stopped.message.content == whole[: whole.index(middle)]
    assert stopped.finish_reason == "stop"
    assert streamed(client, stop=[middle])["content"] == stopped.message.content


def test_the_token_limit_is_reported_as_length(client):
    answer = ask(client, max_tokens=2)
    assert answer.choices[0].finish_reason == "length" and answer.usage.completion_tokens == 2
    assert ask(client, max_tokens=None, max_completion_tokens=3).usage.completion_tokens == 3


def test_a_seed_repeats_a_sampled_answer(client):
    options = {"temperature": 1.5, "seed": 7, "max_tokens": 30}
    texts = {ask(client, **options).choices[0].message.model_dump_json() for _ in range(3)}
    assert len(texts) == 1


def test_several_choices_share_a_prompt(client):
    answer = ask(client, n=3, temperature=1.2, seed=5, max_tokens=20)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    one = ask(client, temperature=1.2, seed=5, max_tokens=20)
    assert answer.usage.prompt_tokens == one.usage.prompt_tokens


def test_biased_logits_forbid_a_token(client):
    content = ask(client, logprobs=True, max_tokens=100).choices[0].logprobs.content
    first = content[0].token
    url = str(client.base_url).removesuffix("/v1/")
    ids = requests.post(url + "/tokenize", json={"prompt": first}, timeout=10).json()["tokens"]
    assert len(ids) == 1
    biased = ask(client, logprobs=True, max_tokens=100, logit_bias={str(ids[0]): -100}).choices[0].logprobs.content
    assert all(entry.token != first for entry in biased)


def test_client_text_never_becomes_a_control_token(client):
    plain = ask(client, [{"role": "user", "content": "hello"}], max_tokens=1).usage.prompt_tokens
    marked = ask(client, [{"role": "user", "content": "hello<|end|>"}], max_tokens=1).usage.prompt_tokens
    # As text the marker is several tokens, as a control token it would be one.
    assert marked > plain + 1


def test_a_function_is_called_and_its_result_used(client):
    messages = [{"role": "user", "content": "What is the weather in Krakow?"}]
    call = ask(client, messages, tools=[WEATHER])
    assert call.choices[0].finish_reason == "tool_calls"
    assert not call.choices[0].message.content
    (tool_call,) = call.choices[0].message.tool_calls
    assert tool_call.type == "function" and tool_call.function.name == "get_weather"
    assert json.loads(tool_call.function.arguments) == {"city": "Krakow"}

    messages += [
        call.choices[0].message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": tool_call.id, "content": '{"temperature": 21, "condition": "sunny"}'},
    ]
    answer = ask(client, messages, tools=[WEATHER]).choices[0]
    assert answer.finish_reason == "stop"
    assert "21" in answer.message.content and "sunny" in answer.message.content


def test_a_streamed_function_call_adds_up_to_the_whole_one(client):
    messages = [{"role": "user", "content": "What is the weather in Krakow?"}]
    whole = ask(client, messages, tools=[WEATHER]).choices[0].message.tool_calls[0].function
    stream = streamed(client, messages, tools=[WEATHER])
    deltas = [
        call for chunk in stream["chunks"] if chunk.choices for call in chunk.choices[0].delta.tool_calls or []]
    assert deltas[0].id and deltas[0].index == 0 and deltas[0].function.name == whole.name
    assert "".join(delta.function.arguments or "" for delta in deltas) == whole.arguments
    assert stream["finish"] == ["tool_calls"] and not stream["content"]


def test_no_function_is_called_when_forbidden(client):
    messages = [{"role": "user", "content": "What is the weather in Krakow?"}]
    message = ask(client, messages, tools=[WEATHER], tool_choice="none").choices[0].message
    assert not message.tool_calls


def test_unknown_fields_are_ignored(client):
    assert ask(client, max_tokens=1, extra_body={"no_such_field": {"a": [1]}}).choices
