"""Runs the outcrop command line tool and its server for the tests."""

import json
import os
import select
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path

import numpy
import requests

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "Tests" / "Fixtures"
DEMO_MODEL = ROOT / "Demo" / "model"
BINARY = os.environ.get("OUTCROP_BINARY", str(ROOT / ".build" / "release" / "outcrop"))


class Outcrop:
    """The command line tool with a data folder of its own."""

    def __init__(self, data):
        self.data = Path(data)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("OUTCROP_")}
        self.environment.update(OUTCROP_DATA=str(self.data), NO_COLOR="1")

    def start(self, *arguments, **options):
        """A running command with pipes."""
        options.setdefault("stdin", subprocess.PIPE)
        return subprocess.Popen(
            [BINARY, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=self.environment | options.pop("environment", {}), **options)

    def run(self, *arguments, input=b"", timeout=120, status=0, environment=None):
        """Runs a command to its end and checks its exit status; None accepts any but a crash."""
        data = input.encode() if isinstance(input, str) else input
        done = subprocess.run(
            [BINARY, *map(str, arguments)], input=data, capture_output=True, timeout=timeout,
            env=self.environment | (environment or {}))
        shown = f"outcrop {' '.join(map(str, arguments))}: {done.returncode}\n{done.stderr.decode(errors='replace')}"
        assert done.returncode >= 0, "killed by a signal: " + shown
        if status is not None:
            assert done.returncode == status, shown + done.stdout.decode(errors="replace")
        return done

    def json(self, *arguments, **options):
        """What a command prints, as JSON."""
        return json.loads(self.run(*arguments, **options).stdout)

    def lines(self, *arguments, input, **options):
        """Sends values as JSON lines and returns the JSON lines that come back."""
        text = "".join(json.dumps(value) + "\n" for value in input)
        return [json.loads(line) for line in self.run(*arguments, input=text, **options).stdout.splitlines()]

    def serve(self, *arguments, **options):
        """A server, once it answers; on a free port unless one is given."""
        return Server(self, *arguments, **options)

    def create_key(self, name, policy=None):
        """A key that may do what a policy of IAM's allows; everything if there is none. The secrets are in it."""
        arguments = ["keys", "create", name, "--json"]
        if policy is not None:
            path = self.data / f"{name}-policy.json"
            path.write_text(json.dumps(policy))
            arguments += ["--policy", path]
        return self.json(*arguments)

    def files(self, folder):
        """All files below a folder of the data folder, as paths relative to it."""
        root = self.data / folder
        return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


class Server:
    """`outcrop serve`; a context manager that ends it."""

    def __init__(self, outcrop, *arguments, environment=None, timeout=60, port=None):
        self.outcrop = outcrop
        self.port = port or free_port()
        self.certificate = str(outcrop.data / "tls" / "certificate.pem") if "--tls" in arguments else None
        self.url = f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}"
        self.log = open(outcrop.data / f"server-{self.port}.log", "w+b")
        self.process = subprocess.Popen(
            [BINARY, "serve", "--port", str(self.port), *map(str, arguments)], stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log, env=outcrop.environment | (environment or {}))
        deadline = time.monotonic() + timeout
        while True:
            assert self.process.poll() is None, f"the server ended with {self.process.returncode}: {self.output()}"
            assert time.monotonic() < deadline, f"the server does not answer: {self.output()}"
            try:
                if self.get("/health", timeout=5).status_code == 200:
                    break
            except (requests.ConnectionError, OSError):
                pass  # It does not listen yet, or has not made its certificate yet.
            time.sleep(0.05)

    def get(self, path, timeout=10, **options):
        """An answer over plain HTTP, or over HTTPS with the server's own certificate."""
        return requests.get(self.url + path, timeout=timeout, verify=self.certificate or True, **options)

    def resident_bytes(self, peak=False):
        """Memory that is the process' own now, or was at most since `reset_peak`: mapped files are left out."""
        fields = dict(line.split(":", 1) for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines())
        if peak:
            return int(fields["VmHWM"].split()[0]) << 10
        return int(fields["RssAnon"].split()[0]) << 10

    def reset_peak(self):
        """Begins to measure the most memory anew."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def output(self):
        """What the server wrote so far."""
        self.log.flush()
        return Path(self.log.name).read_text(errors="replace")

    def metric(self, name):
        """The sum of a metric's samples; None if it is not there."""
        samples = [
            float(line.rsplit(" ", 1)[1]) for line in self.get("/metrics").text.splitlines()
            if line.split("{")[0].split(" ")[0] == name]
        return sum(samples) if samples else None

    def stop(self, signal_number=signal.SIGTERM, timeout=40):
        """Signals the server and returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"the server did not end: {self.output()}")

    def kill(self):
        """Ends the server at once, with no chance to tidy up."""
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()
        self.log.close()


def free_port():
    """A port of this machine that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def read_until(process, text, timeout=30, stream=None):
    """Reads a process' output until it holds `text`; returns what was read."""
    stream = stream or process.stdout
    data = b""
    deadline = time.monotonic() + timeout
    while text.encode() not in data:
        ready, _, _ = select.select([stream], [], [], max(0, deadline - time.monotonic()))
        assert ready, f"no {text!r} within {timeout} s in {data!r}"
        piece = os.read(stream.fileno(), 65536)
        assert piece, f"ended without {text!r}: {data!r}"
        data += piece
    return data.decode(errors="replace")


def read_safetensors(path):
    """The tensors of a safetensors file (bf16 stays as raw 16-bit numbers)."""
    data = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    types = {"F32": "<f4", "F16": "<f2", "I32": "<i4", "I64": "<i8", "U8": "u1", "BF16": "<u2"}
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            tensors[name] = numpy.frombuffer(
                data[8 + length + begin : 8 + length + end], types[entry["dtype"]]).reshape(entry["shape"])
    return tensors


def read_header(path):
    """A safetensors file's header and where its data begins."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        return json.loads(file.read(length)), 8 + length


def write_with_header(path, header, data):
    """A safetensors file of a header (a value, or raw bytes) and the bytes that follow it."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


def wait_until(condition, timeout=20, message="it did not happen"):
    """Waits until a condition holds."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, message
        time.sleep(0.05)
