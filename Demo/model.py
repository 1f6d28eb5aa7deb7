"""A plain PyTorch implementation of the gpt-oss architecture, written for fast training on a CPU.

It computes the same function as ``transformers.GptOssForCausalLM`` (``export.py`` loads the trained weights into
that class and checks that the logits agree), but is several times faster at this size: attention and expert
layers avoid Python loops over heads and tokens, and only the positions that carry a training target reach the
output layer.

One deliberate difference of storage: transformers interleaves the columns of the experts' first matrix
(gate 0, up 0, gate 1, up 1, ...). Here all gate columns come first, then all up columns, which vectorises better.
``to_transformers`` reorders them.
"""

import math
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class ModelShape:
    """The sizes that define one gpt-oss model. The defaults are those of the bundled demo model."""

    vocab_size: int
    hidden_size: int = 192
    intermediate_size: int = 192
    num_layers: int = 4
    num_heads: int = 6
    num_kv_heads: int = 3
    head_dim: int = 32
    num_experts: int = 4
    experts_per_token: int = 2
    sliding_window: int = 128
    rms_norm_eps: float = 1e-5
    swiglu_limit: float = 7.0
    rope_theta: float = 150000.0
    rope: dict = field(default_factory=lambda: {
        "rope_type": "yarn",
        "factor": 32.0,
        "beta_fast": 32.0,
        "beta_slow": 1.0,
        "original_max_position_embeddings": 4096,
        "truncate": False,
    })

    def is_sliding(self, layer: int) -> bool:
        """Even layers see the last ``sliding_window`` tokens, odd layers see everything."""
        return layer % 2 == 0


def yarn_tables(shape: ModelShape, length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines and sines, each [length, head_dim / 2], of the YaRN-scaled rotary embedding."""
    half = shape.head_dim // 2
    rope, theta = shape.rope, shape.rope_theta

    def dimension_of(rotations: float) -> float:
        original = rope["original_max_position_embeddings"]
        return half * math.log(original / (rotations * 2 * math.pi)) / math.log(theta)

    low = max(dimension_of(rope["beta_fast"]), 0)
    high = min(dimension_of(rope["beta_slow"]), shape.head_dim - 1)
    index = torch.arange(half, dtype=torch.float32)
    extrapolated = 1.0 / theta ** (index / half)
    interpolated = extrapolated / rope["factor"]
    ramp = ((index - low) / (high - low)).clamp(0, 1)
    inverse_frequency = interpolated * ramp + extrapolated * (1 - ramp)
    concentration = 0.1 * math.log(rope["factor"]) + 1.0
    angle = torch.arange(length, dtype=torch.float32)[:, None] * inverse_frequency[None, :]
    return angle.cos() * concentration, angle.sin() * concentration


class RMSNorm(nn.Module):
    def __init__(self, size: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.rms_norm(x, (x.shape[-1],), self.weight, self.eps)


def attention_with_sinks(query, key, value, sinks, mask):
    """Attention in which each head may also attend to nothing, with a learned score.

    query, key, value [batch, heads, length, size] in float32, sinks [heads], mask [length, length + 1].

    The sink becomes one more key whose value is zero, so that the fused kernel can be used: queries get one more
    component that is 1, keys one that is 0, and the sink's key is zero but for that component, which is its score.
    (Padding by eight rather than one keeps rows aligned.)
    """
    batch, heads, length, size = query.shape
    score = (sinks * size ** 0.5).view(1, heads, 1, 1).expand(batch, heads, 1, 1)
    query = torch.cat([query, query.new_ones(batch, heads, length, 1), query.new_zeros(batch, heads, length, 7)],
                      dim=-1)
    sink_key = torch.cat([query.new_zeros(batch, heads, 1, size), score, query.new_zeros(batch, heads, 1, 7)], dim=-1)
    key = torch.cat([F.pad(key, (0, 8)), sink_key], dim=2)
    value = F.pad(value, (0, 8, 0, 1))
    with torch.autocast("cpu", enabled=False):
        return F.scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=size ** -0.5)[..., :size]


def gated_activation(inner: torch.Tensor, limit: float) -> torch.Tensor:
    """The experts' clamped, shifted SwiGLU; inner [tokens, 2 * size] holds all gates, then all ups."""
    gate, up = inner.chunk(2, dim=-1)
    gate = gate.clamp(max=limit)
    up = up.clamp(-limit, limit)
    return (up + 1) * gate * torch.sigmoid(1.702 * gate)


class Attention(nn.Module):
    """Grouped-query attention with one learned sink score per query head."""

    def __init__(self, shape: ModelShape):
        super().__init__()
        self.shape = shape
        queries = shape.num_heads * shape.head_dim
        keys = shape.num_kv_heads * shape.head_dim
        self.q_proj = nn.Linear(shape.hidden_size, queries)
        self.k_proj = nn.Linear(shape.hidden_size, keys)
        self.v_proj = nn.Linear(shape.hidden_size, keys)
        self.o_proj = nn.Linear(queries, shape.hidden_size)
        self.sinks = nn.Parameter(torch.zeros(shape.num_heads))

    def forward(self, x, cosine, sine, mask):
        shape = self.shape
        batch, length, _ = x.shape
        heads, kv_heads, size = shape.num_heads, shape.num_kv_heads, shape.head_dim
        weight = torch.cat([self.q_proj.weight, self.k_proj.weight, self.v_proj.weight])
        bias = torch.cat([self.q_proj.bias, self.k_proj.bias, self.v_proj.bias])
        projected = F.linear(x, weight, bias).view(batch, length, heads + 2 * kv_heads, size)
        rotated, value = projected.split([heads + kv_heads, kv_heads], dim=2)
        first, second = rotated.chunk(2, dim=-1)
        rotated = torch.cat([first * cosine - second * sine, second * cosine + first * sine], dim=-1)
        query, key = rotated.split([heads, kv_heads], dim=2)
        query = query.transpose(1, 2).float()
        key = key.transpose(1, 2).float().repeat_interleave(heads // kv_heads, dim=1)
        value = value.transpose(1, 2).float().repeat_interleave(heads // kv_heads, dim=1)
        mixed = attention_with_sinks(query, key, value, self.sinks, mask)
        return self.o_proj(mixed.transpose(1, 2).reshape(batch, length, heads * size))


class Experts(nn.Module):
    """The router and its experts; each token goes through ``experts_per_token`` of them."""

    def __init__(self, shape: ModelShape):
        super().__init__()
        self.shape = shape
        count, hidden, inner = shape.num_experts, shape.hidden_size, shape.intermediate_size
        self.router = nn.Linear(hidden, count)
        self.gate_up_proj = nn.Parameter(torch.empty(count, hidden, 2 * inner))
        self.gate_up_proj_bias = nn.Parameter(torch.zeros(count, 2 * inner))
        self.down_proj = nn.Parameter(torch.empty(count, inner, hidden))
        self.down_proj_bias = nn.Parameter(torch.zeros(count, hidden))

    def expert(self, index: int, x: torch.Tensor) -> torch.Tensor:
        inner = torch.matmul(x, self.gate_up_proj[index]) + self.gate_up_proj_bias[index]
        active = gated_activation(inner, self.shape.swiglu_limit)
        return torch.matmul(active, self.down_proj[index]) + self.down_proj_bias[index]

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """x [tokens, hidden] -> (output [tokens, hidden], load-balancing loss)."""
        with torch.autocast("cpu", enabled=False):
            logits = F.linear(x.float(), self.router.weight, self.router.bias)
        top, chosen = logits.topk(self.shape.experts_per_token, dim=-1)
        top = top.softmax(dim=-1)
        output = torch.zeros_like(x, dtype=torch.float32)
        share = []
        for index in range(self.shape.num_experts):
            token, slot = (chosen == index).nonzero(as_tuple=True)
            share.append(token.numel() / x.shape[0])
            result = self.expert(index, x[token]) * top[token, slot].unsqueeze(-1)
            output = output.index_add(0, token, result.float())
        probability = logits.softmax(dim=-1).mean(dim=0)
        balance = self.shape.num_experts * (probability * torch.tensor(share)).sum()
        return output, balance


class Layer(nn.Module):
    def __init__(self, shape: ModelShape):
        super().__init__()
        self.input_layernorm = RMSNorm(shape.hidden_size, shape.rms_norm_eps)
        self.self_attn = Attention(shape)
        self.post_attention_layernorm = RMSNorm(shape.hidden_size, shape.rms_norm_eps)
        self.mlp = Experts(shape)

    def forward(self, x, cosine, sine, mask):
        x = x + self.self_attn(self.input_layernorm(x), cosine, sine, mask)
        flat = self.post_attention_layernorm(x).reshape(-1, x.shape[-1])
        output, balance = self.mlp(flat)
        return x + output.view_as(x), balance


class OutputLayer(nn.Module):
    """The output matrix, trained as (embedding x map + difference).

    Copying a token means turning its embedding into its output row. With a map that all tokens share, what is
    learned by copying one token holds for all of them, seldom seen ones included; the difference keeps the
    freedom of an untied matrix. ``weight`` is the plain matrix that is exported.
    """

    def __init__(self, embedding: nn.Embedding, shape: ModelShape):
        super().__init__()
        self.embedding = [embedding]  # In a list, so that it is not registered as a parameter twice.
        self.map = nn.Parameter(torch.zeros(shape.hidden_size, shape.hidden_size))
        self.difference = nn.Parameter(torch.zeros(shape.vocab_size, shape.hidden_size))

    @property
    def weight(self) -> torch.Tensor:
        return self.embedding[0].weight @ self.map + self.difference

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.weight)


class GptOss(nn.Module):
    def __init__(self, shape: ModelShape, initial_std: float = 0.06, max_length: int = 2048):
        super().__init__()
        self.shape = shape
        self.embed_tokens = nn.Embedding(shape.vocab_size, shape.hidden_size)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.num_layers))
        self.norm = RMSNorm(shape.hidden_size, shape.rms_norm_eps)
        self.lm_head = OutputLayer(self.embed_tokens, shape)
        self.initialise(initial_std)
        cosine, sine = yarn_tables(shape, max_length)
        self.register_buffer("cosine", cosine[:, None, :], persistent=False)
        self.register_buffer("sine", sine[:, None, :], persistent=False)
        position = torch.arange(max_length)
        distance = position[:, None] - position[None, :]
        full = torch.where(distance >= 0, 0.0, float("-inf"))
        self.register_buffer("full_mask", full, persistent=False)
        sliding = torch.where((distance >= 0) & (distance < shape.sliding_window), 0.0, float("-inf"))
        self.register_buffer("sliding_mask", sliding, persistent=False)

    def initialise(self, std: float):
        """Normal weights, zero biases; what layers add to the residual stream starts small beside the embedding."""
        for name, parameter in self.named_parameters():
            if name.startswith("lm_head") or name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif name.startswith("embed_tokens"):
                nn.init.normal_(parameter, std=0.5)
            elif parameter.ndim >= 2:
                small = "o_proj" in name or "down_proj" in name
                nn.init.normal_(parameter, std=std / 3 if small else std)

    @torch.no_grad()
    def add_previous_token_heads(self, strength: float = 6.0):
        """Makes the query heads of the first group of layer 0 look at the token 1, 2, ... places back.

        Only query and key biases are needed: under the rotary embedding a constant query and a constant key
        score by distance alone, highest where the query is the key rotated by that distance. Copying needs such
        a head, and finding one is the long plateau at the start of training; it remains free to change.
        """
        shape, attention = self.shape, self.layers[0].self_attn
        size, half, group = shape.head_dim, shape.head_dim // 2, shape.num_heads // shape.num_kv_heads
        fast = torch.zeros(half)
        fast[:half // 4] = strength
        attention.k_proj.weight[:size] = 0
        attention.k_proj.bias[:size] = torch.cat([fast, torch.zeros(half)])
        cosine, sine = self.cosine[:, 0] / self.cosine[0, 0], self.sine[:, 0] / self.cosine[0, 0]
        for head in range(group):
            distance = head + 1
            rows = slice(head * size, (head + 1) * size)
            attention.q_proj.weight[rows] = 0
            attention.q_proj.bias[rows] = torch.cat([fast * cosine[distance], -fast * sine[distance]])

    def hidden_states(self, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """tokens [batch, length] -> (normed final states [batch, length, hidden], mean load-balancing loss).

        Padding, where there is any, must be at the end of a row: causal attention then never sees it.
        """
        length = tokens.shape[1]
        cosine, sine = self.cosine[:length], self.sine[:length]
        # One more column, always visible: the sink.
        full = F.pad(self.full_mask[:length, :length], (0, 1))
        sliding = F.pad(self.sliding_mask[:length, :length], (0, 1))
        x = self.embed_tokens(tokens)
        total = 0.0
        for index, layer in enumerate(self.layers):
            x, balance = layer(x, cosine, sine, sliding if self.shape.is_sliding(index) else full)
            total = total + balance
        return self.norm(x), total / len(self.layers)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.lm_head(self.hidden_states(tokens)[0])


@torch.no_grad()
def to_transformers(model: GptOss) -> dict[str, torch.Tensor]:
    """The model's parameters named as transformers names them, gate and up columns interleaved."""
    result = {"lm_head.weight": model.lm_head.weight.clone()}
    for name, value in model.state_dict().items():
        if name.startswith("lm_head"):
            continue
        if name.endswith("gate_up_proj") or name.endswith("gate_up_proj_bias"):
            gate, up = value.chunk(2, dim=-1)
            value = torch.stack([gate, up], dim=-1).flatten(-2)
        for inner in ("gate_up_proj", "down_proj"):
            name = name.replace(f"mlp.{inner}", f"mlp.experts.{inner}")
        result["model." + name] = value.contiguous()
    return result
