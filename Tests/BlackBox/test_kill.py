"""A handful of the trials of Scripts/soak-kill, whose longer run the README quotes."""

import subprocess
import sys

from outcrop import ROOT


def test_nothing_that_was_acknowledged_is_lost_by_a_kill():
    done = subprocess.run(
        [sys.executable, ROOT / "Scripts" / "soak-kill", "6", "1"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no acknowledged object lost" in done.stdout
