"""Outcrop itself, through its server."""

import subprocess

from .. import process
from ..client import CompletionClient
from .engine import ServerEngine


class OutcropPeer:
    """`outcrop serve`, asked as any client would ask it."""

    dense_bits = 8.5
    # Memory that it takes, as a share of the checkpoint.
    resident_share = 1

    def __init__(self, name, weights, options=()):
        self.name, self.weights, self.options = name, weights, options

    def prepare(self, work):
        self.model = work.weights.artifact()

    def start(self, work, log):
        port = process.free_port()
        running = process.start(
            [work.outcrop, "serve", "--data", work.weights.library, "--model", self.model, "--port", port,
             "--threads", work.threads, "--max-model-len", work.context, "--log-level", "warning", *self.options,
             *work.outcrop_options],
            log)
        try:
            process.wait_for_server(running, port, log)
        except BaseException:
            process.stop(running)
            raise
        version = subprocess.run([work.outcrop, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        return ServerEngine(running, CompletionClient(port, self.model), version)
