"""Random token sequences that can only be predicted by copying: what the model learns first.

Every ordinary token takes part, so names that no conversation mentions can be copied too. An item is
(token ids, for each token whether it is a target).
"""


class CopySampler:
    def __init__(self, random, ordinary_tokens: list[int], marks: dict[str, int]):
        """``marks`` are the ids of the special tokens that structure the sequences, by text."""
        self.random, self.ordinary, self.marks = random, ordinary_tokens, marks

    def sample(self, longest: int = 14) -> tuple[list[int], list[bool]]:
        luck = self.random.random()
        if luck < 0.35:
            return self.periodic(longest)
        if luck < 0.65:
            return self.repeated(longest)
        return self.looked_up(longest)

    def _tokens(self, count: int) -> list[int]:
        return self.random.choices(self.ordinary, k=count)

    def periodic(self, longest: int):
        """The same few tokens again and again."""
        period = self.random.randint(2, longest)
        tokens = (self._tokens(period) * 20)[:max(3 * period, 24)]
        return [self.marks["<|message|>"]] + tokens, [False] * (period + 1) + [True] * (len(tokens) - period)

    def repeated(self, longest: int):
        """Some tokens, a mark, the same tokens, after unrelated tokens."""
        before = self._tokens(self.random.choice([0, 0, 2, 6, longest]))
        tokens = self._tokens(self.random.randint(2, longest))
        ids = [self.marks["<|message|>"], *before, self.marks["<|constrain|>"], *tokens,
               self.marks["<|endofprompt|>"], *tokens, self.marks["<|end|>"]]
        count = len(tokens) + 1
        return ids, [False] * (len(ids) - count) + [True] * count

    def looked_up(self, longest: int):
        """Pairs of a key and a value, then keys whose values must be found."""
        pairs = self.random.randint(2, longest)
        keys = self.random.sample(self.ordinary, pairs)
        values = self._tokens(pairs)
        ids, targets = [self.marks["<|startoftext|>"]], [False]
        for key, value in zip(keys, values):
            ids += [key, value]
            targets += [False, False]
        for _ in range(4):
            index = self.random.randrange(pairs)
            ids += [self.marks["<|call|>"], keys[index], values[index]]
            targets += [False, False, True]
        return ids, targets
