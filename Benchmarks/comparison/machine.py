"""What this machine is, and what it can do at most."""

import json
import os
import platform
import subprocess
from pathlib import Path


def describe():
    """The processor, memory and system, for the results."""
    fields = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    memory = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    flags = fields.get("flags", fields.get("Features", "")).split()
    interesting = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "asimddp", "i8mm", "bf16")
    return {
        "processor": fields.get("model name", platform.processor() or platform.machine()),
        "family": f"family {fields.get('cpu family', '?')}, model {fields.get('model', '?')}",
        "processors": os.cpu_count(),
        "instructions": [flag for flag in interesting if flag in flags],
        "memory_bytes": int(memory.split()[1]) << 10,
        "system": f"{platform.system()} {platform.release()}",
    }


def available_memory():
    """Bytes that processes could have now."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("MemAvailable")).split()[1]) << 10


# Bytes that all processors together read from memory in a second, and operations of the widest multiply-add.
LIMITS = ("read_bandwidth", "matrix_rate")


def limits(outcrop, data, threads):
    """Read bandwidth and matrix rate as Outcrop measures them, in bytes and operations per second."""
    # What it does with a model of this size takes no time; the machine's limits are the same beside any model.
    done = subprocess.run(
        [outcrop, "bench", "--synthetic", "tiny", "--data", data, "--threads", str(threads), "--prompts", "1",
         "--conversations", "1", "--decoded-tokens", "2", "--json"],
        capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"outcrop bench failed: {done.stderr.strip()[-400:]}")
    report = json.loads(done.stdout)
    return {
        "read_bandwidth": report["read_bandwidth_bytes_per_second"], "matrix_rate": report["matrix_flops_per_second"],
        "instruction_set": report["instruction_set"]}


def busy_fraction():
    """How much of the machine others use now: the load of the last minute by processor."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)
