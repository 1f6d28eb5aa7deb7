"""Where the engine's time goes, by component: samples of `outcrop bench` under perf, and the kernels' own rates."""

import argparse
import datetime
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from . import machine, results

ROOT = Path(__file__).resolve().parents[2]

# The first pattern that a function's name matches says what it belongs to; None is not the engine's work: the machine's
# limits, the tokenizer, and memory that is touched for the first time.
COMPONENTS = [
    (r"probe|Tokenizer|MachineProbe", None),
    (r"(\b|_)mxfp4_(q16|q8|bf16|f32)", "experts"),
    (r"(\b|_)bf16_f32", "router"),
    (r"(\b|_)(int8|bf16)_(q16|q8|bf16|f32)", "attention's matrices, unembedding"),
    (r"ck_\w*attention|(score|add|soften)_\w*(page|values|block)", "attention"),
    (r"Rally", "waiting for other threads"),
    (r"ck_\w*(rms_norm|rope|swiglu|scale_add|to_q16|to_q8|to_bf16|to_f16|to_i8)|storeKeyValue|RotaryEmbedding",
     "norms, rotation, SwiGLU, conversions"),
    (r"ck_\w*(sum_exp|gather|argmax)|Sampl|TokenRanking|CandidateHeap", "sampling"),
]

RUNS = [
    ("one conversation decodes", ["--prompts", "16", "--conversations", "1", "--decoded-tokens", "160"]),
    ("sixteen conversations decode", ["--prompts", "16", "--conversations", "16", "--decoded-tokens", "40"]),
    ("a prompt of 2,048 tokens", ["--prompts", "2048", "--conversations", "1", "--decoded-tokens", "2"]),
]


def component(symbol):
    for pattern, name in COMPONENTS:
        if re.search(pattern, symbol):
            return name
    return "everything else"


def profile(command):
    """Share of the engine's samples by component."""
    with tempfile.TemporaryDirectory() as folder:
        data = str(Path(folder) / "perf.data")
        subprocess.run(
            ["perf", "record", "--output", data, "--freq", "400", *map(str, command)], check=True, capture_output=True)
        report = subprocess.run(
            ["perf", "report", "--input", data, "--no-children", "--sort", "dso,symbol", "--field-separator", "|"],
            check=True, capture_output=True, text=True).stdout
    shares = {}
    for line in report.splitlines():
        fields = [field.strip() for field in line.split("|")]
        if line.startswith("#") or len(fields) < 3 or fields[1].startswith("[kernel"):
            continue
        name = component(fields[2])
        if name is not None:
            shares[name] = shares.get(name, 0) + float(fields[0].rstrip("%"))
    whole = sum(shares.values())
    return {name: share / whole for name, share in shares.items()}


def kernels(instruction_set):
    """What Benchmarks/Kernels/run prints for a set."""
    command = [ROOT / "Benchmarks" / "Kernels" / "run", instruction_set]
    tokens = {"TOKENS": "1 2 4 8 16 64 256"}
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | tokens)
    if done.returncode != 0:
        raise SystemExit(f"Benchmarks/Kernels/run failed: {done.stderr.strip()[-400:]}")
    return done.stdout


def arguments():
    parser = argparse.ArgumentParser(
        prog="Benchmarks/breakdown",
        description="Profile `outcrop bench` with perf (Debian: linux-perf), measure the kernels, and write both to RESULTS.md.")
    parser.add_argument("--synthetic", default="gpt-oss-20b", metavar="SIZE", help="the model's shape (default: %(default)s)")
    parser.add_argument("--data", metavar="FOLDER", help="where its weights are, or will be")
    parser.add_argument("--outcrop", type=Path, default=ROOT / ".build" / "release" / "outcrop", metavar="FILE")
    parser.add_argument("--out", default=ROOT / "Benchmarks", metavar="FOLDER", help="where RESULTS.md and RESULTS.json are")
    parser.add_argument("--no-kernels", action="store_true", help="leave the kernels out")
    return parser.parse_args()


def main():
    options = arguments()
    if not shutil.which("perf"):
        raise SystemExit("perf is missing: apt-get install linux-perf")
    data = ["--data", options.data] if options.data else []
    shares = {}
    for name, plan in RUNS:
        print(name, file=sys.stderr, flush=True)
        shares[name] = profile([options.outcrop, "bench", "--synthetic", options.synthetic, *data, *plan])
    names = sorted({part for one in shares.values() for part in one}, key=lambda part: -max(
        one.get(part, 0) for one in shares.values()))
    rows = [[part, *(f"{100 * shares[name].get(part, 0):.1f} %" for name, _ in RUNS)] for part in names]
    record = {
        "date": f"{datetime.date.today():%Y-%m-%d}", "command": results.command("breakdown", sys.argv[1:]),
        "shape": options.synthetic, "machine": machine.describe(), "shares": shares}
    head = f"{record['date']}, {record['machine']['processor']}.\n\n```\n{record['command']}\n```\n\n"
    body = head + "Shares of the engine's own samples; the system's (pages touched for the first time, threads woken) are left out.\n\n"
    body += results.table(["component", *(name for name, _ in RUNS)], rows)
    results.write_section(options.out, "breakdown", f"{options.synthetic}: where the time goes", body, record)
    if not options.no_kernels:
        print("kernels", file=sys.stderr, flush=True)
        name = machine.limits(options.outcrop, options.data or tempfile.gettempdir(), os.cpu_count())["instruction_set"]
        text = kernels(name)
        body = head.replace(record["command"], f"Benchmarks/Kernels/run {name}")
        body += f"One thread, processor time.\n\n```\n{text}```"
        results.write_section(options.out, "kernels", "Kernels", body, {"date": record["date"], "text": text.splitlines()})
    print(f"written to {Path(options.out) / 'RESULTS.md'}", file=sys.stderr)
    return 0
