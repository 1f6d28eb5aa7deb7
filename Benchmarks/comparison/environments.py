"""Virtual environments with the peers' packages."""

import json
import os
import subprocess
import sys
from pathlib import Path

from . import process


class Unavailable(Exception):
    """A peer that cannot be installed or run here, and why."""


class Environments:
    """A folder with one virtual environment per set of packages; what was installed once is used again."""

    def __init__(self, folder, installs, say):
        self.folder = Path(folder).absolute()
        self.installs = installs
        self.say = say

    def python(self, name, packages, environment=None, minutes=20, without=()):
        """The interpreter of an environment that has the packages, but not those `without` which they work.
        Raises Unavailable if they cannot be installed."""
        folder = self.folder / name
        interpreter = folder / "bin" / "python"
        note = folder / "installed.json"
        if interpreter.exists() and note.exists() and json.loads(note.read_text()) == packages:
            return interpreter
        if not self.installs:
            raise Unavailable(f"{', '.join(packages)} not installed (without --no-install it would be)")
        self.say(f"installing {', '.join(packages)} into {folder} (at most {minutes} minutes)")
        log = self.folder / f"{name}.log"
        self.folder.mkdir(parents=True, exist_ok=True)
        if not interpreter.exists():
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        command = [interpreter, "-m", "pip", "install", "--disable-pip-version-check", *packages]
        with open(log, "wb") as file:
            try:
                done = subprocess.run(
                    [str(part) for part in command], stdout=file, stderr=file, timeout=60 * minutes,
                    env=os.environ | (environment or {}))
            except subprocess.TimeoutExpired:
                raise Unavailable(f"{', '.join(packages)} took longer than {minutes} minutes to install") from None
        if done.returncode != 0:
            raise Unavailable(f"{', '.join(packages)} cannot be installed: {process.tail(log, 3)}")
        if without:
            subprocess.run([interpreter, "-m", "pip", "uninstall", "--quiet", "--yes", *without], check=True)
        note.write_text(json.dumps(packages))
        return interpreter


def installed_version(interpreter, package):
    """The version of an installed package."""
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    return subprocess.run([interpreter, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
