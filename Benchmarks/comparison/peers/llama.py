"""llama.cpp and its fork, as libraries."""

from pathlib import Path

from .engine import WorkerEngine

WORKER = Path(__file__).parents[1] / "workers" / "llama.py"

# On a quiet machine of two cores it takes a quarter of that.
COMPILING_MINUTES = 60


class LlamaPeer:
    """A library of llama.cpp in an environment of its own, fed from a GGUF file."""

    dense_bits = 8.5
    # Memory that it takes, as a share of the checkpoint.
    resident_share = 1.5

    def __init__(self, name, module, packages, weights, environment):
        self.name, self.module, self.packages, self.weights = name, module, packages, weights
        self.environment = environment

    def prepare(self, work):
        self.interpreter = work.environments.python(self.name, self.packages, self.environment, COMPILING_MINUTES)
        self.file = work.weights.gguf()

    def start(self, work, log):
        return WorkerEngine([self.interpreter, WORKER, self.module, self.file, work.threads], log)
