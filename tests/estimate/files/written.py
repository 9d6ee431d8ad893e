"""GGUF headers of a model's shapes, as a converter writes them: names of the file format, and whichever types are asked for."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

from macros.formulas.tensors.group import TensorGroup
from macros.formulas.tensors.model import tensor_groups
from macros.formulas.tensors.names import OUTSIDE
from macros.specs.architectures import Architecture

FIRST_NORM_ALONE = ("qwen35", "qwen35moe", "qwen3next", "gpt-oss", "glm4moe", "seed_oss")
"""Classes whose norm before the feed-forward block is called post_attention_norm."""
BARE = ("ssm_a", "ssm_d")
"""Tensors without a suffix."""
SUFFIX = {
    "ffn_gate_inp_scale": "ffn_gate_inp.scale",
    "ffn_down_exps_scale": "ffn_down_exps.scale",
    "exp_probs_b": "exp_probs_b.bias",
}


def tensors(a: Architecture) -> Iterator[tuple[str, tuple[int, ...], TensorGroup]]:
    """Name and shape of each tensor, and the group that it is of."""
    for group in tensor_groups(a):
        shape = (group.row, group.rows, group.stack)
        while len(shape) > 1 and shape[-1] == 1:
            shape = shape[:-1]
        for layer in group.layers:
            name = _name(a, group, held_as(a, layer))
            if name is not None:
                if name.endswith("attn_qkv.bias"):
                    shape = (sum(other.row for other in tensor_groups(a) if other.name in QKV_BIASES and layer in other.layers),)
                yield name, shape, group


QKV_BIASES = ("attn_bias_0", "attn_bias_1", "attn_bias_2")


def _name(a: Architecture, group: TensorGroup, layer: int) -> str | None:
    name = group.name
    if name.startswith("rope_factors_"):
        return {1: ["rope_freqs"], 2: ["rope_factors_long", "rope_factors_short"]}[a.attention.rope_factor_sets][int(name[-1])] + ".weight"
    if name == "hrm.z_l_init":
        return name
    if layer < 0 or name in OUTSIDE:
        if name == "output_norm" and a.engine_name in ("lfm2", "lfm2moe"):
            return "token_embd_norm.weight"
        return f"{name.removesuffix('_bias')}.{'bias' if name.endswith('_bias') else 'weight'}"
    if name.startswith("attn_bias_"):
        biased = (["attn_q", "attn_k", "attn_v"] if a.attention.qkv_bias else []) + (["attn_output"] if a.attention.output_bias else [])
        which = biased[int(name[-1])]
        if a.attention.fused_qkv and which != "attn_output":
            return f"blk.{layer}.attn_qkv.bias" if which == "attn_q" else None
        return f"blk.{layer}.{which}.bias"
    if name == "ffn_norm" and a.engine_name in FIRST_NORM_ALONE:
        name = "post_attention_norm"
    if name in SUFFIX:
        return f"blk.{layer}.{SUFFIX[name]}"
    if name == "ssm_dt" and group.rows == 1:
        name = "ssm_dt_bias"
    if name in BARE:
        return f"blk.{layer}.{name}"
    return f"blk.{layer}.{name.removesuffix('_bias')}.{'bias' if name.endswith('_bias') else 'weight'}"


def held_as(a: Architecture, run: int) -> int:
    """The number under which a file holds the layer of a run."""
    return sum(1 for layer in range(run) if a.runs(layer)) if 0 <= run < a.layers else run


def values(a: Architecture) -> dict[str, Any]:
    """The metadata that a converter writes for these shapes."""
    t, every = a.attention, range(a.layers)
    attends = [a.attends(layer) for layer in every]

    def by_layer(value: Callable[[int], int]) -> Any:
        found = [value(layer) if attends[layer] else 0 for layer in every]
        return found if len(set(found)) > 1 else found[0]

    found: dict[str, Any] = {
        "block_count": a.layers + a.prediction_layers,
        "context_length": a.context_length,
        "embedding_length": a.hidden_size,
        "attention.head_count": by_layer(a.heads) if any(attends) else 0,
    }
    if any(attends) and t.latent is None:
        found |= {
            "attention.head_count_kv": by_layer(a.kv_heads),
            "attention.key_length": t.head_dim,
            "attention.value_length": t.head_dim if t.value_dim is None else t.value_dim,
        }
    if a.start_vector:
        # Low layers run first, as often as the high ones follow them.
        each = sum(1 for layer in every if a.runs(layer)) // 2
        high = a.same_weights.index(next(layer for layer in every if held_as(a, layer) == each and a.runs(layer)))
        inner = high // each
        found |= {"hrm.layers_per_stack": each, "hrm.l_cycles": inner, "hrm.h_cycles": a.layers // (each * (inner + 1))}
    if t.latent is not None:
        found |= {
            "attention.head_count_kv": t.kv_heads if t.latent.cached_whole else 1,
            "attention.kv_lora_rank": t.latent.kv_rank,
            "rope.dimension_count": t.latent.rope_dim,
            "attention.q_lora_rank": t.latent.query_rank,
        }
        whole = t.latent.nope_dim + t.latent.rope_dim
        if t.latent.cached_whole:
            found |= {"attention.key_length": whole, "attention.value_length": t.latent.value_dim}
        else:
            found |= {
                "attention.key_length": t.latent.kv_rank + t.latent.rope_dim,
                "attention.value_length": t.latent.kv_rank,
                "attention.key_length_mla": whole,
                "attention.value_length_mla": t.latent.value_dim,
            }
    own = t.window.latent if t.window is not None else None
    if own is not None:
        found |= {
            "attention.kv_lora_rank_swa": own.kv_rank,
            "attention.key_length_mla_swa": own.nope_dim + own.rope_dim,
            "attention.value_length_mla_swa": own.value_dim,
        }
    if a.prediction_layers:
        found["nextn_predict_layers"] = a.prediction_layers
    if t.indexer is not None:
        found |= {
            "attention.indexer.head_count": t.indexer.heads,
            "attention.indexer.key_length": t.indexer.head_dim,
            "attention.indexer.top_k": t.indexer.top_k,
        }
        if a.hyper_rank and t.indexer.block:
            found["attention.indexer.top_k"] = t.indexer.top_k * t.indexer.block
            found["attention.compress_ratios"] = [t.indexer.block if one else 0 for one in attends]
        elif t.indexer.block:
            found["attention.indexer.block_size"] = t.indexer.block
        if t.indexer.pool:
            found["attention.indexer.kpool"] = t.indexer.pool
    if t.compressed is not None:
        found["attention.compress_ratios"] = list(t.compressed.rates)
        found |= {"hyper_connection.count": a.hyper_connections, "hash_layer_count": e.hash_layers if (e := a.experts) else 0}
    if t.window is not None:
        found["attention.sliding_window"] = t.window.size
        found["attention.sliding_window_pattern"] = [not a.sees_all(layer) for layer in every]
        if t.window.head_dim is not None:
            found |= {"attention.key_length_swa": t.window.head_dim, "attention.value_length_swa": t.window.head_dim}
    if t.shared_cache_layers:
        found["attention.shared_kv_layers"] = t.shared_cache_layers
    if a.engine_name == "granitehybrid":
        found["rope.scaling.finetuned"] = t.no_position_layers is None
    if t.softcap:
        found["attn_logit_softcapping"] = 50.0
    if t.positions > 1:
        found["rope.dimension_sections"] = [16, 24, 24, 0]
    if a.feed_forward is not None:
        sizes = [a.feed_forward_size(layer) for layer in every]
        found["feed_forward_length"] = sizes if len(set(sizes)) > 1 else sizes[0]
        if a.feed_forward.activation_values:
            found["xielu.alpha_p"] = [1.0] * a.layers
    e = a.experts
    if e is not None:
        found |= {"expert_count": e.count, "expert_used_count": e.used, "expert_feed_forward_length": e.size}
        found["expert_weights_norm"] = e.weights_normed
        if e.weights_scaled:
            found["expert_weights_scale"] = 2.5
        if e.groups > 1:
            found |= {"expert_group_count": e.groups, "expert_group_used_count": e.groups_used}
        for key, clamps in (("swiglu_clamp_exp", a.clamps_routed), ("swiglu_clamp_shexp", a.clamps_shared)):
            if any(clamps(layer) for layer in every):
                found[key] = [7.0 if clamps(layer) else 0.0 for layer in every]
    r = a.recurrent
    if r is not None and r.kind == "short-convolution":
        found["shortconv.l_cache"] = r.conv_kernel
    elif r is not None and r.kind == "kimi-delta":
        found |= {"ssm.conv_kernel": r.conv_kernel, "kda.head_dim": r.state_size}
    elif r is not None and r.ranks:
        found["wkv.head_size"] = r.state_size
    elif r is not None:
        found |= {"ssm.conv_kernel": r.conv_kernel, "ssm.inner_size": r.inner_size, "ssm.state_size": r.state_size}
        found |= {"ssm.time_step_rank": r.rank if r.kind == "mamba-1" else r.heads}
        if r.kind != "mamba-1":
            found["ssm.group_count"] = r.groups
    if a.per_layer_embeddings is not None:
        found["embedding_length_per_layer_input"] = a.per_layer_embeddings.size
    if a.run_embeddings is not None:
        runs = a.run_embeddings
        found |= {"ple.layers": runs.layers.of(a.layers), "ple.ngram_size": runs.longest, "ple.conv_kernel": runs.conv_kernel}
    if a.alternating_updates is not None:
        found["altup.num_inputs"] = a.alternating_updates.streams
    return {"general.architecture": a.engine_name, **{f"{a.engine_name}.{key}": value for key, value in found.items()}}


def text(value: str | bytes) -> bytes:
    """A text with its length."""
    octets = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(octets)) + octets


def value(given: Any) -> bytes:
    """A value with its kind."""
    if isinstance(given, bool):
        return struct.pack("<IB", 7, given)
    if isinstance(given, int):
        return struct.pack("<II", 4, given)
    if isinstance(given, float):
        return struct.pack("<If", 6, given)
    if isinstance(given, str):
        return struct.pack("<I", 8) + text(given)
    inner = [value(one) for one in given]
    return struct.pack("<I", 9) + inner[0][:4] + struct.pack("<Q", len(inner)) + b"".join(one[4:] for one in inner)


Listed = list[tuple[str, tuple[int, ...], int, int]]
"""Name, shape, number of the type, bytes."""


def header(said: dict[str, Any], listed: Listed, *, version: int = 3, alignment: int = 32) -> bytes:
    """The bytes of a header, up to where the tensors begin."""
    out = b"GGUF" + struct.pack("<IQQ", version, len(listed), len(said))
    out += b"".join(text(key) + value(given) for key, given in said.items())
    place = 0
    for name, shape, kind, size in listed:
        out += text(name) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", length) for length in shape)
        out += struct.pack("<IQ", kind, place)
        place += -(-size // alignment) * alignment
    return out + bytes(-len(out) % alignment)
