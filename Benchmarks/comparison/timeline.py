"""What is asked of an engine, and when its tokens came."""

import random
from dataclasses import dataclass, field

# Ids from here on are control tokens.
ORDINARY_TOKENS = 199_000


@dataclass
class Request:
    """A prompt of token ids and the number of tokens to generate after it, whatever they are."""

    prompt: list
    tokens: int


@dataclass
class Timeline:
    """When a request began and when each of its tokens came, in seconds of one monotonic clock."""

    start: float
    times: list = field(default_factory=list)
    # Generated ids, where the engine tells them.
    output: list = field(default_factory=list)

    @property
    def first(self):
        """Seconds to the first token."""
        return self.times[0] - self.start

    @property
    def end(self):
        return self.times[-1]


def random_tokens(count, *seed):
    """Token ids that are the same for the same seed: different in every conversation, so that routing is as bad as it gets."""
    source = random.Random("/".join(map(str, seed)))
    return [source.randrange(ORDINARY_TOKENS) for _ in range(count)]
