"""Converts a gpt-oss checkpoint with MXFP4 experts to GGUF, tensor by tensor: experts bit by bit, other matrices as Q8_0.

Usage: convert_gguf.py CHECKPOINT FILE. Runs in an environment with the packages gguf and numpy. There is no tokenizer in
the file: engines are fed with token ids.
"""

import json
import mmap
import struct
import sys
from pathlib import Path

import gguf
import numpy

TYPES = {"BF16": numpy.uint16, "F32": numpy.float32, "U8": numpy.uint8}
Kind = gguf.GGMLQuantizationType


class Checkpoint:
    """The tensors of a folder's safetensors files, mapped into memory."""

    def __init__(self, folder):
        self.configuration = json.loads((folder / "config.json").read_text())
        self.tensors = {}
        for path in sorted(folder.glob("*.safetensors")):
            with open(path, "rb") as file:
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            (length,) = struct.unpack("<Q", data[:8])
            for name, entry in json.loads(data[8 : 8 + length]).items():
                if name != "__metadata__":
                    begin, end = (8 + length + offset for offset in entry["data_offsets"])
                    kind = TYPES[entry["dtype"]]
                    values = numpy.frombuffer(data, kind, (end - begin) // kind().nbytes, begin)
                    self.tensors[name] = values.reshape(entry["shape"])

    def floats(self, name):
        return widen(self.tensors[name])


def widen(values):
    """bf16 as raw 16-bit numbers to f32."""
    return (values.astype(numpy.uint32) << 16).view(numpy.float32) if values.dtype == numpy.uint16 else values


def q8(values):
    """Rows of bf16 to blocks of 32 bytes with one scale, some rows at a time."""
    out = numpy.empty((values.shape[0], values.shape[1] // 32 * 34), numpy.uint8)
    for row in range(0, len(values), 4096):
        out[row : row + 4096] = gguf.quants.quantize(widen(values[row : row + 4096]), Kind.Q8_0)
    return out


def mxfp4(blocks, scales):
    """OpenAI's blocks (value 2i in byte i's low half, 2i + 1 in its high half) to GGML's: the scale's byte, then value i in
    byte i's low half and value i + 16 in its high half."""
    experts, rows, count = scales.shape
    out = numpy.empty((experts, rows, count, 17), numpy.uint8)
    for expert in range(experts):
        first, second = blocks[expert, ..., :8], blocks[expert, ..., 8:]
        out[expert, ..., 0] = scales[expert]
        out[expert, ..., 1::2] = first & 0x0F | second << 4
        out[expert, ..., 2::2] = first >> 4 | second & 0xF0
    return out.reshape(experts, rows, count * 17)


def tensors(checkpoint):
    """Name, shape in elements, type and a function that gives the data, of each tensor."""

    def plain(name, source, take=lambda values: values):
        values = take(checkpoint.tensors[source])
        return name, values.shape, Kind.F32, lambda: numpy.ascontiguousarray(take(checkpoint.floats(source)))

    def dense(name, source):
        values = checkpoint.tensors[source]
        return name, values.shape, Kind.Q8_0, lambda: q8(values)

    def experts(name, source, rows):
        blocks, scales = (checkpoint.tensors[f"{source}_{part}"][:, rows] for part in ("blocks", "scales"))
        return name, (*scales.shape[:2], scales.shape[2] * 32), Kind.MXFP4, lambda: mxfp4(blocks, scales)

    yield dense("token_embd.weight", "model.embed_tokens.weight")
    for layer in range(checkpoint.configuration["num_hidden_layers"]):
        to, source = f"blk.{layer}.", f"model.layers.{layer}."
        yield plain(to + "attn_norm.weight", source + "input_layernorm.weight")
        yield plain(to + "post_attention_norm.weight", source + "post_attention_layernorm.weight")
        yield plain(to + "attn_sinks.weight", source + "self_attn.sinks")
        for name, projection in (("q", "q"), ("k", "k"), ("v", "v"), ("output", "o")):
            yield dense(f"{to}attn_{name}.weight", f"{source}self_attn.{projection}_proj.weight")
            yield plain(f"{to}attn_{name}.bias", f"{source}self_attn.{projection}_proj.bias")
        yield plain(to + "ffn_gate_inp.weight", source + "mlp.router.weight")
        yield plain(to + "ffn_gate_inp.bias", source + "mlp.router.bias")
        for name, matrix, rows in (
            ("gate", "gate_up_proj", slice(0, None, 2)), ("up", "gate_up_proj", slice(1, None, 2)),
            ("down", "down_proj", slice(None)),
        ):
            yield experts(f"{to}ffn_{name}_exps.weight", f"{source}mlp.experts.{matrix}", rows)
            yield plain(
                f"{to}ffn_{name}_exps.bias", f"{source}mlp.experts.{matrix}_bias", lambda values, rows=rows: values[:, rows])
    yield plain("output_norm.weight", "model.norm.weight")
    yield dense("output.weight", "lm_head.weight")


def describe(writer, configuration):
    """The model's constants."""
    rope = configuration.get("rope_parameters") or configuration["rope_scaling"]
    writer.add_context_length(configuration["max_position_embeddings"])
    writer.add_embedding_length(configuration["hidden_size"])
    writer.add_block_count(configuration["num_hidden_layers"])
    writer.add_feed_forward_length(configuration["intermediate_size"])
    writer.add_expert_feed_forward_length(configuration["intermediate_size"])
    writer.add_expert_count(configuration["num_local_experts"])
    writer.add_expert_used_count(configuration["num_experts_per_tok"])
    writer.add_head_count(configuration["num_attention_heads"])
    writer.add_head_count_kv(configuration["num_key_value_heads"])
    writer.add_key_length(configuration["head_dim"])
    writer.add_value_length(configuration["head_dim"])
    writer.add_layer_norm_rms_eps(configuration["rms_norm_eps"])
    writer.add_sliding_window(configuration["sliding_window"])
    writer.add_rope_freq_base(rope.get("rope_theta") or configuration["rope_theta"])
    writer.add_rope_dimension_count(configuration["head_dim"])
    writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
    writer.add_rope_scaling_factor(rope["factor"])
    writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_MXFP4_MOE)
    writer.add_tokenizer_model("no_vocab")
    writer.add_vocab_size(configuration["vocab_size"])


def main():
    checkpoint = Checkpoint(Path(sys.argv[1]))
    writer = gguf.GGUFWriter(sys.argv[2], "gpt-oss")
    describe(writer, checkpoint.configuration)
    parts = list(tensors(checkpoint))
    for name, shape, kind, _ in parts:
        block, size = gguf.GGML_QUANT_SIZES[kind]
        count = int(numpy.prod(shape))
        writer.add_tensor_info(name, shape, numpy.dtype(numpy.float32), count // block * size, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for _, _, _, make in parts:
        writer.write_tensor_data(make())
    writer.close()


if __name__ == "__main__":
    main()
