"""AWS' published walkthrough, run as a whole with the real command line."""

import json
import re
import subprocess

import pytest
from outcrop import ROOT

SCRIPT = ROOT / "Examples" / "bedrock-walkthrough.sh"


def walk(account, *arguments, **environment):
    return subprocess.run(
        [SCRIPT, *map(str, arguments)], capture_output=True, text=True, timeout=300,
        env=account.environment | environment)


def test_walkthrough(account, unused):
    done = walk(account, BUCKET=unused("walk"), MODEL_NAME=unused("gpt-oss-20b"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"MiB tokenizer.json|KiB tokenizer.json", done.stdout)
    assert "Completed" in done.stdout
    arn = re.search(r"^arn:aws:bedrock:us-east-1:(\d{12}):imported-model/([a-z0-9]{12})$", done.stdout, re.M)
    # The answer stands between its heading and the next; `aws` prints the content type before it.
    answer = done.stdout.split("OpenAI-compatible API\n")[1].split("== Clean up")[0]
    body = json.loads(answer[answer.index('{"id"') if '{"id"' in answer else answer.index('{\n  "id"'):])
    assert body["object"] == "chat.completion" and body["model"] == f"{arn[1]}-{arn[2]}"
    message = body["choices"][0]["message"]
    assert message["role"] == "assistant"
    assert message["refusal"] is None and message["function_call"] is None and message["tool_calls"] == []
    usage = body["usage"]
    assert usage["prompt_tokens"] + usage["completion_tokens"] == usage["total_tokens"]
    # Nothing is left.
    assert arn[0] not in [m["modelArn"] for m in account.client("bedrock").list_imported_models()["modelSummaries"]]


def test_a_checkpoint_that_cannot_be_imported_ends_with_its_findings(plain, unused, tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    done = walk(plain, tmp_path, BUCKET=unused("walk"), MODEL_NAME=unused("bert"))
    assert done.returncode == 1
    assert "bert" in done.stderr and "config.json" in done.stderr


@pytest.mark.parametrize("arguments, status, words", [
    (["--help"], 0, "Usage"), (["/nowhere"], 1, "holds no checkpoint")])
def test_it_explains_itself(plain, arguments, status, words):
    done = walk(plain, *arguments)
    assert done.returncode == status and words in done.stdout + done.stderr
