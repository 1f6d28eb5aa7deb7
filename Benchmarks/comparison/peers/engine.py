"""What a running engine does for the scenarios."""

import json
import subprocess

from .. import process
from ..timeline import Timeline


class WorkerEngine:
    """An engine in a process of its own that takes commands as JSON lines."""

    def __init__(self, command, log):
        self.log = log
        self.process = process.start(command, log, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.version = self._read()["ready"]

    def prepare(self, scenario):
        """Makes room for a scenario's conversations."""
        self._ask({
            "command": "open", "context": scenario.context, "conversations": scenario.conversations,
            "shares": scenario.shares})

    def run(self, requests, background=0):
        answers = self._ask({
            "command": "run", "background": background,
            "requests": [[request.prompt, request.tokens] for request in requests]})
        return [Timeline(**answer) for answer in answers]

    def peak_bytes(self):
        return process.peak_bytes(self.process)

    def stop(self):
        process.stop(self.process)

    def _ask(self, message):
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()
        answer = self._read()
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["result"]

    def _read(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"it ended with {self.process.wait()}: {process.tail(self.log)}")
        return json.loads(line)


class ServerEngine:
    """An engine behind an OpenAI-compatible server."""

    def __init__(self, running, client, version):
        self.process, self.client, self.version = running, client, version

    def prepare(self, scenario):
        """A server makes room by itself."""

    def run(self, requests, background=0):
        return self.client.run(requests, background)

    def peak_bytes(self):
        return process.peak_bytes(self.process)

    def stop(self):
        process.stop(self.process)
