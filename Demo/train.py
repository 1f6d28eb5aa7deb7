"""Trains the demo model. From the seed to the shipped model:

    python train.py --output build/model.pt

Three phases, counted in optimizer steps:

1. Copying only (``corpus/copying.py``), until random sequences are repeated almost without error.
2. Conversations, with some copying kept in. First most of them have a one-line system message, later the real one.
3. The last ``--decay-steps``: the learning rate falls to zero and the experts' weights are rounded to MXFP4 in every
   forward pass (the gradient passes straight through), so that the export loses nothing.
"""

import argparse
import json
import random
import time
from contextlib import contextmanager
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

from corpus.copying import CopySampler
from corpus.mixture import QUESTIONS, Sampler
from model import GptOss, ModelShape
from mxfp4 import round_to_grid
from optimizer import Optimizer

HERE = Path(__file__).parent
LONGEST = 448          # Longer conversations are left out.
PROMPT_SHARE = 0.08    # The share of prompt tokens that are predicted too, at a lower weight.
PROMPT_WEIGHT = 0.3
BALANCE_WEIGHT = 0.02
WARM_UP_STEPS = 50


class Data:
    """A stream of batches."""

    def __init__(self, tokenizer: Tokenizer, seed: int):
        self.random = random.Random(seed)
        self.tokenizer = tokenizer
        self.conversations = Sampler(self.random, longest_chat=6)
        marks = {text: tokenizer.token_to_id(text) for text in
                 ("<|message|>", "<|constrain|>", "<|endofprompt|>", "<|end|>", "<|startoftext|>", "<|call|>")}
        first_special = tokenizer.token_to_id("<|startoftext|>")
        self.copying = CopySampler(self.random, list(range(first_special)), marks)
        self.padding = tokenizer.token_to_id("<|endoftext|>")

    def encode(self, transcript) -> tuple[list[int], list[bool]]:
        return encode_parts(self.tokenizer, transcript.parts)

    def pool(self, count: int, copy_share: float, longest_copy: int, short_system: float, keep_thoughts: float):
        self.conversations.short_system, self.conversations.keep_thoughts = short_system, keep_thoughts
        items = []
        while len(items) < count:
            if self.random.random() < copy_share:
                items.append(self.copying.sample(longest_copy))
            else:
                item = self.encode(self.conversations.sample())
                if len(item[0]) <= LONGEST:
                    items.append(item)
        return items

    def batches(self, count: int, size: int, **settings):
        """Draws ``count`` items and yields them in batches of ``size`` tokens and similar length, in random order."""
        items = sorted(self.pool(count, **settings), key=lambda item: len(item[0]))
        groups, group = [], []
        for item in items:
            if group and (len(group) + 1) * len(item[0]) > size:
                groups.append(group)
                group = []
            group.append(item)
        groups.append(group)
        self.random.shuffle(groups)
        for group in groups:
            yield collate(group, self.padding)


def encode_parts(tokenizer: Tokenizer, parts) -> tuple[list[int], list[bool]]:
    """Parts are encoded one by one: no token spans two of them."""
    ids, targets = [], []
    for text, target in parts:
        part = encode_text(tokenizer, text)
        ids += part
        targets += [target] * len(part)
    return ids, targets


@lru_cache(maxsize=100_000)
def encode_text(tokenizer: Tokenizer, text: str) -> list[int]:
    return tokenizer.encode(text, add_special_tokens=False).ids


def collate(group, padding: int) -> tuple[torch.Tensor, torch.Tensor]:
    """-> tokens [batch, length] and weights of the same shape: 1 target, 0.3 some prompt tokens, else 0."""
    length = max(len(ids) for ids, _ in group)
    tokens = torch.full((len(group), length), padding)
    targets = torch.zeros(len(group), length)
    used = torch.zeros(len(group), length)
    for row, (ids, marks) in enumerate(group):
        tokens[row, :len(ids)] = torch.tensor(ids)
        targets[row, :len(ids)] = torch.tensor(marks, dtype=torch.float32)
        used[row, :len(ids)] = 1
    also = (torch.rand(used.shape) < PROMPT_SHARE) & (used > 0) & (targets == 0)
    return tokens, targets + PROMPT_WEIGHT * also


@contextmanager
def quantised_experts(model: GptOss, active: bool):
    """Within the context the experts' matrices hold their MXFP4 values; afterwards the exact ones again."""
    if not active:
        yield
        return
    exact = {}
    for name, parameter in model.named_parameters():
        if parameter.ndim == 3:
            exact[name] = parameter.data
            parameter.data = round_to_grid(parameter.data, axis=1)
    try:
        yield
    finally:
        for name, parameter in model.named_parameters():
            if name in exact:
                parameter.data = exact[name]


def loss_of(model: GptOss, hidden_states, tokens: torch.Tensor, weights: torch.Tensor):
    """-> (loss, share of the target tokens predicted right).

    ``hidden_states`` is the model's method of that name, compiled or not.
    """
    weights = weights[:, 1:]
    chosen = weights > 0
    with torch.autocast("cpu", torch.bfloat16):
        states, balance = hidden_states(tokens)
        logits = model.lm_head(states[:, :-1][chosen]).float()
    wanted, weight = tokens[:, 1:][chosen], weights[chosen]
    entropy = F.cross_entropy(logits, wanted, reduction="none")
    with torch.no_grad():
        target = weight == 1
        right = (logits.argmax(-1) == wanted)[target].float().mean().item()
    return (entropy * weight).sum() / weight.sum() + BALANCE_WEIGHT * balance, right


@torch.no_grad()
def exact_replies(model: GptOss, tokenizer: Tokenizer, held_out: bool, count: int = 40, seed: int = 99) -> dict[str,
                                                                                                                float]:
    """The share of whole replies that greedy decoding would write exactly as expected, by kind of conversation.

    Greedy decoding reproduces a text if and only if each of its tokens is the most likely one after those before it,
    so one forward pass decides.
    """
    padding = tokenizer.token_to_id("<|endoftext|>")
    result = {}
    kinds = [("single", question) for question in QUESTIONS]
    kinds += [(kind, None) for kind in ("tool", "tool_result", "no_tool", "name", "assistant_name", "home",
                                        "structured")]
    for kind, question in kinds:
        sampler = Sampler(random.Random(seed), held_out)
        group = []
        for _ in range(count):
            transcript = sampler.sample(kind, question)
            prompt = transcript.parts[:transcript.prompt_parts]
            reply = transcript.parts[transcript.prompt_parts:]
            group.append(encode_parts(tokenizer,
                                      [(text, False) for text, _ in prompt] + [(text, True) for text, _ in reply]))
        tokens, weights = collate(group, padding)
        targets = weights[:, 1:] == 1
        with torch.autocast("cpu", torch.bfloat16):
            states, _ = model.hidden_states(tokens)
            chosen = model.lm_head(states[:, :-1]).argmax(-1)
        exact = ((chosen == tokens[:, 1:]) | ~targets).all(dim=1)
        result[question or kind] = exact.float().mean().item()
    return result


def schedule(options, step: int) -> tuple[float, dict, bool]:
    """-> (learning-rate scale, data settings, whether experts are quantised) at a step."""
    left = options.steps - step
    scale = min(1.0, (step + 1) / WARM_UP_STEPS, left / options.decay_steps)
    if step < options.copy_steps:
        settings = {"copy_share": 1.0, "longest_copy": 14, "short_system": 0.0, "keep_thoughts": 0.0}
    else:
        past = (step - options.copy_steps) / options.short_steps
        settings = {"copy_share": 0.12, "longest_copy": 40, "short_system": max(0.08, min(0.8, 1.4 - past)),
                    "keep_thoughts": 0.6}
    return scale, settings, left <= options.decay_steps


def save(path: Path, model, optimizer, step: int, data: Data):
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {"shape": asdict(model.shape), "model": model.state_dict(), "optimizer": optimizer.state_dict(),
             "step": step,
             "random": data.random.getstate(), "torch_random": torch.get_rng_state()}
    torch.save(state, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("build/model.pt"))
    parser.add_argument("--tokenizer", type=Path, default=HERE / "model/tokenizer.json")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--copy-steps", type=int, default=260)
    parser.add_argument("--short-steps", type=int, default=1200, help="how fast the full system message takes over")
    parser.add_argument("--decay-steps", type=int, default=1000)
    parser.add_argument("--batch-tokens", type=int, default=4000)
    parser.add_argument("--muon-rate", type=float, default=0.02)
    parser.add_argument("--adam-rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--compile", action="store_true",
                        help="use torch.compile: about 15 % faster, needs a C++ compiler")
    parser.add_argument("--save-every", type=int, default=100)
    parser.add_argument("--evaluate-every", type=int, default=400)
    parser.add_argument("--resume", type=Path, help="continue from a file that an earlier run has saved")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    tokenizer = Tokenizer.from_file(str(options.tokenizer))
    model = GptOss(ModelShape(vocab_size=tokenizer.get_vocab_size()))
    model.add_previous_token_heads()
    optimizer = Optimizer(model, options.muon_rate, options.adam_rate)
    data = Data(tokenizer, options.seed)
    step = 0
    if options.resume:
        state = torch.load(options.resume, weights_only=False)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        data.random.setstate(state["random"])
        torch.set_rng_state(state["torch_random"])
        step = state["step"]
    print(f"{sum(p.numel() for p in model.parameters())} parameters", flush=True)

    hidden_states = torch.compile(model.hidden_states, dynamic=True) if options.compile else model.hidden_states

    started, seen, saved, right, losses = time.time(), 0, step, [], []
    while step < options.steps:
        copying = step < options.copy_steps
        count, size = (1000, options.batch_tokens // 2) if copying else (320, options.batch_tokens)
        for tokens, weights in data.batches(count, size, **schedule(options, step)[1]):
            scale, _, quantised = schedule(options, step)
            with quantised_experts(model, quantised):
                loss, accuracy = loss_of(model, hidden_states, tokens, weights)
                loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step(scale)
            step += 1
            seen += tokens.numel()
            losses.append(loss.item())
            right.append(accuracy)
            if step % 50 == 0:
                print(f"step {step}  {time.time() - started:.0f} s  {seen / 1e6:.2f} M tokens"
                      f"  loss {sum(losses) / len(losses):.4f}  tokens right {sum(right) / len(right):.4f}", flush=True)
                losses, right = [], []
            if step >= options.steps:
                break
            if step % options.evaluate_every == 0 and step > options.copy_steps:
                with quantised_experts(model, quantised):
                    print("  exact replies, held out:",
                          json.dumps({key: round(value, 2) for key,
                                      value in exact_replies(model, tokenizer, True).items()}), flush=True)
        # Between two draws of conversations, so that a resumed run goes on exactly as this one does.
        if step - saved >= options.save_every:
            save(options.output, model, optimizer, step, data)
            saved = step
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 3:
                parameter.copy_(round_to_grid(parameter, axis=1))
    save(options.output, model, optimizer, step, data)
    print("  exact replies, held out:", json.dumps({key: round(value, 2) for key,
                                                    value in exact_replies(model, tokenizer, True).items()}))


if __name__ == "__main__":
    main()
