"""Logits and greedy tokens of the golden checkpoints, in every layout, through the commands."""

import numpy
import pytest
from outcrop import FIXTURES, read_safetensors

CHECKPOINTS = FIXTURES / "checkpoints"
MODELS = ["d1-base", "d2-gqa8", "d4-allexp"]
LAYOUTS = ["hf-mxfp4", "hf-bf16", "hf-bf16-sharded", "original"]
REFERENCE = ["--precision", "f32", "--dense", "bf16"]


@pytest.fixture(scope="module")
def golden():
    return {model: read_safetensors(FIXTURES / "numerics" / "golden" / f"{model}.safetensors") for model in MODELS}


def checkpoint(model, layout):
    folder = CHECKPOINTS / model / layout
    if not folder.exists():
        pytest.skip(f"{folder.relative_to(FIXTURES)} is not among the fixtures")
    return folder


def listed(tokens):
    return ",".join(map(str, tokens.tolist()))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("model", MODELS)
def test_logits_agree_with_the_reference(outcrop, golden, tmp_path, model, layout):
    folder = checkpoint(model, layout)
    for length in (7, 129):
        out = tmp_path / "logits.safetensors"
        outcrop.run(
            "logits", "--model", folder, "--tokens", listed(golden[model][f"prompt_{length}"]), "--out", out, *REFERENCE)
        logits = read_safetensors(out)["logits"]
        expected = golden[model][f"logits_all_{length}"]
        assert logits.dtype == numpy.float32 and logits.shape == expected.shape
        assert numpy.abs(logits - expected).max() <= 1e-3


@pytest.mark.parametrize("model", MODELS)
def test_greedy_tokens_are_the_reference_s(outcrop, golden, model):
    folder = checkpoint(model, "hf-mxfp4")
    for length in (7, 129, 300):
        tokens = outcrop.json(
            "generate", "--model", folder, "--tokens", listed(golden[model][f"prompt_{length}"]), "--max-tokens", 64,
            *REFERENCE)
        assert tokens == golden[model][f"greedy_f32_{length}"].tolist()


def test_threads_do_not_change_the_reference_s_tokens(outcrop, golden):
    folder = checkpoint("d1-base", "hf-mxfp4")
    prompt = listed(golden["d1-base"]["prompt_129"])
    command = ["generate", "--model", folder, "--tokens", prompt, "--max-tokens", 32, *REFERENCE]
    assert outcrop.json(*command, "--threads", 1) == outcrop.json(*command, "--threads", 3)


@pytest.mark.parametrize("instruction_set", ["scalar", "avx2", "avx512", "amx", "neon"])
def test_every_instruction_set_keeps_the_fast_limits(outcrop, golden, tmp_path, instruction_set):
    folder = checkpoint("d4-allexp", "hf-mxfp4")
    out = tmp_path / "logits.safetensors"
    done = outcrop.run(
        "logits", "--model", folder, "--tokens", listed(golden["d4-allexp"]["prompt_129"]), "--out", out, "--dense", "bf16",
        environment={"OUTCROP_ISA": instruction_set}, status=None)
    if done.returncode != 0:
        # Only ever because the machine lacks the instructions, and then it says so.
        assert instruction_set in done.stderr.decode()
        pytest.skip(f"this machine has no {instruction_set}")
    logits = read_safetensors(out)["logits"].astype(numpy.float64)
    expected = golden["d4-allexp"]["logits_all_129"].astype(numpy.float64)
    assert divergence(expected, logits) <= 3e-3


def divergence(expected, logits):
    """The mean Kullback-Leibler divergence in nats of the distributions of two sets of logits."""
    def log_softmax(values):
        values = values - values.max(axis=-1, keepdims=True)
        return values - numpy.log(numpy.exp(values).sum(axis=-1, keepdims=True))

    reference, other = log_softmax(expected), log_softmax(logits)
    return (numpy.exp(reference) * (reference - other)).sum(axis=-1).mean()


def test_wrong_tokens_are_refused(outcrop, tmp_path):
    folder = checkpoint("d1-base", "hf-mxfp4")
    for tokens in ("1,2,x", "", "-1", "512", "99999999999999999999"):
        for command in (["logits", "--out", tmp_path / "x"], ["generate", "--max-tokens", 1]):
            done = outcrop.run(*command, "--model", folder, f"--tokens={tokens}", status=None)
            assert done.returncode in (1, 64) and done.stderr
