"""validate and import on sound, broken and hostile checkpoints."""

import json
import os
import shutil
import signal
import struct
import subprocess
import time

import numpy
import pytest
from outcrop import FIXTURES, Outcrop, read_header, read_safetensors, write_with_header

CHECKPOINTS = FIXTURES / "checkpoints"
SHARDED = "d1-base/hf-bf16-sharded"


@pytest.fixture
def checkpoint(tmp_path):
    """Copies a golden checkpoint to where it may be changed."""
    def copy(name="d1-base/hf-mxfp4"):
        target = tmp_path / name.replace("/", "-")
        shutil.copytree(CHECKPOINTS / name, target)
        for path in target.rglob("*"):
            path.chmod(0o644)
        return target

    return copy


def findings(outcrop, folder, *options, status=1):
    """What validate finds, as JSON."""
    report = outcrop.json("validate", folder, "--json", *options, status=status)
    for finding in report["findings"]:
        assert finding["message"] and finding["severity"] in ("error", "warning", "note")
    return report["findings"]


def errors(found):
    return [finding for finding in found if finding["severity"] == "error"]


def shards(folder):
    return sorted(folder.glob("*.safetensors"))


@pytest.mark.parametrize("layout", ["hf-mxfp4", "hf-bf16", "original"])
def test_a_sound_checkpoint_has_no_errors(outcrop, checkpoint, layout):
    folder = checkpoint(f"d1-base/{layout}")
    assert errors(findings(outcrop, folder, status=0)) == []
    assert outcrop.run("validate", folder).stdout


def test_index_metadata_that_bedrock_refuses_is_repaired(outcrop, checkpoint):
    folder = checkpoint(SHARDED)
    index = folder / "model.safetensors.index.json"
    assert "total_parameters" in json.loads(index.read_text())["metadata"]
    before = {path.name: path.read_bytes() for path in shards(folder)}
    found = errors(findings(outcrop, folder))
    assert any("total_parameters" in finding["message"] for finding in found)

    outcrop.run("validate", folder, "--fix")
    assert set(json.loads(index.read_text())["metadata"]) <= {"total_size"}
    assert {path.name: path.read_bytes() for path in shards(folder)} == before
    assert errors(findings(outcrop, folder, status=0)) == []


def test_a_missing_index_is_rebuilt(outcrop, checkpoint):
    folder = checkpoint(SHARDED)
    index = folder / "model.safetensors.index.json"
    original = json.loads(index.read_text())["weight_map"]
    index.unlink()
    outcrop.run("validate", folder, "--fix", status=None)
    assert json.loads(index.read_text())["weight_map"] == original


def truncate(folder):
    path = shards(folder)[-1]
    path.write_bytes(path.read_bytes()[:-100])


def remove_shard(folder):
    shards(folder)[1].unlink()


def edit_header(change):
    def edit(folder):
        path = max(shards(folder), key=lambda path: path.stat().st_size)
        header, start = read_header(path)
        change(header)
        write_with_header(path, header, path.read_bytes()[start:])
    return edit


def some(header):
    return next(entry for name, entry in header.items() if name.endswith("q_proj.weight"))


def overlap(header):
    a, b = [entry for name, entry in header.items() if name != "__metadata__"][:2]
    b["data_offsets"] = a["data_offsets"]


def out_of_range(header):
    some(header)["data_offsets"][1] += 10**15


def negative(header):
    some(header)["data_offsets"] = [-8, 8]


def huge_shape(header):
    some(header)["shape"] = [2**62, 2**62]


def wrong_dtype(header):
    some(header)["dtype"] = "F64"


def wrong_shape(header):
    entry = some(header)
    entry["shape"] = entry["shape"][::-1]


def missing_tensor(header):
    del header[next(name for name in header if name.endswith("q_proj.weight"))]


def hostile_header(data):
    def write(folder):
        shards(folder)[0].write_bytes(data)
    return write


def edit_config(**changes):
    def edit(folder):
        path = folder / "config.json"
        config = json.loads(path.read_text()) | changes
        path.write_text(json.dumps(config))
    return edit


def replace_config(data):
    return lambda folder: (folder / "config.json").write_bytes(data)


BROKEN = {
    "truncated shard": truncate,
    "missing shard": remove_shard,
    "overlapping tensors": edit_header(overlap),
    "tensor beyond the file": edit_header(out_of_range),
    "negative offset": edit_header(negative),
    "overflowing shape": edit_header(huge_shape),
    "wrong dtype": edit_header(wrong_dtype),
    "wrong shape": edit_header(wrong_shape),
    "missing tensor": edit_header(missing_tensor),
    "empty file": hostile_header(b""),
    "short file": hostile_header(b"\x01\x02"),
    "header length of 2^64-1": hostile_header(b"\xff" * 8 + b"{}"),
    "header length beyond the file": hostile_header(struct.pack("<Q", 10**6) + b"{}"),
    "header is no JSON": hostile_header(struct.pack("<Q", 4) + b"{\"a\""),
    "header is a list": hostile_header(struct.pack("<Q", 2) + b"[]"),
    "deep header": hostile_header(struct.pack("<Q", 200_000) + b"[" * 200_000),
    "invalid UTF-8 header": hostile_header(struct.pack("<Q", 5) + b"{\"\xff\"}"),
    "another architecture": edit_config(model_type="llama", architectures=["LlamaForCausalLM"]),
    "no layers": edit_config(num_hidden_layers=0),
    "absurd layers": edit_config(num_hidden_layers=10**12),
    "negative hidden size": edit_config(hidden_size=-64),
    "overflowing vocabulary": edit_config(vocab_size=2**63 - 1),
    "more experts per token than experts": edit_config(num_experts_per_tok=99, experts_per_token=99),
    "heads that do not divide": edit_config(num_key_value_heads=3),
    "text where a number belongs": edit_config(hidden_size="big"),
    "config is empty": replace_config(b""),
    "config is no JSON": replace_config(b"{"),
    "config is deep": replace_config(b"[" * 100_000),
    "config is invalid UTF-8": replace_config(b'{"model_type": "\xff"}'),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_found_and_not_imported(outcrop, checkpoint, name):
    folder = checkpoint()
    BROKEN[name](folder)
    assert errors(findings(outcrop, folder)), name
    done = outcrop.run("import", folder, "--name", "broken", status=1)
    assert done.stderr
    assert outcrop.json("models", "--json") == []


def test_every_finding_is_listed_at_once(outcrop, checkpoint):
    folder = checkpoint(SHARDED)
    truncate(folder)
    edit_header(missing_tensor)(folder)
    (folder / "metal").mkdir()
    (folder / "metal" / "model.bin").write_bytes(b"x")
    assert len({finding["code"] for finding in findings(outcrop, folder)}) >= 3


def test_flipped_bits_never_crash(outcrop, checkpoint, tmp_path):
    folder = checkpoint("d1-base/hf-bf16")
    path = shards(folder)[0]
    sound = path.read_bytes()
    _, start = read_header(path)
    random = numpy.random.default_rng(7)
    for _ in range(20):
        data = bytearray(sound)
        for position in random.integers(0, start, 3):
            data[position] ^= 1 << int(random.integers(0, 8))
        path.write_bytes(data)
        outcrop.run("validate", folder, "--json", status=None)


def test_what_is_not_a_checkpoint_is_one_clear_error(outcrop, tmp_path):
    for path in (tmp_path / "nothing", tmp_path, "/dev/null"):
        done = outcrop.run("import", path, "--name", "x", status=None)
        assert done.returncode == 1 and done.stderr
        assert outcrop.run("validate", path, status=None).returncode == 1


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a b", "x" * 300, "ä"])
def test_names_that_are_no_names_are_refused(outcrop, name):
    done = outcrop.run("import", CHECKPOINTS / "d1-base/hf-mxfp4", f"--name={name}", status=None)
    assert done.returncode in (1, 64) and done.stderr


def test_a_model_lives_from_import_to_removal(outcrop):
    source = CHECKPOINTS / "d1-base/hf-mxfp4"
    outcrop.run("import", source, "--name", "first")
    assert outcrop.run("import", source, "--name", "first", status=1).stderr
    outcrop.run("import", source, "--name", "first", "--replace", "--dense", "bf16")
    outcrop.run("import", source, "--name", "second")
    assert [model["name"] for model in outcrop.json("models", "--json")] == ["first", "second"]
    assert outcrop.json("show", "first", "--json")["name"] == "first"
    assert b"first" in outcrop.run("show", "first").stdout
    outcrop.run("rm", "first", "second")
    assert outcrop.json("models", "--json") == []
    assert outcrop.run("rm", "first", status=1).stderr
    assert outcrop.run("show", "first", status=1).stderr


def test_index_metadata_is_repaired_and_told_of_unless_bedrocks_rules_are_wanted(outcrop, checkpoint):
    folder = checkpoint(SHARDED)
    refused = outcrop.run("import", folder, "--name", "m", "--strict", status=1).stderr.decode()
    assert "index.json: metadata holds total_parameters" in refused
    assert b"repaired: " in outcrop.run("import", folder, "--name", "m").stdout
    assert any(line.startswith("repaired: ") for line in outcrop.json("show", "m", "--json")["warnings"])


def test_a_fine_tune_is_compared_with_its_base(outcrop, checkpoint):
    base, folder = checkpoint("d1-base/hf-mxfp4"), checkpoint("d1-base/hf-bf16")
    outcrop.run("import", base, "--name", "base")
    copy = outcrop.json("import", folder, "--name", "copy", "--base", "base", "--json")
    assert copy["base"]["differences"] == [] and "this is not a fine-tune" in copy["base"]["verdict"]
    assert b"this is not a fine-tune" in outcrop.run("show", "copy").stdout
    weights = folder / "model.safetensors"
    header, start = read_header(weights)
    at = start + header["model.layers.2.mlp.experts.down_proj"]["data_offsets"][0]
    data = bytearray(weights.read_bytes())
    data[at:at + 2] = b"\x00\x41"
    weights.write_bytes(data)
    for name, other in (("tuned", "base"), ("tuned-too", base)):
        tuned = outcrop.json("import", folder, "--name", name, "--base", other, "--json")["base"]
        assert [difference["tensor"] for difference in tuned["differences"]] == ["layers.2.mlp.down"]
        assert tuned["differences"][0]["relative_rms_difference"] > 0
        assert f"1 of {tuned['tensors']} tensors" in tuned["verdict"]
    other = CHECKPOINTS / "d2-gqa8/hf-bf16"
    assert b"cannot be the base" in outcrop.run("import", other, "--name", "x", "--base", "base", status=1).stderr
    assert b"neither" in outcrop.run("import", other, "--name", "x", "--base", "nobody", status=1).stderr


def test_an_artifact_is_a_safetensors_file(outcrop):
    outcrop.run("import", CHECKPOINTS / "d1-base/hf-bf16", "--name", "m")
    path = next(outcrop.data.rglob("model.safetensors"))
    header, start = read_header(path)
    assert start % 4096 == 0 and header["__metadata__"]["outcrop.format"] == "1"
    offsets = sorted(entry["data_offsets"] for name, entry in header.items() if name != "__metadata__")
    assert offsets[0][0] == 0 and offsets[-1][1] == path.stat().st_size - start
    assert all(before[1] == after[0] for before, after in zip(offsets, offsets[1:]))
    assert read_safetensors(path)["embedding"].shape[1] == 64


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A checkpoint that takes a moment to import."""
    folder = tmp_path_factory.mktemp("large") / "checkpoint"
    Outcrop(folder.parent).run("synth", folder, "--size", "tiny", "--layout", "bf16", "--seed", 1)
    return folder


@pytest.mark.parametrize("delay", [0.02, 0.1, 0.3])
def test_an_import_killed_at_any_point_starts_again_cleanly(outcrop, large, delay):
    process = outcrop.start("import", large, "--name", "model")
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    names = [model["name"] for model in outcrop.json("models", "--json")]
    assert names in ([], ["model"])
    outcrop.run("import", large, "--name", "model", "--replace")
    assert [model["name"] for model in outcrop.json("models", "--json")] == ["model"]
    left = [path for path in outcrop.data.rglob("*") if "partial" in path.name]
    assert left == []
    assert len(outcrop.json("generate", "--model", "model", "--tokens", "1,2,3", "--max-tokens", 2)) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("command", ["import", "synth"])
def test_a_command_that_is_told_to_end_leaves_nothing(outcrop, large, tmp_path, command, number):
    target = tmp_path / "synthetic"
    process = outcrop.start(*(
        ["import", large, "--name", "model"] if command == "import" else ["synth", target, "--size", "tiny"]))
    # Not before the handlers are in place.
    process.stderr.readline()
    process.send_signal(number)
    process.communicate()
    # It may have been done already.
    assert process.returncode in (0, 1)
    is_done = process.returncode == 0
    assert target.exists() == (is_done and command == "synth")
    assert bool(outcrop.json("models", "--json")) == (is_done and command == "import")
    assert [path for path in outcrop.data.rglob("*") if "partial" in path.name] == []


def test_a_full_disk_is_one_clear_error(large, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], capture_output=True) if os.getuid() == 0 else None
    if mounted is None or mounted.returncode != 0:
        pytest.skip("mounting a small disk needs root and the permission to mount")
    try:
        outcrop = Outcrop(disk)
        done = outcrop.run("import", large, "--name", "model", status=1)
        message = done.stderr.decode()
        assert "space" in message and len([line for line in message.splitlines() if line.startswith("Error")]) == 1
        assert outcrop.json("models", "--json") == []
    finally:
        subprocess.run(["umount", disk], check=True)


def test_synth_replaces_nothing(outcrop, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    done = outcrop.run("synth", folder, "--size", "tiny", status=1)
    assert f"{folder} is not empty: give a new folder" in done.stderr.decode()
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("layout", ["mxfp4", "bf16", "original"])
def test_synthetic_checkpoints_are_sound_and_repeatable(outcrop, tmp_path, layout):
    for name in ("a", "b"):
        outcrop.run("synth", tmp_path / name, "--size", "tiny", "--layout", layout, "--seed", 3)
    assert errors(findings(outcrop, tmp_path / "a", status=0)) == []
    for path in (tmp_path / "a").rglob("*.safetensors"):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()
