"""Serves completions from a llama.cpp library as its server would, over JSON lines: continuous batching, prompts in batches
of 2,048 tokens, the longest common beginning of a conversation kept.

Sampling is left out, which favours the peer: the next token is a random one. Usage: llama.py LIBRARY FILE THREADS.
"""

import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from lines import serve  # noqa: E402
from llama_libraries import BATCH, LIBRARIES  # noqa: E402


class Conversation:
    """A request on its way through the engine."""

    def __init__(self, prompt, tokens, start):
        self.tokens, self.limit, self.start = list(prompt), tokens, start
        self.prompt_count = len(prompt)
        self.done = 0  # Tokens whose keys and values are there.
        self.times = []
        self.sequence = None

    @property
    def is_finished(self):
        return len(self.times) >= self.limit

    @property
    def pending(self):
        return self.tokens[self.done :]

    def answer(self):
        return {"start": self.start, "times": self.times, "output": self.tokens[self.prompt_count :]}


class Engine:
    """Batches conversations."""

    def __init__(self, library, path, threads):
        self.library, self.threads = library, threads
        library.load(path)
        # The tokens that each sequence's keys and values stand for, while they are kept.
        self.kept = {}

    def open(self, context, sequences, shares):
        self.library.open(context, sequences, shares, self.threads)
        self.kept = {sequence: [] for sequence in range(sequences)}
        self.shares = shares

    def run(self, requests, background):
        waiting = [Conversation(prompt, tokens, time.monotonic()) for prompt, tokens in requests]
        everyone, running = list(waiting), []
        streams, later = (waiting[:background], waiting[background:]) if background else (waiting, [])
        waiting = list(streams)
        while True:
            running = [conversation for conversation in running if not conversation.is_finished]
            if later and all(stream.times for stream in streams) and not waiting and len(running) == len(streams):
                arriving = later.pop(0)
                arriving.start = time.monotonic()
                waiting.append(arriving)
            elif background and not later and not waiting and len(running) == len(streams):
                break
            if not running and not waiting:
                break
            self._admit(waiting, running)
            self._step(running)
        return [conversation.answer() for conversation in everyone]

    def _admit(self, waiting, running):
        """Gives each waiting conversation a sequence; with shared beginnings the first computes for the others."""
        computing = any(conversation.done < conversation.prompt_count for conversation in running)
        while waiting and not (self.shares and computing):
            conversation = waiting.pop(0)
            used = {other.sequence for other in running}
            conversation.sequence, conversation.done = self._place(conversation.tokens, used)
            running.append(conversation)
            computing = True

    def _place(self, tokens, used):
        if not self.shares:
            sequence = next(sequence for sequence in self.kept if sequence not in used)
            self.library.remove(sequence, 0)
            return sequence, 0
        source = max(self.kept, key=lambda sequence: common(self.kept[sequence], tokens))
        length = min(common(self.kept[source], tokens), len(tokens) - 1)
        target = source if source not in used else next(one for one in self.kept if one not in used)
        if target != source:
            self.library.remove(target, 0)
            self.library.copy(source, target, -1)
        # Windows that have slid on cannot go back: then all is computed again.
        if not self.library.remove(target, length):
            self.library.remove(target, 0)
            length = 0
        self.kept[target] = tokens[:length]
        return target, length

    def _step(self, running):
        entries, wanted = [], []
        # Whoever decodes comes first, then prompts as far as there is room.
        for conversation in sorted(running, key=lambda one: not one.times):
            part = conversation.pending[: BATCH - len(entries)]
            for offset, token in enumerate(part):
                last = conversation.done + offset == len(conversation.tokens) - 1
                if last:
                    wanted.append((len(entries), conversation))
                entries.append((token, conversation.done + offset, conversation.sequence, last))
            self.kept[conversation.sequence] = self.kept[conversation.sequence][: conversation.done] + part
            conversation.done += len(part)
        self.library.decode(entries)
        for index, _ in wanted:
            self.library.logits(index, 1)
        now = time.monotonic()
        for _, conversation in wanted:
            conversation.times.append(now)
            conversation.tokens.append(random.randrange(199_000))


def common(left, right):
    """How many first tokens agree."""
    count = min(len(left), len(right))
    return next((index for index in range(count) if left[index] != right[index]), count)


def main():
    name, path, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    library = LIBRARIES[name]()
    engine = Engine(library, path, threads)
    serve(library.version, {
        "open": lambda message: engine.open(message["context"], message["conversations"], message["shares"]),
        "run": lambda message: engine.run(message["requests"], message["background"]),
    })


if __name__ == "__main__":
    main()
