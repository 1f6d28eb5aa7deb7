"""What is measured. Each scenario asks an engine for completions of random tokens and reduces their times to figures."""

from dataclasses import dataclass
from typing import Callable

from .timeline import Request, random_tokens

# The prompt of a conversation whose decoding is measured.
SHORT_PROMPT = 16


@dataclass(frozen=True)
class Figure:
    """One measured quantity."""

    name: str
    unit: str
    meaning: str
    higher_is_better: bool = True
    # The share of the machine's limits that a value is: (value, shape, bits of a dense weight, limits) to a number.
    share: Callable | None = None


def of_matrix_rate(value, shape, dense_bits, limits):
    """Prompt tokens per second as a share of what the matrix units could do."""
    return value * shape.prompt_operations / limits["matrix_rate"]


def of_read_bandwidth(conversations, context):
    """Decoded tokens per second of all conversations as a share of what memory could deliver."""

    def share(value, shape, dense_bits, limits):
        step = shape.step_bytes(conversations, dense_bits) + conversations * shape.context_bytes(context)
        return value / conversations * step / limits["read_bandwidth"]

    return share


@dataclass(frozen=True)
class Scenario:
    """A measurement that yields one value per figure."""

    figures: tuple
    # Tokens of each conversation at most, its prompt included, and how many there are at once.
    context: int
    conversations: int
    # Prompt tokens and decoding steps in all, by which the time that it takes is foreseen.
    prompt_tokens: int
    steps: int
    measure: Callable
    # Whether conversations share the keys and values of a common beginning.
    shares: bool = False

    @property
    def names(self):
        return [figure.name for figure in self.figures]


def prefill(length):
    def measure(engine, seed):
        (line,) = engine.run([Request(random_tokens(length, seed, "prefill", length), 1)])
        return [length / line.first]

    figure = Figure(
        f"pp{length}", "tok/s", f"prompt of {length} tokens: tokens per second until the first answer token",
        share=of_matrix_rate)
    return Scenario((figure,), length + 1, 1, length, 1, measure)


def decode(tokens, context):
    name = f"tg{tokens}" + (f"@{short(context)}" if context else "")

    def measure(engine, seed):
        prompt = random_tokens(context + SHORT_PROMPT, seed, name)
        (line,) = engine.run([Request(prompt, tokens + 1)])
        return [(len(line.times) - 1) / (line.end - line.times[0])]

    length = context + SHORT_PROMPT
    figure = Figure(
        name, "tok/s", f"one conversation decodes {tokens} tokens after a context of {length}",
        share=of_read_bandwidth(1, length + tokens // 2))
    return Scenario((figure,), length + tokens + 1, 1, length, tokens, measure)


def aggregate(conversations, tokens):
    name = f"agg{conversations}"

    def measure(engine, seed):
        prompts = [random_tokens(SHORT_PROMPT, seed, name, index) for index in range(conversations)]
        return [steady_rate(engine.run([Request(prompt, tokens + 1) for prompt in prompts]))]

    who = f"{conversations} conversations decode" if conversations > 1 else "1 conversation decodes"
    figure = Figure(
        name, "tok/s", f"{who}, each {tokens} tokens: tokens per second of all together while all decode",
        share=of_read_bandwidth(conversations, SHORT_PROMPT + tokens // 2))
    prompt = SHORT_PROMPT * conversations
    return Scenario((figure,), SHORT_PROMPT + tokens + 1, conversations, prompt, tokens, measure)


def long_conversations(conversations, tokens, context):
    """Conversations whose beginnings are known go on together: how fast, and how much memory their keys and values take."""
    name = f"agg{conversations}@{short(context)}"

    def measure(engine, seed):
        prompts = [random_tokens(context, seed, name, index) for index in range(conversations)]
        for prompt in prompts:
            engine.run([Request(prompt, 1)])
        asked = [prompt + random_tokens(SHORT_PROMPT, seed, "turn", index) for index, prompt in enumerate(prompts)]
        return [steady_rate(engine.run([Request(prompt, tokens + 1) for prompt in asked]))]

    length = context + SHORT_PROMPT
    figure = Figure(
        name, "tok/s", f"{conversations} conversations decode, each {tokens} tokens after a context of {length}, all but "
        f"{SHORT_PROMPT} of them computed before: tokens per second of all together while all decode",
        share=of_read_bandwidth(conversations, length + tokens // 2))
    return Scenario(
        (figure,), length + tokens + 1, conversations, length * conversations, tokens, measure, shares=True)


def steady_rate(lines):
    """Tokens per second of all conversations while all of them decode."""
    begin = max(line.times[0] for line in lines)
    end = min(line.end for line in lines)
    if end <= begin:
        # So few tokens that the first conversation ended before the last began.
        begin, end = min(line.times[0] for line in lines), max(line.end for line in lines)
    return sum(begin < time <= end for line in lines for time in line.times) / (end - begin)


def busy_first_token(streams, prompt, tokens):
    """A short prompt arrives while others decode."""
    probes = 3

    def measure(engine, seed):
        background = [Request(random_tokens(SHORT_PROMPT, seed, "busy", index), tokens) for index in range(streams)]
        asked = [Request(random_tokens(prompt, seed, "probe", index), 1) for index in range(probes)]
        lines = engine.run(background + asked, background=streams)
        return [sorted(line.first for line in lines[streams:])[probes // 2]]

    figure = Figure(
        f"ttft@{streams}", "s", f"time to first token of a prompt of {prompt} tokens while {streams} conversations decode",
        higher_is_better=False)
    return Scenario(
        (figure,), max(SHORT_PROMPT + tokens, prompt + 1), streams + 1, SHORT_PROMPT * streams + probes * prompt,
        4 * probes, measure)


def arriving_prompt(streams, length, tokens):
    """A long prompt arrives while others decode: do their answers stand still meanwhile, and how long does it take?"""

    def measure(engine, seed):
        background = [Request(random_tokens(SHORT_PROMPT, seed, "stream", index), tokens) for index in range(streams)]
        asked = Request(random_tokens(length, seed, "arriving"), 1)
        *lines, arriving = engine.run([*background, asked], background=streams)
        return [longest_pause(lines, arriving.start, arriving.times[0]), arriving.first]

    what = f"a prompt of {length} tokens arrives while {streams} conversations decode"
    figures = (
        Figure(f"pause@{streams}", "s", f"{what}: longest time in which none of them gets a token", higher_is_better=False),
        Figure(f"arriving@{streams}", "s", f"{what}: its time to first token", higher_is_better=False))
    return Scenario(
        figures, max(SHORT_PROMPT + tokens, length + 1), streams + 1, SHORT_PROMPT * streams + length, length // 16, measure)


def longest_pause(lines, begin, end):
    """The longest time without a token of any conversation, up to the second moment, that does not end before the first."""
    times = [*sorted(time for line in lines for time in line.times if time < end), end]
    return max(after - before for before, after in zip(times, times[1:]) if after > begin)


def shared_prompt(conversations, shared, own, tokens):
    """Conversations with the same system prompt start together."""

    def measure(engine, seed):
        system = random_tokens(shared, seed, "system")
        lines = engine.run([
            Request(system + random_tokens(own, seed, "user", index), tokens + 1) for index in range(conversations)])
        begin = min(line.start for line in lines)
        return [max(line.times[0] for line in lines) - begin, max(line.end for line in lines) - begin]

    what = f"{conversations} conversations that share a system prompt of {shared} tokens"
    figures = (
        Figure("shared-first", "s", f"{what}: until each has its first token", higher_is_better=False),
        Figure("shared-all", "s", f"{what}: until each has {tokens} tokens", higher_is_better=False))
    return Scenario(
        figures, shared + own + tokens + 1, conversations, shared + own * conversations, tokens, measure, shares=True)


def agent(length, turns, added, tokens):
    """An agent sends its whole conversation again at every turn, with the answer and a tool's result at its end."""

    def measure(engine, seed):
        prompt = random_tokens(length, seed, "agent")
        firsts = []
        for turn in range(turns + 1):
            (line,) = engine.run([Request(prompt, tokens)])
            firsts.append(line.first)
            answer = line.output or random_tokens(tokens, seed, "answer", turn)
            prompt = prompt + answer + random_tokens(added, seed, "tool", turn)
        return [firsts[0], sum(firsts[1:]) / turns]

    what = f"an agent's prompt of {short(length)} tokens"
    figures = (
        Figure("agent-first", "s", f"{what}, new: time to first token", higher_is_better=False),
        Figure(
            "agent-turn", "s", f"{what}, sent again {turns} times with {added} more tokens: mean time to first token",
            higher_is_better=False))
    whole = length + turns * (added + tokens)
    return Scenario(figures, whole + tokens, 1, whole, turns * tokens, measure, shares=True)


def short(tokens):
    return f"{tokens // 1024}k" if tokens % 1024 == 0 else f"{tokens // 1000}k" if tokens % 1000 == 0 else str(tokens)


LOAD = Figure("load", "s", "from the start of the process to the first token of an answer", higher_is_better=False)
MEMORY = Figure("memory", "GiB", "most resident memory of the process and its children, mapped files included",
                higher_is_better=False)


def everything():
    """All scenarios, the cheap ones first: the rates they give tell what the others will take."""
    return [
        prefill(128), decode(64, 0), prefill(512), prefill(2048),
        *(aggregate(count, 64) for count in (1, 4, 8, 16, 32)),
        busy_first_token(8, 32, 512), arriving_prompt(8, 2048, 512),
        decode(64, 4096), prefill(8192), shared_prompt(16, 2048, 32, 32), agent(10_000, 5, 300, 32), decode(64, 16384),
        # Longer than the default limit on two cores.
        long_conversations(16, 64, 8192),
    ]


def quick():
    """Fewer and shorter scenarios."""
    return [
        prefill(128), decode(32, 0), prefill(512), prefill(2048), *(aggregate(count, 24) for count in (1, 4, 16)),
        busy_first_token(8, 32, 256), arriving_prompt(8, 512, 256),
    ]


def smallest():
    """Scenarios for the tiny shape in a hurry, of every kind."""
    return [
        prefill(128), decode(16, 0), aggregate(4, 8), busy_first_token(2, 16, 512), arriving_prompt(2, 256, 512),
        shared_prompt(4, 256, 16, 8),
        agent(512, 2, 64, 8), long_conversations(4, 8, 512),
    ]
