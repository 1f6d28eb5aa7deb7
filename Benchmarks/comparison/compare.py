"""The command line of Benchmarks/compare."""

import argparse
import datetime
import os
import secrets
import shlex
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from . import machine, report, results, scenarios
from .environments import Environments, Unavailable
from .peers import PEERS
from .shapes import SHAPES
from .timeline import Request, random_tokens
from .weights import Weights

ROOT = Path(__file__).resolve().parents[2]

EXAMPLES = """
examples:
  Benchmarks/compare --shape 4-layer
  Benchmarks/compare --shape gpt-oss-20b --peers outcrop,llama.cpp,ik_llama.cpp --repeat 3
  Benchmarks/compare --shape gpt-oss-20b --peers outcrop,llama.cpp --quick
  Benchmarks/compare --shape 4-layer --only pp512,tg64 --repeat 5

Engines take turns: at every figure where memory holds them all, else one after the other, in turned order. Peers are
installed from PyPI into virtual environments; compiled ones (llama.cpp, ik_llama.cpp) take some 20 minutes on two processors
the first time and need cc and c++. Weights are random, of one seed for all engines. The 20b shape wants 38 GB of disk the
first time, 24 GB afterwards, and a quiet machine with 20 GiB of free memory. Ctrl-C ends the comparison and writes what there
is.
"""


@dataclass
class Work:
    """What peers need to know."""

    outcrop: Path
    outcrop_options: list
    weights: Weights
    environments: Environments
    threads: int
    # Tokens of the longest conversation.
    context: int
    logs: Path


def arguments():
    parser = argparse.ArgumentParser(
        prog="Benchmarks/compare", formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EXAMPLES,
        description="Measure Outcrop and its peers in alternation on this machine, and write Benchmarks/RESULTS.md.")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "outcrop-benchmarks"
    parser.add_argument("--shape", choices=SHAPES, default="4-layer", help="the model's shape (default: %(default)s)")
    parser.add_argument(
        "--peers", default="all", help="a list of " + ", ".join(PEERS) + "; the first is what others are compared with "
        "(default: all)")
    parser.add_argument(
        "--only", default="", metavar="FIGURES",
        help="measure only these (and load and memory), such as pp512,tg64,agg8, into a section of their own")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="repetitions (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter scenarios: under 25 minutes for gpt-oss-20b")
    parser.add_argument(
        "--limit", type=float, metavar="SECONDS", help="leave out a scenario that would take an engine longer, by the rates "
        "measured before (default: 900, with --quick 150)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of each engine (default: %(default)s)")
    parser.add_argument("--data", default=cache, metavar="FOLDER", help="weights (default: %(default)s)")
    parser.add_argument("--venv", default=ROOT / ".venv-bench", metavar="FOLDER", help="virtual environments")
    parser.add_argument("--no-install", action="store_true", help="use only peers that are installed")
    parser.add_argument("--discard", action="store_true", help="remove the weights afterwards")
    parser.add_argument("--out", default=ROOT / "Benchmarks", metavar="FOLDER", help="where RESULTS.md and RESULTS.json are")
    parser.add_argument(
        "--outcrop", type=Path, default=os.environ.get("OUTCROP_BINARY", ROOT / ".build" / "release" / "outcrop"),
        metavar="FILE", help="the binary (default: OUTCROP_BINARY, else .build/release/outcrop)")
    parser.add_argument("--outcrop-options", default="", metavar="OPTIONS", help="more options for outcrop serve")
    parser.add_argument("--list", action="store_true", help="say what would be measured, and end")
    return parser.parse_args()


def say(text):
    print(f"{datetime.datetime.now():%H:%M:%S}  {text}", file=sys.stderr, flush=True)


class Comparison:
    """One run of the command."""

    def __init__(self, options):
        self.options = options
        self.shape = SHAPES[options.shape]
        self.wanted = [name for name in options.only.split(",") if name]
        self.scenarios = self._chosen_scenarios()
        self.figures = [scenarios.LOAD, *(f for one in self.scenarios for f in one.figures), scenarios.MEMORY]
        self.results = results.Results(self.figures)
        self.limit = options.limit or (150 if options.quick else 900)
        environments = Environments(options.venv, not options.no_install, say)
        weights = Weights(self.shape, options.data, options.outcrop, environments, say)
        logs = Path(options.data) / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        # Room for the start of the process' own request, too.
        context = max([scenario.context for scenario in self.scenarios] + [256]) + 64
        self.work = Work(
            options.outcrop, shlex.split(options.outcrop_options), weights, environments, options.threads, context, logs)
        self.peers = {}
        self.unavailable = {}
        self.versions = {}
        self.done = 0
        # Other tokens in every run: engines may remember prompts across restarts.
        self.seed = secrets.token_hex(4)
        self.interrupted = False

    def _chosen_scenarios(self):
        if self.options.quick:
            offered = scenarios.smallest() if self.shape.name == "tiny" else scenarios.quick()
        else:
            offered = scenarios.everything()
        known = [name for scenario in offered for name in scenario.names]
        for name in self.wanted:
            if name not in known:
                raise SystemExit(f"--only {name}: not among {', '.join(known)} (load and memory are measured always)")
        return [one for one in offered if not self.wanted or set(self.wanted) & set(one.names)]

    def prepare(self):
        names = list(PEERS) if self.options.peers == "all" else self.options.peers.split(",")
        for name in names:
            if name not in PEERS:
                raise SystemExit(f"--peers {name}: not among {', '.join(PEERS)}")
        self.asked = names
        for name in names:
            try:
                PEERS[name].prepare(self.work)
                self.peers[name] = PEERS[name]
            except Unavailable as reason:
                self._leave_out(name, str(reason))
        if not self.peers:
            raise SystemExit("no engine can be measured")
        if self.work.weights.has_written_checkpoint and not {"vllm", "transformers"} & set(self.peers):
            self.work.weights.forget_checkpoint()

    def _leave_out(self, name, reason):
        self.unavailable[name] = reason
        self.peers.pop(name, None)
        say(f"{name}: left out: {reason}")

    def measure(self):
        self.busy = machine.busy_fraction()
        self.limits = []
        self._measure_limits()
        for repetition in range(self.options.repeat):
            order = list(self.peers)
            turn = repetition % len(order)
            for together in self._rounds(order[turn:] + order[:turn]):
                say(f"repetition {repetition + 1} of {self.options.repeat}: {', '.join(together)}")
                self._measure_peers(together, repetition)
            self.done = repetition + 1
            if not self.peers:
                break

    def _measure_limits(self):
        """What a machine gives wavers with what its neighbours take: measured between any two figures."""
        self.limits.append(machine.limits(self.options.outcrop, self.options.data, self.options.threads))

    def _rounds(self, names):
        """All engines at once where memory allows, so that they take turns at every scenario; else one after the other."""
        need = sum(PEERS[name].resident_share for name in names) * self.shape.stored_bytes(16)
        return [names] if need < machine.available_memory() * 3 / 4 else [[name] for name in names]

    def _measure_peers(self, names, repetition):
        engines = {}
        try:
            for name in names:
                self._guard(name, engines, lambda name=name: engines.update({name: self._start(PEERS[name], repetition)}))
            for scenario in self.scenarios:
                for name in list(engines):
                    self._guard(
                        name, engines, lambda name=name: self._measure_scenario(engines[name], name, scenario, repetition))
        finally:
            for name, engine in engines.items():
                self.results.add("memory", name, repetition, engine.peak_bytes() / 2**30)
                engine.stop()

    def _guard(self, name, engines, action):
        """Does something with an engine; one that fails altogether is left out from then on."""
        try:
            action()
        except RuntimeError as error:
            self._leave_out(name, str(error))
            if name in engines:
                engines.pop(name).stop()

    def _start(self, peer, repetition):
        begin = time.monotonic()
        engine = peer.start(self.work, self.work.logs / f"{peer.name}.log")
        self.versions[peer.name] = engine.version
        try:
            engine.prepare(scenarios.prefill(scenarios.SHORT_PROMPT))
            engine.run([Request(random_tokens(scenarios.SHORT_PROMPT, self.seed, repetition, "first"), 1)])
            seconds = time.monotonic() - begin
            self._measure_limits()
        except BaseException:
            engine.stop()
            raise
        self.results.add("load", peer.name, repetition, seconds)
        return engine

    def _measure_scenario(self, engine, peer, scenario, repetition):
        foreseen = self._foreseen(peer, scenario)
        # What one repetition has measured, all do.
        if foreseen > self.limit and not self.results.summary(scenario.names[0], peer):
            for name in scenario.names:
                self.results.note(name, peer, f"would take {foreseen:.0f} s, more than --limit {self.limit:.0f}")
            return
        try:
            engine.prepare(scenario)
            values = scenario.measure(engine, f"{self.seed}-{repetition}")
        except RuntimeError as error:
            for name in scenario.names:
                self.results.note(name, peer, str(error))
            if engine.process.poll() is not None:
                raise
            return
        self._measure_limits()
        before, after = self.limits[-2:]
        limits = {name: (before[name] + after[name]) / 2 for name in machine.LIMITS}
        for figure, value in zip(scenario.figures, values):
            self.results.add(figure.name, peer, repetition, value)
            if figure.share:
                share = figure.share(value, self.shape, PEERS[peer].dense_bits, limits)
                self.results.add_share(figure.name, peer, repetition, share)
            say(f"  {figure.name:14} {results.shown(value):>8} {figure.unit:6} {peer}")

    def _foreseen(self, peer, scenario):
        """Seconds that a scenario will take by the slowest rates so far; 0 while nothing is known."""
        def rates(prefix):
            found = [
                min(values.values()) for (figure, name), values in self.results.values.items()
                if name == peer and figure.startswith(prefix) and "@" not in figure]
            return min(found, default=None)
        prefill, decode = rates("pp"), rates("tg")
        # A step of many conversations costs more than one of one, but never more than all of them apart.
        steps = scenario.steps * min(scenario.conversations, self.shape.experts / self.shape.experts_per_token / 2 + 1)
        return (scenario.prompt_tokens / prefill if prefill else 0) + (steps / decode if decode else 0)

    def record(self):
        names = [name for name in self.asked if name in self.peers]
        rows = self.results.json(names)
        peers = {name: {"weights": PEERS[name].weights, "version": self.versions.get(name)} for name in names}
        peers |= {name: {"unavailable": reason} for name, reason in self.unavailable.items()}
        return {
            "date": f"{datetime.date.today():%Y-%m-%d}", "shape": self.shape.name,
            "command": results.command("compare", sys.argv[1:]), "threads": self.options.threads,
            "repetitions": self.options.repeat, "repetitions_done": self.done, "interrupted": self.interrupted,
            "busy_before": self.busy, "machine": machine.describe(), "peers": peers, "figures": rows,
            "limits": {name: results.spread([limits[name] for limits in self.limits]) for name in machine.LIMITS},
            "instruction_set": self.limits[-1]["instruction_set"]}


def main():
    options = arguments()
    comparison = Comparison(options)
    if options.list:
        for figure in comparison.figures:
            print(f"{figure.name:14} {figure.unit:6} {figure.meaning}")
        return 0
    if not Path(options.outcrop).exists():
        raise SystemExit(f"{options.outcrop} is not there: swift build -c release --product outcrop, or give --outcrop")
    try:
        comparison.prepare()
    except KeyboardInterrupt:
        return 130
    try:
        comparison.measure()
    except KeyboardInterrupt:
        comparison.interrupted = True
        say("interrupted")
        if not getattr(comparison, "limits", None):
            return 130
    record = comparison.record()
    # A quick round has its own section, and so has a choice of figures: they do not replace a whole one.
    modes = (["quick"] if options.quick else []) + comparison.wanted
    mode = f" ({', '.join(modes)})" if modes else ""
    title = f"{options.shape}: Outcrop and its peers{mode}"
    results.write_section(options.out, f"compare {options.shape}{mode}", title, report.markdown(record), record)
    report.print_table(record)
    say(f"written to {Path(options.out) / 'RESULTS.md'} and RESULTS.json")
    if options.discard:
        comparison.work.weights.discard()
    return 130 if comparison.interrupted else 0
