"""Generates with transformers over JSON lines. Usage: transformers_worker.py CHECKPOINT THREADS."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from lines import serve  # noqa: E402

import torch  # noqa: E402
import transformers  # noqa: E402

PREFILL_CHUNK = 512


class Engine:
    """A model in bf16; conversations of one call are computed together, so their prompts must be of one length."""

    def __init__(self, folder, threads):
        torch.set_num_threads(threads)
        self.model = transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.bfloat16, quantization_config=transformers.Mxfp4Config(dequantize=True)).eval()
        self.kept, self.cache = [], None

    def open(self, shares):
        self.shares, self.kept, self.cache = shares, [], None

    @torch.inference_mode()
    def run(self, requests, background):
        prompts = [prompt for prompt, _ in requests]
        if background or len({len(prompt) for prompt in prompts}) > 1 or (self.shares and len(prompts) > 1):
            raise RuntimeError("transformers has no scheduler: no requests that come and go, no shared beginnings")
        start = time.monotonic()
        done = self._resume(prompts)
        tokens = torch.tensor(prompts)
        for begin in range(done, tokens.shape[1], PREFILL_CHUNK):
            logits = self._forward(tokens[:, begin : begin + PREFILL_CHUNK])
        times, outputs = [], []
        for step in range(requests[0][1]):
            chosen = torch.multinomial(torch.softmax(logits.float(), -1), 1)
            times.append(time.monotonic())
            outputs.append(chosen)
            if step + 1 < requests[0][1]:
                logits = self._forward(chosen)
        output = torch.cat(outputs, 1).tolist()
        # The last token's keys and values are not there yet.
        self.kept = prompts[0] + output[0][:-1] if self.shares else []
        return [{"start": start, "times": times, "output": ids} for ids in output]

    def _resume(self, prompts):
        count = len(self.kept)
        if self.shares and count and prompts[0][:count] == self.kept:
            return count
        self.cache = transformers.DynamicCache(config=self.model.config)
        return 0

    def _forward(self, tokens):
        return self.model(tokens, past_key_values=self.cache, use_cache=True, logits_to_keep=1).logits[:, -1]


def main():
    engine = Engine(sys.argv[1], int(sys.argv[2]))
    serve(f"transformers {transformers.__version__}, torch {torch.__version__}", {
        "open": lambda message: engine.open(message["shares"]),
        "run": lambda message: engine.run(message["requests"], message["background"]),
    })


if __name__ == "__main__":
    main()
