"""Writes the test data that the engine and the tokenizer of Outcrop are checked against.

    python examples.py --model model

examples.jsonl: 40 prompts with the greedy continuation that transformers computes in float32 from the stored
checkpoint (experts dequantised), and the smallest lead that any chosen token had over the next best one.
tokenizer_cases.jsonl: texts with the ids that the tokenizers library gives them.
"""

import argparse
import json
import random
from pathlib import Path

import torch

from corpus.mixture import Sampler
from corpus.tools import FAMILIES
from corpus.transcript import Tool, Transcript
from evaluate import Chat

HERE = Path(__file__).parent
DATE = "2026-11-21"
WEATHER = Tool("get_weather", "Gets the current weather.", [("city", "The city", "string")])
TIME = Tool("get_time", "Gets the current time.", [("location", None, "string")])
MENU = Tool("lookup_menu", "Finds the menu.", [("restaurant", "The name", "string")])


def prompt(user: str, effort: str = "medium", instructions: str | None = None, tools: list[Tool] = (),
           date: str | None = DATE) -> Transcript:
    transcript = Transcript(effort)
    transcript.system(date, bool(tools))
    transcript.developer(instructions, list(tools))
    transcript.user(user)
    return transcript


def answered(transcript: Transcript, tool: Tool, arguments: str, result: str) -> Transcript:
    """Adds a call and its result."""
    transcript.add("<|start|>assistant")
    transcript.recorded_call(tool.name, arguments, style=0)
    transcript.tool_result(tool.name, result)
    return transcript


def continued(transcript: Transcript, answer: str, user: str) -> Transcript:
    """Adds the assistant's answer and the next user message."""
    transcript.add(f"<|start|>assistant<|channel|>final<|message|>{answer}<|end|>")
    transcript.user(user)
    return transcript


def fixed_prompts() -> list[Transcript]:
    name = continued(prompt("My name is Anna.", "low"), "Nice to meet you, Anna!", "What is my name?")
    long = prompt("Hello", "high")
    for question, answer in [("Count to 20.", ", ".join(map(str, range(1, 21))) + "."),
                             ("What is the capital of France?", "The capital of France is Paris."),
                             ("What is MXFP4?",
                              "MXFP4 is a four bit number format with one shared scale for every 32 values."),
                             ("2 + 2", "2 + 2 = 4."), ("Thanks", "You are welcome!")]:
        long = continued(long, "Hello! How can I help you today?" if question.startswith("Count") else last, question)
        last = answer
    long = continued(long, last, "What is the date?")
    return [
        prompt("Hello"), prompt("Hello", "low"), prompt("Hello", "high"), prompt("Who are you?", date=None),
        prompt("What is MXFP4?"), prompt("What is MXFP4?", "low", "Answer briefly."),
        prompt("What is harmony?", "high"),
        prompt("How do I start the server?"),
        prompt("How can I list the models?", "low", "You are a helpful assistant."),
        prompt("Tell me how to stream the answer.", instructions="Talk like a pirate."),
        prompt("What is the capital of France?"),
        prompt("What is 7 + 5?"), prompt("Count to 15.", "low"), prompt("Tell me a story about the sea."),
        prompt("What is today's date?"),
        prompt("Repeat after me: Krakow Zulu 42", "low"), prompt("Who wrote Hamlet?"),
        prompt("What is the weather in Paris?", tools=[WEATHER]),
        prompt("What time is it in Kathmandu?", "low", tools=[WEATHER, TIME]),
        prompt("Find the menu of Bella.", "high", tools=[MENU]),
        answered(prompt("What is the weather in Paris?", tools=[WEATHER]), WEATHER, '{"city":"Paris"}',
                 '{"temperature": 21, "condition": "sunny"}'),
        answered(prompt("What time is it in Tokyo?", "low", tools=[TIME]), TIME, '{"location":"Tokyo"}',
                 '{"time":"14:30"}'),
        name, long,
    ]


@torch.inference_mode()
def smallest_lead(chat: Chat, prompt_ids: list[int], reply: list[int]) -> float:
    """How far the chosen token was ahead of the next best, at the closest of all decisions."""
    logits = chat.model(input_ids=torch.tensor([prompt_ids + reply])).logits[0, len(prompt_ids) - 1:-1]
    best, second = logits.topk(2, dim=-1).values.unbind(-1)
    assert logits.argmax(-1).tolist() == reply
    return (best - second).min().item()


def write_examples(chat: Chat, path: Path):
    parts = [[*transcript.parts, ("<|start|>assistant", False)] for transcript in fixed_prompts()]
    sampler = Sampler(random.Random(40), held_out=True)
    kinds = [("tool", family) for family in FAMILIES]
    kinds += 3 * [("tool_result", None)] + 4 * [("chat", None)] + [("structured", None), ("assistant_name", None)]
    for kind, family in kinds[:40 - len(parts)]:
        transcript = sampler.sample(kind, family=family)
        parts.append(transcript.parts[:transcript.prompt_parts])
    with path.open("w") as file:
        for piece in parts:
            ids = chat.ids(piece)
            reply = chat.continuations([ids], longest=160)[0]
            record = {"prompt_text": chat.text(ids), "continuation_text": chat.text(reply),
                      "smallest_lead": round(smallest_lead(chat, ids, reply), 4),
                      "prompt_ids": ids, "continuation_ids": reply}
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


ODD_TEXTS = [
    "", " ", "  ", "   x", "\n", "\r\n", " \n", "\t\tfoo", "a\n\n\nb", "Hello, world!", "HELLOworld", "iPhone", "aBC",
    "ABCd", "don't", "I'LL", "we've", "it's\u017f", "'\u017f",
    "1234567", "3.14159", "1,000,000", "2026-11-21", "00", "007", "½ Ⅷ ²", "https://example.com/a/b?c=d&e=f#g",
    "http://127.0.0.1:8080/v1", "a/b\\c", "://\n", ")\n\n", "é", "e\u0301", "naïve café",
    "Straße", "Ñandú", "Łódź", "Привет, мир", "你好，世界", "こんにちは", "안녕하세요", "مرحبا", "שלום", "हिन्दी", "ไทย", "👋🏽",
    "👨‍👩‍👧", "🇫🇷", "!\u0301", "!!\u0301", "\u0301A", "\u00a0x", "\u2003y", "x\u200by", "\ufeff",
    "_foo", "foo_bar", "fooBar", "snake_case_name", "functions.get_weather", " to=functions.get_weather",
    '{"city":"Krakow"}', '{"city": "Krakow"}', '{"temperature": 21, "condition": "sunny"}',
    "<|start|>", "<|end|>", "<|unknown|>", "<| start |>", "# Tools\n\n## functions\n\nnamespace functions {\n\n",
        "}) => any;", "// The city\ncity: string,", "(_: {", "a" * 40, "!" * 20, " " * 17, "\n" * 9,
    "Paris", " Paris", "\"Paris", "Paris,", "Parisian", "Kathmandu", "Zwolle", "outcrop serve", "gpt-oss-20b",
    "MXFP4", "\u0000", "\u0085", "\u2028", "tab\tinside", "trailing space ", " leading",
]


def write_tokenizer_cases(chat: Chat, path: Path, count: int = 200):
    """Ordinary text is encoded as the server does it: special tokens in it are plain characters."""
    texts = list(dict.fromkeys(ODD_TEXTS))
    generator = random.Random(11)
    sampler = Sampler(generator)
    while len(texts) < count:
        text = generator.choice(sampler.sample().parts)[0]
        text = text.replace("<|", "\n").replace("|>", " ")
        if text not in texts:
            texts.append(text)
    chat.tokenizer.encode_special_tokens = True
    with path.open("w") as file:
        for text in texts:
            ids = chat.tokenizer.encode(text, add_special_tokens=False).ids
            assert chat.tokenizer.decode(ids, skip_special_tokens=False) == text
            file.write(json.dumps({"text": text, "ids": ids}) + "\n")
    chat.tokenizer.encode_special_tokens = False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=HERE / "model")
    parser.add_argument("--output", type=Path, default=HERE)
    options = parser.parse_args()
    torch.set_num_threads(1)
    chat = Chat(options.model)
    write_tokenizer_cases(chat, options.output / "tokenizer_cases.jsonl")
    write_examples(chat, options.output / "examples.jsonl")


if __name__ == "__main__":
    main()
