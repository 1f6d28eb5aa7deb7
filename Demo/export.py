"""Writes a trained model as a checkpoint folder in the layout of the published gpt-oss models.

    python export.py build/model.pt --output model

The weights are loaded into ``transformers.GptOssForCausalLM``, whose logits must agree with those of ``model.py``;
then the experts are packed as MXFP4, everything else is stored as bfloat16, and the written folder is read back by
transformers and compared once more.
"""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import GptOssConfig, GptOssForCausalLM, Mxfp4Config

import mxfp4
from model import GptOss, ModelShape, to_transformers
from tokenizer import SPECIAL_TOKENS

MAX_POSITIONS = 131072


def checkpoint_config(shape: ModelShape, ids: dict[str, int]) -> dict:
    """config.json with the keys of the published models."""
    kinds = ["sliding_attention" if shape.is_sliding(index) else "full_attention" for index in range(shape.num_layers)]
    return {
        "architectures": ["GptOssForCausalLM"],
        "attention_bias": True,
        "attention_dropout": 0.0,
        "eos_token_id": ids["<|return|>"],
        "experts_per_token": shape.experts_per_token,
        "head_dim": shape.head_dim,
        "hidden_act": "silu",
        "hidden_size": shape.hidden_size,
        "initial_context_length": 4096,
        "initializer_range": 0.02,
        "intermediate_size": shape.intermediate_size,
        "layer_types": kinds,
        "max_position_embeddings": MAX_POSITIONS,
        "model_type": "gpt_oss",
        "num_attention_heads": shape.num_heads,
        "num_experts_per_tok": shape.experts_per_token,
        "num_hidden_layers": shape.num_layers,
        "num_key_value_heads": shape.num_kv_heads,
        "num_local_experts": shape.num_experts,
        "output_router_logits": False,
        "pad_token_id": ids["<|endoftext|>"],
        "quantization_config": {
            "modules_to_not_convert": ["model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens",
                                       "lm_head"],
            "quant_method": "mxfp4",
        },
        "rms_norm_eps": shape.rms_norm_eps,
        "rope_scaling": dict(shape.rope),
        "rope_theta": int(shape.rope_theta),
        "router_aux_loss_coef": 0.9,
        "sliding_window": shape.sliding_window,
        "swiglu_limit": shape.swiglu_limit,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        "use_cache": True,
        "vocab_size": shape.vocab_size,
    }


def tokenizer_config(ids: dict[str, int]) -> dict:
    added = {str(ids[text]): {"content": text, "lstrip": False, "normalized": False, "rstrip": False,
                              "single_word": False, "special": True}
             for text in SPECIAL_TOKENS}
    return {
        "added_tokens_decoder": added,
        "bos_token": "<|startoftext|>",
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|return|>",
        "model_input_names": ["input_ids", "attention_mask"],
        "model_max_length": MAX_POSITIONS,
        "pad_token": "<|endoftext|>",
        "tokenizer_class": "PreTrainedTokenizerFast",
    }


def packed_tensors(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The stored form: experts [out, in / 32, 16] blocks and [out, in / 32] scales, the rest bfloat16."""
    result = {}
    for name, value in state.items():
        if name.endswith(("experts.gate_up_proj", "experts.down_proj")):
            rows = value.transpose(1, 2).contiguous()
            blocks, scales = mxfp4.encode(rows)
            assert torch.equal(mxfp4.decode(blocks, scales), rows.float()), f"{name} is not on the MXFP4 grid"
            result[name + "_blocks"], result[name + "_scales"] = blocks, scales
        else:
            result[name] = value.to(torch.bfloat16).contiguous()
    return result


def load_checkpoint(folder: Path) -> GptOssForCausalLM:
    """A checkpoint folder as transformers reads it: float32, experts dequantised."""
    model = GptOssForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager",
                                              quantization_config=Mxfp4Config(dequantize=True)).eval()
    model.config._experts_implementation = "eager"
    return model


def write_json(path: Path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trained", type=Path)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "model")
    options = parser.parse_args()
    torch.set_num_threads(1)
    saved = torch.load(options.trained, weights_only=False)
    shape = ModelShape(**saved["shape"])
    model = GptOss(shape).eval()
    model.load_state_dict(saved["model"])
    tokenizer = Tokenizer.from_file(str(options.output / "tokenizer.json"))
    ids = {text: tokenizer.token_to_id(text) for text in SPECIAL_TOKENS}
    config = checkpoint_config(shape, ids)
    state = to_transformers(model)

    unpacked = {key: value for key, value in config.items() if key != "quantization_config"}
    reference = GptOssForCausalLM(GptOssConfig(**unpacked, attn_implementation="eager")).eval()
    reference.config._experts_implementation = "eager"
    reference.load_state_dict(state)
    probe = torch.randint(0, shape.vocab_size, (2, 300), generator=torch.Generator().manual_seed(1))
    difference = (model(probe) - reference(input_ids=probe).logits).abs().max().item()
    assert difference < 1e-2, f"model.py and transformers disagree by {difference}"

    write_json(options.output / "config.json", config)
    write_json(options.output / "generation_config.json", {
        "bos_token_id": ids["<|startoftext|>"], "do_sample": True,
        "eos_token_id": [ids["<|return|>"], ids["<|endoftext|>"], ids["<|call|>"]],
        "pad_token_id": ids["<|endoftext|>"]})
    write_json(options.output / "tokenizer_config.json", tokenizer_config(ids))
    write_json(options.output / "special_tokens_map.json", {
        "bos_token": "<|startoftext|>", "eos_token": "<|return|>", "pad_token": "<|endoftext|>"})
    weights = options.output / "model.safetensors"
    save_file(packed_tensors(state), weights, metadata={"format": "pt"})
    weights.chmod(0o644)

    for name, parameter in reference.named_parameters():
        if not name.endswith(("experts.gate_up_proj", "experts.down_proj")):
            parameter.copy_(parameter.to(torch.bfloat16))
    again = load_checkpoint(options.output)
    stored = (again(input_ids=probe).logits - reference(input_ids=probe).logits).abs().max().item()
    assert stored < 1e-3, f"the stored checkpoint differs by {stored}"
    size = weights.stat().st_size
    print(
        f"model.py against transformers: {difference:.1e}; stored against trained (rounded to bfloat16): "
        f"{stored:.1e}; {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
