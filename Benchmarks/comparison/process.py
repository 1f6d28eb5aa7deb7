"""Processes: free ports, waiting for a server, memory."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path


def free_port():
    """A port of this machine that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start(command, log, environment=None, **pipes):
    """A process in a group of its own; what it says goes to the log unless there is a pipe for it."""
    with open(log, "ab") as file:
        streams = {"stdin": subprocess.DEVNULL, "stdout": file, "stderr": file} | pipes
        return subprocess.Popen(
            [str(part) for part in command], env=os.environ | (environment or {}), start_new_session=True, **streams)


def wait_for_server(process, port, log, path="/health", timeout=900):
    """Returns when a server answers 200."""
    deadline = time.monotonic() + timeout
    while True:
        if process.poll() is not None:
            raise RuntimeError(f"it ended with {process.returncode}: {tail(log)}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10):
                return
        except (urllib.error.URLError, OSError):
            pass  # It does not listen yet.
        if time.monotonic() > deadline:
            raise RuntimeError(f"it does not answer within {timeout} s: {tail(log)}")
        time.sleep(0.02)


def stop(process, timeout=30):
    """Ends a process with all its children."""
    if process.poll() is None:
        _signal(process, signal.SIGTERM)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            pass
    _signal(process, signal.SIGKILL)
    process.wait()


def _signal(process, number):
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass  # The whole group has ended.


def peak_bytes(process):
    """The most resident memory of a process and its children, each at its own worst moment."""
    return sum(_peak(identifier) for identifier in _tree(process.pid))


def _peak(identifier):
    try:
        status = Path(f"/proc/{identifier}/status").read_text()
    except OSError:
        return 0
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) << 10 if lines else 0


def _tree(identifier):
    try:
        children = Path(f"/proc/{identifier}/task/{identifier}/children").read_text().split()
    except OSError:
        children = []
    return [identifier] + [one for child in children for one in _tree(int(child))]


def tail(log, lines=6):
    """The end of a log in one line."""
    text = Path(log).read_text(errors="replace").strip().splitlines()
    return " | ".join(line.strip() for line in text[-lines:])[-800:]
