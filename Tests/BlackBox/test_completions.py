"""POST /v1/completions through the official client, and the tokenizer's endpoints."""

import math

import pytest
import requests


def complete(client, prompt, **options):
    options.setdefault("temperature", 0)
    options.setdefault("max_tokens", 8)
    return client.completions.create(model="demo", prompt=prompt, **options)


def tokens_of(server, text):
    return requests.post(server.url + "/tokenize", json={"prompt": text}, timeout=10).json()["tokens"]


def test_a_text_and_its_token_ids_complete_alike(client, server):
    text = "A token is a small"
    ids = tokens_of(server, text)
    by_text, by_ids = complete(client, text), complete(client, ids)
    assert by_text.choices[0].text == by_ids.choices[0].text
    assert by_text.usage.prompt_tokens == len(ids) and by_text.usage.completion_tokens <= 8


def test_several_prompts_give_a_choice_each(client, server):
    texts = ["A token is", "The final channel is"]
    both = complete(client, texts)
    assert [choice.index for choice in both.choices] == [0, 1]
    assert [choice.text for choice in both.choices] == [complete(client, text).choices[0].text for text in texts]
    by_ids = complete(client, [tokens_of(server, text) for text in texts])
    assert [choice.text for choice in by_ids.choices] == [choice.text for choice in both.choices]


def test_a_stream_adds_up(client):
    whole = complete(client, "A token is").choices[0].text
    assert "".join(chunk.choices[0].text for chunk in complete(client, "A token is", stream=True)) == whole


def test_echo_gives_the_log_probabilities_of_the_prompt(client, server):
    text = "A token is a small piece of text"
    ids = tokens_of(server, text)
    choice = complete(client, ids, echo=True, logprobs=1, max_tokens=1).choices[0]
    legacy = choice.logprobs
    assert choice.text.startswith(text)
    assert len(legacy.tokens) == len(legacy.token_logprobs) == len(legacy.top_logprobs) == len(ids) + 1
    assert legacy.token_logprobs[0] is None and legacy.top_logprobs[0] is None
    assert all(value <= 0 for value in legacy.token_logprobs[1:])
    assert "".join(legacy.tokens[:-1]) == text
    assert legacy.text_offset[0] == 0 and legacy.text_offset == sorted(legacy.text_offset)
    for value, top in zip(legacy.token_logprobs[1:], legacy.top_logprobs[1:]):
        assert value <= max(top.values()) + 1e-6

    # The probability of a longer text is the product of its parts': scored whole and step by step.
    for length in (2, len(ids) // 2):
        step = complete(client, ids[:length], logprobs=5, max_tokens=1).choices[0].logprobs
        top = step.top_logprobs[0]
        expected = legacy.token_logprobs[length]
        if legacy.tokens[length] in top:
            assert top[legacy.tokens[length]] == pytest.approx(expected, abs=0.05)


def test_only_the_prompt_can_be_scored(client, server):
    ids = tokens_of(server, "A token is a small piece")
    choice = complete(client, ids, echo=True, logprobs=0, max_tokens=0).choices[0]
    assert len(choice.logprobs.tokens) == len(ids)
    assert math.isfinite(sum(choice.logprobs.token_logprobs[1:]))


def test_tokens_and_text_convert_both_ways(server):
    text = "Größe: naïve 東京 🙂\n\tend"
    tokenized = requests.post(server.url + "/tokenize", json={"prompt": text}, timeout=10).json()
    assert tokenized["count"] == len(tokenized["tokens"]) and tokenized["max_model_len"] > 0
    back = requests.post(server.url + "/detokenize", json={"tokens": tokenized["tokens"]}, timeout=10).json()
    assert back["prompt"] == text


def test_the_tokenizer_tells_about_itself(server):
    assert "eos_token" in requests.get(server.url + "/tokenizer_info", timeout=10).json()
