"""Builds the demo model's tokenizer: byte-level BPE in the style of o200k_harmony, with a vocabulary of 2,560.

    python tokenizer.py --output model/tokenizer.json

Copying is what a tiny model finds hardest, so the vocabulary makes it easy: a name is one token, the same one after a
space, a quote or nothing. Merges therefore join letters first; a space joins a word only as the very last merge, and
never a name.
"""

import argparse
import json
import random
import re
from collections import Counter

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from corpus.entities import ALL_NAMES
from corpus.mixture import Sampler

VOCABULARY_SIZE = 2560

# The special tokens of o200k_harmony from 199998 to 200018, in order; here they are the last ids of the vocabulary.
SPECIAL_TOKENS = [
    "<|startoftext|>", "<|endoftext|>", "<|reserved_200000|>", "<|reserved_200001|>", "<|return|>", "<|constrain|>",
    "<|reserved_200004|>", "<|channel|>", "<|start|>", "<|end|>", "<|message|>", "<|reserved_200009|>",
    "<|reserved_200010|>", "<|reserved_200011|>", "<|call|>", "<|reserved_200013|>", "<|reserved_200014|>",
    "<|reserved_200015|>", "<|reserved_200016|>", "<|reserved_200017|>", "<|endofprompt|>",
]

# How o200k cuts text into pieces before byte-pair merging.
O200K_PATTERN = "|".join([
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}",
    r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
    r"\s*[\r\n]+",
    r"\s+(?!\S)",
    r"\s+",
])
SPACE = "\u0120"  # How the byte-level alphabet writes the space.
BASE_MERGES = 760


def pieces() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(O200K_PATTERN), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])


def training_pieces() -> pre_tokenizers.PreTokenizer:
    """As ``pieces``, but a word's first character stands alone if it is no letter, and so does every digit."""
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(O200K_PATTERN.replace(r"\p{N}{1,3}", r"\p{N}")), "isolated"),
        pre_tokenizers.Split(Regex(r"^[^\r\n\p{L}\p{N}](?=\p{L})"), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])


def training_texts(seed: int, conversations: int = 12000) -> list[str]:
    """The texts between special tokens. The system message, always the same, is counted seldom."""
    generator = random.Random(seed)
    sampler = Sampler(generator)
    texts = []
    for _ in range(conversations):
        for text in re.split(r"<\|[a-z]+\|>", sampler.sample().text()):
            if not text.startswith("You are ChatGPT") or generator.random() < 0.02:
                texts.append(text)
    return texts


class MergeTable:
    """An ordered list of merges that can be extended so that given words become single tokens."""

    def __init__(self, alphabet: list[str]):
        self.tokens = list(alphabet)
        self.known = set(alphabet)
        self.ranks: dict[tuple[str, str], int] = {}

    def add(self, left: str, right: str):
        if (left, right) not in self.ranks:
            self.ranks[left, right] = len(self.ranks)
        if left + right not in self.known:
            self.known.add(left + right)
            self.tokens.append(left + right)

    def split(self, word: str) -> list[str]:
        """Plain BPE: merge the adjacent pair of lowest rank until none is left."""
        parts = list(word)
        while len(parts) > 1:
            rank, index = min((self.ranks.get(pair, 1 << 30), i) for i, pair in enumerate(zip(parts, parts[1:])))
            if rank == 1 << 30:
                break
            parts[index:index + 2] = [parts[index] + parts[index + 1]]
        return parts

    def add_word(self, word: str):
        """Appends the merges that make ``word`` one token. Earlier words stay as they are: their merges rank first."""
        parts = self.split(word)
        while len(parts) > 1:
            self.add(parts[0], parts[1])
            parts = self.split(word)


def build(seed: int) -> Tokenizer:
    texts = training_texts(seed)
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = training_pieces()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trained.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=len(alphabet) + BASE_MERGES, initial_alphabet=alphabet, special_tokens=[], show_progress=False))
    table = MergeTable(alphabet)
    merges = json.loads(trained.to_str())["model"]["merges"]
    for left, right in merges:
        table.add(left, right)
    for name in ALL_NAMES:
        table.add_word(name)
    for number in range(100):
        table.add_word(f"{number:02d}")
    room = VOCABULARY_SIZE - len(SPECIAL_TOKENS)
    chosen = []
    for word in frequent_spaced_words(texts):
        needed = len(table.split(word))  # The merges inside the word, and the one with the space.
        if len(table.tokens) + len(chosen) + needed <= room:
            table.add_word(word)
            chosen.append(word)
    # Last, so that a space never keeps the letters of a longer word from merging.
    for word in chosen:
        table.add(SPACE, word)
    assert len(table.tokens) == room, f"{room - len(table.tokens)} ids are left over"

    vocabulary = {token: index for index, token in enumerate(table.tokens)}
    # Merged tokens and whole pieces agree (see ``check``), so it does not matter whether merges are ignored.
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=list(table.ranks), ignore_merges=False))
    tokenizer.pre_tokenizer = pieces()
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(SPECIAL_TOKENS)
    return tokenizer


def frequent_spaced_words(texts: list[str]) -> list[str]:
    """Words in the order of how often a space precedes them, names left out."""
    names = set(ALL_NAMES)
    counts: Counter[str] = Counter()
    cut = pieces()
    for text in texts:
        for piece, _ in cut.pre_tokenize_str(text):
            word = piece[1:]
            if piece.startswith(SPACE) and word.isalpha() and word.isascii() and word not in names:
                counts[word] += 1
    return [word for word, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def check(tokenizer: Tokenizer, seed: int):
    """Round trip, one token per name, and no piece whose whole-piece look-up differs from its merges."""
    for name in ALL_NAMES:
        assert len(tokenizer.encode(name).ids) == 1, name
        assert tokenizer.encode(" " + name).ids[-1] == tokenizer.encode(name).ids[0], name
    vocabulary = tokenizer.get_vocab()
    for token, index in vocabulary.items():
        if token in SPECIAL_TOKENS:
            continue
        text = tokenizer.decode([index])
        if "\ufffd" not in text and len(pieces().pre_tokenize_str(text)) == 1:
            assert tokenizer.encode(text).ids == [index], token
    sampler = Sampler(random.Random(seed + 1))
    lengths = []
    for _ in range(500):
        text = sampler.sample().text()
        ids = tokenizer.encode(text).ids
        assert tokenizer.decode(ids, skip_special_tokens=False) == text
        lengths.append(len(ids))
    print(f"{tokenizer.get_vocab_size()} tokens; a conversation has {sum(lengths) / len(lengths):.0f} tokens on average, "
          f"{max(lengths)} at most")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default="model/tokenizer.json")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    tokenizer = build(options.seed)
    assert tokenizer.get_vocab_size() == VOCABULARY_SIZE
    check(tokenizer, options.seed)
    tokenizer.save(options.output)


if __name__ == "__main__":
    main()
