"""MXFP4: four-bit floats in blocks of 32 that share one power-of-two scale."""

import torch

BLOCK = 32
MAGNITUDES = torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0])
# Halfway between neighbouring magnitudes.
BOUNDARIES = (MAGNITUDES[1:] + MAGNITUDES[:-1]) / 2
SCALE_BIAS = 127


def _codes(scaled: torch.Tensor) -> torch.Tensor:
    """The index into MAGNITUDES nearest to each absolute value (the even index on a tie)."""
    magnitude = scaled.abs().clamp(max=6.0)
    low = torch.bucketize(magnitude, BOUNDARIES, right=False)
    high = torch.bucketize(magnitude, BOUNDARIES, right=True)
    return torch.where(low % 2 == 0, low, high)


def _exponent(blocks: torch.Tensor) -> torch.Tensor:
    """blocks [..., 32] -> the exponent [..., 1] that puts the largest magnitude into [4, 8)."""
    largest = blocks.abs().amax(-1, keepdim=True)
    exponent = torch.floor(torch.log2(largest.clamp_min(1e-38))) - 2
    return torch.where(largest > 0, exponent, torch.zeros_like(largest)).clamp(-SCALE_BIAS, SCALE_BIAS)


def round_to_grid(weight: torch.Tensor, axis: int) -> torch.Tensor:
    """The nearest MXFP4 values, with blocks along ``axis``.

    Of the two sensible exponents per block (one clips the largest values, the other is coarser) the one with the
    smaller squared error is taken. ``encode`` represents the result exactly either way.
    """
    moved = weight.transpose(axis, -1).contiguous()
    blocks = moved.view(-1, BLOCK)
    exponent = _exponent(blocks)
    candidates = []
    for shift in (0, 1):
        scale = torch.exp2(exponent + shift)
        scaled = blocks / scale
        candidates.append(torch.copysign(MAGNITUDES[_codes(scaled)], scaled) * scale)
    errors = [((candidate - blocks) ** 2).sum(-1, keepdim=True) for candidate in candidates]
    best = torch.where(errors[0] <= errors[1], candidates[0], candidates[1])
    return best.view(moved.shape).transpose(axis, -1).contiguous()


def encode(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """weight [..., K] -> blocks uint8 [..., K / 32, 16], scales uint8 [..., K / 32].

    Byte i of a block holds element 2i in its low and element 2i + 1 in its high four bits.
    """
    *outer, length = weight.shape
    blocks = weight.float().reshape(*outer, length // BLOCK, BLOCK)
    exponent = _exponent(blocks)
    scaled = blocks / torch.exp2(exponent)
    codes = _codes(scaled) + 8 * torch.signbit(scaled).long()
    packed = (codes[..., 0::2] | (codes[..., 1::2] << 4)).to(torch.uint8)
    return packed, (exponent.squeeze(-1) + SCALE_BIAS).to(torch.uint8)


def decode(blocks: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
    """The inverse of ``encode``, in float32."""
    codes = torch.stack((blocks & 15, blocks >> 4), dim=-1).flatten(-2).long()
    values = torch.where(codes >= 8, -MAGNITUDES[codes % 8], MAGNITUDES[codes % 8])
    return torch.ldexp(values, (scales.int() - SCALE_BIAS).unsqueeze(-1)).flatten(-2)
