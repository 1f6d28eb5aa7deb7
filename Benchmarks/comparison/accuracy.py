"""The command line of Benchmarks/accuracy: how far each way to compute is from the f32 reference."""

import argparse
import datetime
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy

from . import machine, safetensors
from .results import command, table, write_section

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "Tests" / "Fixtures"
# The options that change how it is computed; what a binary does not know is left out.
OPTIONS = ("precision", "dense", "kv-dtype")
REFERENCE = {"precision": "f32", "dense": "bf16"}
INSTRUCTION_SETS = ("scalar", "avx2", "avx512", "amx", "neon")
# A whole number of 128ths is exact as bf16 and as int8 with a half-float scale.
UNIT = numpy.uint16(0x3F7E)  # 127/128

NOTES = """Against `--precision f32 --dense bf16` on the same tokens, computed as prompts are: Kullback-Leibler divergence in
nats of the next token's distribution (mean and greatest over all positions, beginnings that sequences share once), how often
the most likely token is the same, and the error of the residual after each layer, all errors before it included, as a share
of its norm (mean over positions; read through a unit unembedding, so the unembedding's rounding of its input is in it).
`demo` is the trained model in `Demo/`; the others are random checkpoints of the golden suite. In `d1-base` and `d2-gqa8`
random routers leave experts nearly tied, and any rounding swaps some: they show that, not the kernels. `d4-allexp` uses
every expert."""


class Engine:
    """`outcrop logits` with one way to compute."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, Path(folder)
        self.help = subprocess.run([binary, "logits", "--help"], capture_output=True, text=True, check=True).stdout
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("OUTCROP_")}

    def choices(self, option):
        """The values of an option; none if the binary has no such option."""
        text = " ".join(self.help.split("OPTIONS:")[1].split())
        values = re.search(rf"--{option} <(?:(?! --[\w-]+ <).)*?\(values: ([^;)]*)", text)
        return values.group(1).split(", ") if values else []

    def offers(self, way):
        """Whether these options go together."""
        options = [part for key, value in way.items() for part in (f"--{key}", value)]
        command = [self.binary, "logits", "--model", self.folder / "none", "--tokens", "1", "--out", "none", *options]
        done = subprocess.run([str(part) for part in command], capture_output=True, env=self.environment)
        return done.returncode != os.EX_USAGE

    def imported(self, checkpoint, name, dense):
        """A model of this checkpoint in the folder, imported once."""
        model = f"{name}-{dense}"
        if not (self.folder / "models" / model).exists():
            self._run(["import", checkpoint, "--data", self.folder, "--name", model, "--dense", dense])
        return model

    def logits(self, checkpoint, name, tokens, way, instruction_set=None):
        """f32 [tokens, vocabulary]; None where the machine lacks the instructions."""
        out = self.folder / "logits.safetensors"
        options = [part for key, value in way.items() if key != "dense" for part in (f"--{key}", value)]
        command = [
            "logits", "--model", self.imported(checkpoint, name, way["dense"]), "--data", self.folder, "--tokens",
            ",".join(map(str, tokens)), "--out", out, "--max-model-len", "1024", "--kv-cache-memory", "64MiB", *options]
        if self._run(command, instruction_set) is None:
            return None
        return safetensors.read(out)["logits"][1].astype(numpy.float64)

    def _run(self, command, instruction_set=None):
        environment = self.environment | ({"OUTCROP_ISA": instruction_set} if instruction_set else {})
        done = subprocess.run(
            [str(part) for part in (self.binary, *command)], capture_output=True, text=True, env=environment)
        if done.returncode != 0:
            if instruction_set and instruction_set in done.stderr:
                return None
            raise RuntimeError(f"outcrop {' '.join(map(str, command))}: {done.stderr.strip()}")
        return done


class Model:
    """A checkpoint, the token sequences that go through it, and the same cut off behind each layer."""

    def __init__(self, name, checkpoint, sequences, folder):
        self.name, self.checkpoint, self.sequences = name, Path(checkpoint), sequences
        self.folder = Path(folder)
        self.layers = json.loads((self.checkpoint / "config.json").read_text())["num_hidden_layers"]
        self.hidden = json.loads((self.checkpoint / "config.json").read_text())["hidden_size"]
        # Where each sequence parts from all before it: what they have in common counts once.
        self.parting = [
            max((len(os.path.commonprefix([tokens, other])) for other in sequences[:index]), default=0)
            for index, tokens in enumerate(sequences)]

    def cut(self, layers):
        """A checkpoint of the first layers whose logits are its normalised residual."""
        target = self.folder / f"cut-{self.name}-{layers}"
        if target.exists():
            return target
        target.mkdir(parents=True)
        configuration = json.loads((self.checkpoint / "config.json").read_text())
        configuration["num_hidden_layers"] = layers
        if configuration.get("layer_types"):
            configuration["layer_types"] = configuration["layer_types"][:layers]
        (target / "config.json").write_text(json.dumps(configuration))
        kept = {}
        for path in sorted(self.checkpoint.glob("*.safetensors")):
            for name, (kind, values) in safetensors.read(path).items():
                layer = re.match(r"model\.layers\.(\d+)\.", name)
                if layer is None or int(layer.group(1)) < layers:
                    kept[name] = kind, values
        kind, norm = kept["model.norm.weight"]
        ones = numpy.full_like(norm, 0x3F80 if kind == "BF16" else 1)
        kept["model.norm.weight"] = kind, ones
        shape = kept["model.embed_tokens.weight"][1].shape
        unit = numpy.zeros(shape, numpy.uint16)
        numpy.fill_diagonal(unit, UNIT)
        kept["lm_head.weight"] = "BF16", unit
        safetensors.write(target / "model.safetensors", kept)
        return target


def models(folder, count):
    """The demo model with conversations, the golden checkpoints with their prompts."""
    lines = (ROOT / "Demo" / "examples.jsonl").read_text().splitlines()[:count]
    conversations = [example["prompt_ids"] + example["continuation_ids"] for example in map(json.loads, lines)]
    yield Model("demo", ROOT / "Demo" / "model", conversations, folder)
    for name in ("d1-base", "d2-gqa8", "d4-allexp"):
        golden = safetensors.read(FIXTURES / "numerics" / "golden" / f"{name}.safetensors")
        prompts = [golden[f"prompt_{length}"][1].tolist() for length in (129, 300)]
        yield Model(name, FIXTURES / "checkpoints" / name / "hf-mxfp4", prompts, folder)


def log_softmax(values):
    values = values - values.max(axis=-1, keepdims=True)
    return values - numpy.log(numpy.exp(values).sum(axis=-1, keepdims=True))


def divergences(expected, actual):
    """The Kullback-Leibler divergence of each position, in nats."""
    expected, actual = log_softmax(expected), log_softmax(actual)
    return (numpy.exp(expected) * (expected - actual)).sum(axis=-1)


class Comparison:
    """Compares ways to compute with the reference, which is computed once per sequence."""

    def __init__(self, engine):
        self.engine = engine
        self.references = {}

    def reference(self, checkpoint, name, index, tokens):
        key = name, index
        if key not in self.references:
            self.references[key] = self.engine.logits(checkpoint, name, tokens, REFERENCE)
        return self.references[key]

    def measure(self, model, way, instruction_set):
        """The figures of one way; None where the machine lacks the instructions."""
        kl, same, largest = [], [], 0
        for index, tokens in enumerate(model.sequences):
            expected = self.reference(model.checkpoint, model.name, index, tokens)
            actual = self.engine.logits(model.checkpoint, model.name, tokens, way, instruction_set)
            if actual is None:
                return None
            expected, actual = expected[model.parting[index]:], actual[model.parting[index]:]
            kl.append(divergences(expected, actual))
            same.append(expected.argmax(axis=-1) == actual.argmax(axis=-1))
            largest = max(largest, float(numpy.abs(expected - actual).max(initial=0)))
        kl, same = numpy.concatenate(kl), numpy.concatenate(same)
        return {
            "model": model.name, "instruction_set": instruction_set, **way, "positions": len(kl),
            "kl_mean": float(kl.mean()), "kl_max": float(kl.max()), "same_top": float(same.mean()),
            "largest_difference": largest, "layers": self._layers(model, way, instruction_set)}

    def _layers(self, model, way, instruction_set):
        errors = []
        tokens = max(model.sequences, key=len)
        for layer in range(1, model.layers + 1):
            cut, name = model.cut(layer), f"cut-{model.name}-{layer}"
            expected = self.reference(cut, name, 0, tokens)[:, : model.hidden]
            actual = self.engine.logits(cut, name, tokens, way, instruction_set)[:, : model.hidden]
            errors.append(float(numpy.mean(
                numpy.linalg.norm(actual - expected, axis=-1) / numpy.linalg.norm(expected, axis=-1))))
        return errors


def rows(record):
    """The table's lines."""
    for entry in record["entries"]:
        options = " ".join(f"--{option} {entry[option]}" for option in OPTIONS if option in entry)
        yield [
            entry["model"], f"`{options}`", entry["instruction_set"], f"{entry['kl_mean']:.1e}", f"{entry['kl_max']:.1e}",
            f"{entry['same_top']:.2%}", f"{entry['largest_difference']:.1e}",
            " ".join(f"{error:.0e}" for error in entry["layers"])]


HEADER = ["model", "options", "instructions", "KL mean", "KL max", "same top token", "max Δlogit", "error by layer"]


def markdown(record):
    return "\n\n".join([
        f"{record['date']}, {record['version']}, {record['machine']['processor']}.", f"```\n{record['command']}\n```",
        NOTES, table(HEADER, rows(record))])


def arguments():
    parser = argparse.ArgumentParser(
        prog="Benchmarks/accuracy", description="Compare every precision, weight format, format of keys and values and "
        "instruction set with the f32 reference, on the demo model and the golden checkpoints.")
    parser.add_argument("--write", action="store_true", help="write the table to RESULTS.md and RESULTS.json")
    parser.add_argument("--quick", action="store_true", help="fewer conversations, no scalar kernels")
    parser.add_argument("--models", metavar="NAMES", help="only these: demo, d1-base, d2-gqa8, d4-allexp")
    parser.add_argument("--out", default=ROOT / "Benchmarks", metavar="FOLDER", help="where the results are")
    parser.add_argument(
        "--outcrop", type=Path, default=os.environ.get("OUTCROP_BINARY", ROOT / ".build" / "release" / "outcrop"),
        metavar="FILE", help="the binary (default: OUTCROP_BINARY, else .build/release/outcrop)")
    return parser.parse_args()


def main():
    options = arguments()
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(options.outcrop, Path(folder) / "data")
        engine.folder.mkdir()
        comparison = Comparison(engine)
        choices = {option: values for option in OPTIONS if (values := engine.choices(option))}
        ways = [dict(zip(choices, values)) for values in itertools.product(*choices.values())]
        ways = [way for way in ways if engine.offers(way)]
        wanted = options.models.split(",") if options.models else None
        entries, absent = [], set()
        print("  ".join(HEADER))
        for model in models(folder, 4 if options.quick else 20):
            if wanted and model.name not in wanted:
                continue
            for instruction_set, way in itertools.product(INSTRUCTION_SETS, ways):
                if instruction_set in absent or (options.quick and instruction_set == "scalar"):
                    continue
                entry = comparison.measure(model, way, instruction_set)
                if entry is None:
                    absent.add(instruction_set)
                    continue
                entries.append(entry)
                print("  ".join(next(rows({"entries": [entry]}))), flush=True)
    version = subprocess.run([options.outcrop, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    record = {
        "date": f"{datetime.date.today():%Y-%m-%d}", "version": version, "machine": machine.describe(),
        "command": command("accuracy", sys.argv[1:]), "reference": REFERENCE, "entries": entries}
    if options.write:
        write_section(options.out, "accuracy", "Accuracy", markdown(record), record)
    return 0
