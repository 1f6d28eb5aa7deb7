"""The official libraries' vectors through the commands."""

import json

import pytest
from outcrop import FIXTURES


def vectors(path):
    file = FIXTURES / path
    if not file.exists():
        pytest.fail(f"{file} is missing")
    return [json.loads(line) for line in file.read_text().splitlines() if line]


def differences(cases, results, check):
    assert len(results) == len(cases)
    return [case["id"] for case, result in zip(cases, results) if not check(case, result)]


def test_every_tokenizer_vector(outcrop):
    cases = [case for case in vectors("tokenizer/tokenizer.jsonl") if case["op"].startswith("encode")]

    def line(case):
        # Lone surrogates travel as JSON escapes.
        text = case["text"] if "text" in case else "".join(map(chr, case["utf16"]))
        return {"text": text} | ({"allowed_special": case["allowed"]} if "allowed" in case else {})

    results = outcrop.lines("tokenize", "--jsonl", input=[line(case) for case in cases])
    assert differences(cases, results, lambda case, result: result.get("ids") == case["ids"]) == []


def test_every_detokenizer_vector(outcrop):
    cases = [case for case in vectors("tokenizer/tokenizer.jsonl") if case["op"].startswith("decode")]
    results = outcrop.lines("detokenize", "--jsonl", input=[{"ids": case["ids"]} for case in cases])

    def check(case, result):
        if "error" in case:
            return result.get("error") == case["error"]
        return (result.get("text"), result.get("bytes_hex")) == (case["text_lossy"], case["bytes_hex"])

    assert differences(cases, results, check) == []


def test_every_render_vector(outcrop):
    cases = vectors("harmony/render.jsonl")
    keys = ("fn", "conversation", "next_role", "auto_drop_analysis")
    results = outcrop.lines("harmony", "render", input=[{k: case[k] for k in keys if k in case} for case in cases])

    def check(case, result):
        if case.get("error", {}).get("type") == "ValueError":
            # The texts of shape errors are the JSON library's, not the format's.
            return result.get("error", {}).get("type") == "ValueError"
        return all(result.get(key) == case[key] for key in ("ids", "text", "error") if key in case)

    assert differences(cases, results, check) == []


@pytest.mark.parametrize("mode", ["strict", "lenient"])
def test_every_parse_vector(outcrop, mode):
    cases = [case for case in vectors("harmony/parse.jsonl") if mode in case]
    inputs = [{"role": case.get("role"), "tokens": case["tokens"], "strict": mode == "strict"} for case in cases]
    results = outcrop.lines("harmony", "parse", input=inputs)

    def check(case, result):
        return all(result.get(key) == value for key, value in case[mode].items() if key in ("ok", "messages", "error"))

    assert differences(cases, results, check) == []


@pytest.mark.parametrize("command", [("tokenize", "--jsonl"), ("detokenize", "--jsonl"), ("harmony", "render"), ("harmony", "parse")])
def test_a_bad_line_is_answered_with_an_error_and_the_next_ones_are_served(outcrop, command):
    good = {"tokenize": {"text": "hi"}, "detokenize": {"ids": [0]}}.get(command[0])
    if command[1] == "parse":
        good = {"role": "assistant", "tokens": [200005, 17196, 200008, 0, 200002], "strict": True}
    if command[1] == "render":
        good = {"fn": "conversation", "conversation": {"messages": [{"role": "user", "content": "x"}]}}
    bad = [b"{", b"5", b'{"text": 5}', b'{"ids": [-1]}', b'{"ids": [1e99]}', b"\xff\xfe", b"[" * 100_000, b"{}"]
    text = b"".join(line + b"\n" for line in bad) + json.dumps(good).encode() + b"\n"
    lines = [json.loads(line) for line in outcrop.run(*command, input=text).stdout.splitlines()]
    assert len(lines) == len(bad) + 1
    assert all("error" in line for line in lines[:-1])
    assert "error" not in lines[-1] or lines[-1].get("ok")


def test_plain_text_is_tokenized_too(outcrop):
    ids = outcrop.json("tokenize", input="hello world")
    assert ids == [24912, 2375]
    assert outcrop.run("detokenize", input=json.dumps(ids)).stdout == b"hello world"


@pytest.mark.parametrize("command", ["render", "parse"])
@pytest.mark.parametrize("line", ["{bad", "{}", "[]", "5", '"x"', "\xff"])
def test_errors_have_one_shape(outcrop, command, line):
    answer = outcrop.json("harmony", command, input=line.encode("latin-1") + b"\n")
    assert answer["error"]["type"] and answer["error"]["message"]
    assert command == "render" or answer["ok"] is False
