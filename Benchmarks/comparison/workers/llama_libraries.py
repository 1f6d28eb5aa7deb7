"""The C interfaces of llama.cpp and its fork, through the bindings of whichever package is installed, under the same few names.

Each class loads a model and opens a context with keys and values for `sequences` conversations of `context` tokens each.
"""

import ctypes
import importlib.metadata
import os

# Both programs' defaults: tokens of a batch at most, and of the part that is computed at once.
BATCH, PART = 2048, 512


class _Library:
    """What the bindings have in common: both are made with ctypes."""

    def __init__(self, package, api):
        self.package, self.api = package, api
        self.context = None
        api.llama_backend_init()

    @property
    def version(self):
        return f"{self.package} {importlib.metadata.version(self.package)}"

    def load(self, path):
        parameters = self.api.llama_model_default_params()
        self.adjust_model(parameters)
        self.model = self.api.llama_model_load_from_file(os.fsencode(path), parameters)
        if not self.model:
            raise RuntimeError(f"{self.package} cannot load {path}")

    def open(self, context, sequences, shares, threads):
        if self.context:
            self.api.llama_free(self.context)
        parameters = self.api.llama_context_default_params()
        parameters.n_ctx = context * sequences
        parameters.n_batch, parameters.n_ubatch, parameters.n_seq_max = BATCH, PART, sequences
        parameters.n_threads = parameters.n_threads_batch = threads
        self.adjust_context(parameters, shares)
        self.context = self.api.llama_init_from_model(self.model, parameters)
        if not self.context:
            raise RuntimeError("no context: not enough memory?")
        self.batch = self.api.llama_batch_init(BATCH, 0, 1)

    def decode(self, entries):
        """Computes a batch of (token, position, sequence, whether its logits are wanted)."""
        batch = self.batch
        batch.n_tokens = len(entries)
        for index, (token, position, sequence, wanted) in enumerate(entries):
            batch.token[index], batch.pos[index], batch.logits[index] = token, position, wanted
            batch.n_seq_id[index], batch.seq_id[index][0] = 1, sequence
        if self.api.llama_decode(self.context, batch) != 0:
            raise RuntimeError("llama_decode failed: no room for keys and values?")

    def logits(self, index, count):
        """The logits of the batch's entry of this index; reading them waits until they are computed."""
        return self.api.llama_get_logits_ith(self.context, index)[:count]


class Mainline(_Library):
    """llama.cpp by the package llama-cpp-python."""

    def __init__(self):
        import llama_cpp.llama_cpp as api

        super().__init__("llama-cpp-python", api)

    def adjust_model(self, parameters):
        parameters.n_gpu_layers = 0

    def adjust_context(self, parameters, shares):
        parameters.kv_unified = shares

    @property
    def _memory(self):
        return self.api.llama_get_memory(self.context)

    def remove(self, sequence, start):
        return self.api.llama_memory_seq_rm(self._memory, sequence, start, -1)

    def copy(self, source, target, end):
        self.api.llama_memory_seq_cp(self._memory, source, target, 0, end)


class Fork(_Library):
    """ik_llama.cpp by the package ik-llama-cpp-python."""

    def __init__(self):
        import ik_llama_cpp._ctypes_api as api

        super().__init__("ik-llama-cpp-python", api)
        library = api._lib
        self._remove, self._copy = library.llama_kv_cache_seq_rm, library.llama_kv_cache_seq_cp
        self._remove.argtypes = [ctypes.c_void_p, ctypes.c_int32, ctypes.c_int32, ctypes.c_int32]
        self._remove.restype = ctypes.c_bool
        self._copy.argtypes = [ctypes.c_void_p, *[ctypes.c_int32] * 4]
        self._copy.restype = None

    def adjust_model(self, parameters):
        # Its fastest setting (-rtr): matrices are laid out for the kernels at load.
        parameters.repack_tensors = True
        parameters.use_mmap = False

    def adjust_context(self, parameters, shares):
        parameters.flash_attn = True

    def remove(self, sequence, start):
        return self._remove(self.context, sequence, start, -1)

    def copy(self, source, target, end):
        self._copy(self.context, source, target, 0, end)


LIBRARIES = {"llama_cpp": Mainline, "ik_llama_cpp": Fork}
