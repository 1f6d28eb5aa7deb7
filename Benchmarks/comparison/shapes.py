"""The shapes of models that are compared, and what a token of each must cost."""

from dataclasses import dataclass

# Tokens that a sliding layer sees.
WINDOW = 128


@dataclass(frozen=True)
class Shape:
    """A model's dimensions; the symbols are those of the published configuration."""

    name: str
    layers: int
    hidden: int
    intermediate: int
    head_dim: int
    query_heads: int
    key_value_heads: int
    experts: int
    experts_per_token: int
    vocabulary: int = 201_088

    @property
    def attention_weights(self):
        """Weights of the attention's projections in one layer."""
        rows = (self.query_heads + 2 * self.key_value_heads) * self.head_dim
        return (rows + self.query_heads * self.head_dim) * self.hidden

    @property
    def expert_weights(self):
        """Weights of one expert in one layer: gate, up and down."""
        return 3 * self.intermediate * self.hidden

    def distinct_experts(self, conversations):
        """Experts per layer that one step of so many conversations touches on average, routing being random."""
        return self.experts * (1 - (1 - self.experts_per_token / self.experts) ** conversations)

    def step_bytes(self, conversations, dense_bits):
        """Bytes of weights that a decoding step must read; MXFP4 experts take 4.25 bits a weight."""
        experts = self.distinct_experts(conversations) * self.expert_weights * 4.25 / 8
        dense = self.attention_weights * dense_bits / 8 + self.experts * self.hidden * 4
        return self.layers * (experts + dense) + self.vocabulary * self.hidden * dense_bits / 8

    def context_bytes(self, context):
        """Bytes of half-float keys and values that a step reads for a conversation: every other layer sees a window only."""
        token = 2 * self.key_value_heads * self.head_dim * 2
        return self.layers // 2 * token * (context + min(context, WINDOW))

    @property
    def prompt_operations(self):
        """Floating-point operations for a token of a prompt, attention scores and the unembedding left out."""
        layer = self.attention_weights + self.experts * self.hidden + self.experts_per_token * self.expert_weights
        return 2 * self.layers * layer

    @property
    def checkpoint_bytes(self):
        """About what a checkpoint takes on disk: MXFP4 experts, all else bf16."""
        experts = self.layers * self.experts * self.expert_weights * 4.25 / 8
        return int(experts + 2 * (self.layers * self.attention_weights + 2 * self.vocabulary * self.hidden))


SHAPES = {
    shape.name: shape
    for shape in (
        Shape("gpt-oss-20b", 24, 2880, 2880, 64, 64, 8, 32, 4),
        Shape("4-layer", 4, 2880, 2880, 64, 64, 8, 32, 4),
        Shape("tiny", 4, 64, 64, 32, 4, 2, 8, 2),
    )
}
