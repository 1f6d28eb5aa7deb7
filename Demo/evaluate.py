"""Measures the checkpoint folder skill by skill, with transformers, greedy decoding and float32.

    python evaluate.py --model model --count 50 --output evaluation.json

Each skill is measured on phrasings and names that training used and on phrasings and names that it never used. All
figures are shares of replies:

format     the reply is a thought (or none) and a final answer, or a thought (or none) and one call, with right end
effort     the reply begins with a thought exactly when the reasoning effort is medium or high
answer     the final answer is exactly the expected text; for calls: function and arguments are the expected ones
exact      the whole reply, thought included, is exactly the expected text
"""

import argparse
import json
import random
import re
from pathlib import Path

import torch
from tokenizers import Tokenizer

from corpus.mixture import QUESTIONS, Sampler
from corpus.tools import FAMILIES
from export import load_checkpoint, write_json
from train import encode_parts

HERE = Path(__file__).parent
THOUGHT = r"(?:<\|channel\|>analysis<\|message\|>(?P<thought>[^<]*)<\|end\|><\|start\|>assistant)?"
FINAL = re.compile(THOUGHT + r"<\|channel\|>final<\|message\|>(?P<answer>[^<]*)<\|return\|>")
CALL = re.compile(
    THOUGHT + r"<\|channel\|>commentary to=functions\.(?P<name>\w+) <\|constrain\|>json"
    r"<\|message\|>(?P<arguments>[^<]*)<\|call\|>")


class Chat:
    """Greedy continuations of prompts."""

    def __init__(self, folder: Path):
        self.model = load_checkpoint(folder)
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        stops = ("<|return|>", "<|call|>", "<|endoftext|>")
        self.stops = {self.tokenizer.token_to_id(text) for text in stops}
        self.padding = self.tokenizer.token_to_id("<|endoftext|>")

    def ids(self, parts) -> list[int]:
        return encode_parts(self.tokenizer, parts)[0]

    def text(self, ids: list[int]) -> str:
        return self.tokenizer.decode(ids, skip_special_tokens=False)

    @torch.inference_mode()
    def continuations(self, prompts: list[list[int]], longest: int = 120) -> list[list[int]]:
        """All prompts at once, padded on the left."""
        width = max(len(prompt) for prompt in prompts)
        tokens = torch.tensor([[self.padding] * (width - len(prompt)) + prompt for prompt in prompts])
        mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        position = (mask.cumsum(1) - 1).clamp_min(0)
        results, cache = [[] for _ in prompts], None
        for _ in range(longest):
            output = self.model(input_ids=tokens, attention_mask=mask, position_ids=position, past_key_values=cache,
                                use_cache=True, logits_to_keep=1)
            cache = output.past_key_values
            chosen = output.logits[:, -1].argmax(-1)
            for result, token in zip(results, chosen.tolist()):
                if not result or result[-1] not in self.stops:
                    result.append(token)
            if all(result[-1] in self.stops for result in results):
                break
            tokens = chosen[:, None]
            mask = torch.cat([mask, mask.new_ones(len(prompts), 1)], dim=1)
            position = position[:, -1:] + 1
        return results


def judge(expected: str, actual: str, effort: str) -> dict[str, bool]:
    """Compares two replies, as texts."""
    form = CALL if "<|call|>" in expected else FINAL
    wanted, got = form.fullmatch(expected), form.fullmatch(actual)
    valid = got or FINAL.fullmatch(actual) or CALL.fullmatch(actual)
    answer = False
    if got and form is FINAL:
        answer = got["answer"] == wanted["answer"]
    elif got:
        try:
            answer = got["name"] == wanted["name"] and json.loads(got["arguments"]) == json.loads(wanted["arguments"])
        except ValueError:
            answer = False
    return {"format": bool(valid), "effort": bool(valid) and (valid["thought"] is not None) == (effort != "low"),
            "answer": answer, "exact": actual == expected}


def skills() -> dict[str, tuple]:
    """Name of the skill -> (kind of conversation, question, tool family)."""
    table = {question: ("single", question, None) for question in QUESTIONS}
    for family in FAMILIES:
        table[f"call: {family}"] = ("tool", None, family)
    table["answer from a result: weather"] = ("tool_result", None, "weather")
    table["answer from a result: any function"] = ("tool_result", None, None)
    table["no function fits"] = ("no_tool", None, None)
    table["last of several turns"] = ("chat", None, None)
    table["user's name, some turns later"] = ("name", None, None)
    table["user's home, some turns later"] = ("home", None, None)
    table["assistant's name from instructions"] = ("assistant_name", None, None)
    table["JSON by a schema"] = ("structured", None, None)
    return table


def measure(chat: Chat, held_out: bool, kind, question, family, count: int, seed: int, mistakes: int) -> dict:
    sampler = Sampler(random.Random(seed), held_out)
    transcripts = [sampler.sample(kind, question, family) for _ in range(count)]
    prompts = [chat.ids(transcript.parts[:transcript.prompt_parts]) for transcript in transcripts]
    totals, wrong = dict.fromkeys(("format", "effort", "answer", "exact"), 0), []
    for start in range(0, count, 25):
        replies = chat.continuations(prompts[start:start + 25])
        for transcript, reply in zip(transcripts[start:], replies):
            expected, actual = transcript.expected(), chat.text(reply)
            verdict = judge(expected, actual, transcript.effort)
            for key, value in verdict.items():
                totals[key] += value
            if not verdict["answer"] and len(wrong) < mistakes:
                user = transcript.prompt().rsplit("<|start|>user<|message|>", 1)[-1].split("<|end|>")[0]
                wrong.append({"user": user, "expected": expected, "actual": actual})
    return {**{key: round(value / count, 3) for key, value in totals.items()}, "mistakes": wrong}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=HERE / "model")
    parser.add_argument("--output", type=Path, default=HERE / "evaluation.json")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--mistakes", type=int, default=2, help="how many wrong replies to keep per skill")
    options = parser.parse_args()
    torch.set_num_threads(1)
    chat = Chat(options.model)
    report = {"conversations_per_skill": options.count, "seed": options.seed, "skills": {}}
    for name, (kind, question, family) in skills().items():
        entry = {}
        for split in ("training", "held_out"):
            entry[split] = measure(chat, split == "held_out", kind, question, family, options.count, options.seed,
                                   options.mistakes)
        report["skills"][name] = entry
        line = "  ".join(
            f"{split} {figures['answer']:.2f} (exact {figures['exact']:.2f}, format {figures['format']:.2f},"
            f" effort {figures['effort']:.2f})" for split, figures in entry.items())
        print(f"{name:36} {line}", flush=True)
    for split in ("training", "held_out"):
        for key in ("format", "effort", "answer", "exact"):
            values = [entry[split][key] for entry in report["skills"].values()]
            report.setdefault("mean", {}).setdefault(split, {})[key] = round(sum(values) / len(values), 3)
    print(json.dumps(report["mean"]))
    write_json(options.output, report)


if __name__ == "__main__":
    main()
