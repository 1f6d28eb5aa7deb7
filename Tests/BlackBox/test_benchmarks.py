"""Benchmarks/compare and Benchmarks/accuracy do what they say; what they measure is nobody's business here."""

import json
import os
import subprocess
import sys

import pytest
from outcrop import BINARY, ROOT

FIGURES = [
    "load", "pp128", "tg16", "agg4", "ttft@2", "pause@2", "arriving@2", "shared-first", "shared-all", "agent-first",
    "agent-turn", "agg4@512", "memory"]


def run(name, *arguments, status=0):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OUTCROP_")}
    done = subprocess.run(
        [sys.executable, ROOT / "Benchmarks" / name, "--outcrop", BINARY, *map(str, arguments)], capture_output=True,
        text=True, timeout=300, env=environment)
    assert done.returncode == status, done.stderr
    return done


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Random weights that the tests share."""
    return tmp_path_factory.mktemp("weights")


@pytest.fixture
def compare(tmp_path, weights):
    """The comparison on the smallest shape; returns its record and its page."""

    def compare(*arguments):
        folders = ["--data", weights, "--out", tmp_path / "out", "--venv", tmp_path / "environments"]
        run("compare", "--shape", "tiny", "--quick", "--no-install", *folders, *arguments)
        page = (tmp_path / "out" / "RESULTS.md").read_text()
        return json.loads((tmp_path / "out" / "RESULTS.json").read_text()), page

    return compare


def test_outcrop_alone_is_measured_and_written_down(compare):
    records, page = compare("--peers", "outcrop", "--repeat", 2)
    record = records["compare tiny (quick)"]
    assert [row["name"] for row in record["figures"]] == FIGURES
    for row in record["figures"]:
        measured = row["results"]["outcrop"]
        assert "note" not in measured, measured
        assert len(measured["values"]) == 2 and all(value > 0 for value in measured["values"])
        assert measured["min"] <= measured["median"] <= measured["max"]
        assert f"`{row['name']}`" in page
    assert record["limits"]["read_bandwidth"]["min"] > 0 and record["limits"]["matrix_rate"]["min"] > 0
    shares = {row["name"]: share for row in record["figures"] if (share := row["results"]["outcrop"].get("share"))}
    assert set(shares) == {"pp128", "tg16", "agg4", "agg4@512"}
    assert all(share["min"] > 0 for share in shares.values())
    assert record["repetitions_done"] == 2 and not record["interrupted"]
    assert record["peers"]["outcrop"]["version"] in page and record["machine"]["processor"] in page


def test_a_peer_that_is_not_there_is_named_with_the_reason(compare):
    records, page = compare("--peers", "outcrop,ik_llama.cpp", "--repeat", 1, "--only", "pp128")
    record = records["compare tiny (quick, pp128)"]
    assert "not installed" in record["peers"]["ik_llama.cpp"]["unavailable"]
    assert [row["name"] for row in record["figures"]] == ["load", "pp128", "memory"]
    assert "**ik_llama.cpp**: not measured" in page


def test_unknown_names_are_refused(tmp_path):
    for option in ("--peers", "--only"):
        done = run("compare", "--shape", "tiny", "--data", tmp_path, option, "nonsense", status=1)
        assert "nonsense: not among" in done.stderr


def test_accuracy_has_a_line_for_each_way_to_compute(tmp_path):
    run("accuracy", "--quick", "--models", "d4-allexp", "--write", "--out", tmp_path)
    record = json.loads((tmp_path / "RESULTS.json").read_text())["accuracy"]
    ways = {(entry["precision"], entry["dense"]) for entry in record["entries"]}
    assert {("f32", "bf16"), ("f32", "int8"), ("fast", "bf16"), ("fast", "int8")} <= ways
    for entry in record["entries"]:
        assert entry["kl_mean"] <= entry["kl_max"] and len(entry["layers"]) == 4
        if (entry["precision"], entry["dense"]) == ("f32", "bf16"):
            assert entry["kl_max"] < 1e-6 and entry["same_top"] == 1 and entry["largest_difference"] <= 1e-3
    assert "## Accuracy" in (tmp_path / "RESULTS.md").read_text()


def test_bench_measures_more_conversations_than_a_server_runs_by_default(demo):
    report = demo.json(
        "bench", "--model", "demo", "--prompts", 16, "--conversations", 300, "--decoded-tokens", 4, "--json")
    assert report["decode_tokens_per_second"]["300"] > 0
    assert report["prefill_tokens_per_second"]["16"] > 0 and report["read_bandwidth_bytes_per_second"] > 0


def test_bench_says_beforehand_what_cannot_be_measured(demo):
    done = demo.run("bench", "--model", "demo", "--contexts", 10_000_000, status=64)
    assert b"10000064 tokens" in done.stderr and not done.stdout
    assert b"at most 2048 conversations" in demo.run("bench", "--model", "demo", "--conversations", 2049, status=64).stderr
