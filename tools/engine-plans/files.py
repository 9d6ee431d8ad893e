"""A GGUF file without values: header, metadata and the list of tensors of a model, and as much emptiness as the tensors would take."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import gguf

from macros.formulas.tensors.names import file_name
from macros.formulas.weights.recipe import typed_tensors
from macros.specs.architectures import Architecture
from macros.specs.catalogue import Catalogue

ALIGNMENT = 32
AFTER_ATTENTION = {"ffn_norm": "post_attention_norm"}
RENAMED = {
    "gpt-oss": AFTER_ATTENTION, "glm4moe": AFTER_ATTENTION, "qwen3next": AFTER_ATTENTION, "seed_oss": AFTER_ATTENTION,
    "qwen35": AFTER_ATTENTION, "qwen35moe": AFTER_ATTENTION,
    "dbrx": {"ffn_norm": "attn_output_norm"},
    "falcon-h1": {"ffn_norm.weight": "ffn_norm"},
    "lfm2": {"output_norm": "token_embd_norm"}, "lfm2moe": {"output_norm": "token_embd_norm"},
}  # fmt: skip
"""Classes whose files call a tensor otherwise than the rest."""
NUMBERS = {"ffn_gate_tid2eid"}
"""Tables of whole numbers, of four bytes as those of full precision."""
U32, I32, F32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9


def write(path: Path, a: Architecture, quant: str, catalogue: Catalogue) -> None:
    """Write the file of a model in a preset of llama.cpp."""
    recipe = catalogue.quantizations[quant].recipe
    assert recipe is not None
    found: dict[str, tuple[list[int], str, int]] = {}
    for t in typed_tensors(a, recipe, catalogue.tensor_types, importance_matrix=False):
        for layer in t.layers:
            name = file_name(a, t.group.name, layer)
            for ours, theirs in RENAMED.get(a.engine_name, {}).items():
                name = name.replace(ours, theirs)
            kind = "I32" if t.group.name in NUMBERS else t.type.upper()
            shape, size = _shape(a, t.group), t.bytes_each
            if name in found and len(shape) == 1:
                # Biases of one fused matrix are one tensor.
                before = found[name]
                shape, size = [before[0][0] + shape[0]], before[2] + size
            found[name] = (shape, kind, size)
    tensors = []
    offset = 0
    for name, (shape, kind, size) in found.items():
        tensors.append((name, shape, gguf.GGMLQuantizationType[kind].value, offset))
        offset += -(-size // ALIGNMENT) * ALIGNMENT
    entries = _metadata(a)
    with path.open("wb") as file:
        file.write(b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(entries)))
        for key, value in entries.items():
            file.write(_text(key) + _value(value))
        for name, shape, kind, at in tensors:
            file.write(_text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, at))
        start = -(-file.tell() // ALIGNMENT) * ALIGNMENT
        file.truncate(start + offset)


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _plain(value: Any) -> tuple[int, bytes]:
    if isinstance(value, bool):
        return BOOL, struct.pack("<?", value)
    if isinstance(value, int):
        return U32, struct.pack("<I", value)
    if isinstance(value, float):
        return F32, struct.pack("<f", value)
    return STRING, _text(value)


def _value(value: Any) -> bytes:
    if not isinstance(value, list):
        kind, data = _plain(value)
        return struct.pack("<I", kind) + data
    kinds = [_plain(each) for each in value]
    return struct.pack("<IIQ", ARRAY, kinds[0][0] if kinds[0][0] != U32 else I32, len(value)) + b"".join(data for _, data in kinds)


def _shape(a: Architecture, group: Any) -> list[int]:
    if a.recurrent is not None and group.name in ("ssm_a", "ssm_d") and a.recurrent.kind == "mamba-2":
        return [1, group.row]
    if a.recurrent is not None and a.recurrent.kind == "kimi-delta" and group.name.startswith("ssm_conv1d"):
        return [group.row, 1, group.rows]
    if a.engine_name in ("kimi-linear", "bailingmoe3") and group.name == "ssm_a":
        return [1, group.row]
    if group.name == "time_mix_lerp_fused":
        return [group.row, 1, 1, group.rows * group.stack]
    shape = [group.row, group.rows, group.stack]
    while len(shape) > 1 and shape[-1] == 1:
        shape.pop()
    return shape


def _metadata(a: Architecture) -> dict[str, Any]:
    """What converters write for a class, as far as it decides memory; what a class does not know it ignores."""
    t, e, r, name = a.attention, a.experts, a.recurrent, a.engine_name
    layers = range(a.layers + a.prediction_layers)
    keys: dict[str, Any] = {
        "block_count": len(layers),
        "context_length": a.context_length,
        "embedding_length": a.hidden_size,
        "vocab_size": a.vocabulary_size,
        "attention.layer_norm_rms_epsilon": 1e-6,
        "attention.layer_norm_epsilon": 1e-6,
        "attention.group_norm_epsilon": 1e-6,
        "attention.head_count": [a.heads(layer) if a.attends(layer) else t.heads for layer in layers],
        "attention.head_count_kv": [a.kv_heads(layer) if a.attends(layer) else 0 for layer in layers],
        "attention.key_length": t.head_dim,
        "attention.value_length": t.value_dim or t.head_dim,
        "feed_forward_length": [a.feed_forward_size(layer) if a.has_dense(layer) else 0 for layer in layers],
        "rope.freq_base": 10000.0,
    }
    if len(set(keys["attention.head_count"])) == 1:
        keys["attention.head_count"] = t.heads
    if len(set(keys["attention.head_count_kv"])) == 1 or (r is not None and r.kind == "gated-delta-net"):
        keys["attention.head_count_kv"] = t.kv_heads
    if a.feed_forward is None or a.feed_forward.sizes is None:
        keys["feed_forward_length"] = a.feed_forward_size(0) if a.feed_forward is not None else (e.size if e is not None else 0)
        if a.feed_forward is not None and a.feed_forward.size_in_shared_cache_layers:
            keys["feed_forward_length"] = [a.feed_forward_size(layer) for layer in layers]
    if name in ("bitnet", "stablelm", "phi2"):
        keys["rope.dimension_count"] = t.head_dim
    if name == "phi3" and t.rope_factors:
        keys["rope.dimension_count"] = 2 * t.rope_factors
    if a.prediction_layers:
        keys["nextn_predict_layers"] = a.prediction_layers
    if t.window is not None:
        keys["attention.sliding_window"] = t.window.size
        pattern = [not a.sees_all(layer) for layer in layers]
        keys["attention.sliding_window_pattern"] = pattern
        keys["attention.key_length_swa"] = t.window.head_dim or t.head_dim
        keys["attention.value_length_swa"] = t.window.head_dim or t.head_dim
        keys["attention.chunk_size"] = t.window.size
    if t.latent is not None:
        latent = t.latent
        keys |= {
            "attention.q_lora_rank": latent.query_rank,
            "attention.kv_lora_rank": latent.kv_rank,
            "rope.dimension_count": latent.rope_dim,
            "attention.key_length": latent.kv_rank + latent.rope_dim,
            "attention.value_length": latent.kv_rank,
            "attention.key_length_mla": latent.nope_dim + latent.rope_dim,
            "attention.value_length_mla": latent.value_dim,
            "attention.head_count_kv": 1,
        }
        if latent.cached_whole:
            keys |= {"attention.key_length": latent.nope_dim + latent.rope_dim, "attention.value_length": latent.value_dim}
            keys["attention.head_count_kv"] = t.heads
    if t.indexer is not None:
        keys |= {
            "attention.indexer.head_count": t.indexer.heads,
            "attention.indexer.key_length": t.indexer.head_dim,
            "attention.indexer.top_k": t.indexer.top_k,
        }
    if t.shared_cache_layers:
        keys["attention.shared_kv_layers"] = t.shared_cache_layers
    if e is not None:
        keys |= {
            "expert_count": e.count,
            "expert_used_count": e.used,
            "expert_feed_forward_length": e.size,
            "expert_shared_feed_forward_length": e.shared_size,
            "expert_shared_count": e.shared_size // e.size if e.shared_size % e.size == 0 else 1,
            "expert_weights_norm": e.weights_normed,
            "expert_group_count": e.groups,
            "expert_group_used_count": e.groups_used,
            "expert_gating_func": 2 if e.selection_bias else 1,
            "interleave_moe_layer_step": e.every,
            "leading_dense_block_count": e.leading_dense_layers,
        }
        if e.weights_scaled:
            keys["expert_weights_scale"] = 2.5
        if e.width is not None:
            keys["moe_latent_size"] = e.width
        if name.startswith("granite"):
            keys["feed_forward_length"] = e.size
        for key, clamps in (("swiglu_clamp_exp", a.clamps_routed), ("swiglu_clamp_shexp", a.clamps_shared)):
            if any(clamps(layer) for layer in range(a.layers)):
                keys[key] = [7.0 if layer < a.layers and clamps(layer) else 0.0 for layer in layers]
    if t.compressed is not None:
        keys |= {
            "attention.q_lora_rank": t.compressed.query_rank,
            "attention.output_group_count": t.compressed.output_groups,
            "attention.output_lora_rank": t.compressed.output_rank,
            "attention.compress_ratios": [*t.compressed.rates, *[0] * a.prediction_layers],
            "attention.compress_rope_freq_base": 160000.0,
            "hash_layer_count": e.hash_layers if e is not None else 0,
            "expert_gating_func": 4,
            "rope.dimension_count": 64,
            "swiglu_clamp_exp": 10.0,
        }
    if a.hyper_connections > 1:
        keys |= {
            "hyper_connection.count": a.hyper_connections,
            "hyper_connection.sinkhorn_iterations": 20,
            "hyper_connection.epsilon": 1e-6,
        }
    if t.indexer is not None and t.indexer.pool is not None:
        keys["attention.indexer.kpool"] = t.indexer.pool
    if r is not None:
        keys |= {
            "ssm.conv_kernel": r.conv_kernel,
            "ssm.inner_size": r.inner_size,
            "ssm.state_size": r.state_size,
            "ssm.time_step_rank": r.heads if r.kind != "mamba-1" else r.rank,
            "ssm.group_count": r.groups,
            "shortconv.l_cache": r.conv_kernel,
            "kda.head_dim": r.inner_size // max(r.heads, 1),
        }
        attends = [layer for layer in layers if layer < a.layers and a.attends(layer)]
        if r.kind == "gated-delta-net" and len(attends) > 1:
            keys["full_attention_interval"] = attends[1] - attends[0]
    if a.per_layer_embeddings is not None or name == "gemma4":
        keys["embedding_length_per_layer_input"] = a.per_layer_embeddings.size if a.per_layer_embeddings is not None else 0
    if a.traits.picture_layers:
        keys["n_deepstack_layers"] = a.traits.picture_layers
    if a.blocks is not None:
        # A layer without key heads and without a block is taken for a recurrent one.
        routed = e.size if e is not None else 0
        sizes = [a.feed_forward_size(layer) if a.has_dense(layer) else routed if a.is_mixture(layer) else 0 for layer in layers]
        keys["feed_forward_length"] = sizes
    if r is not None and r.kind == "kimi-delta":
        keys |= {"attention.head_count": t.heads, "attention.head_count_kv": [0 if a.recurs(layer) else 1 for layer in layers]}
    if r is not None and r.kind == "rwkv-7":
        kinds = ("decay", "iclr", "value_residual_mix", "gate")
        keys |= {f"attention.{kind}_lora_rank": rank for kind, rank in zip(kinds, r.ranks, strict=True)}
        keys["wkv.head_size"] = r.state_size
    if name == "deci":
        keys["attention.head_count"] = [a.heads(layer) if a.attends(layer) else 0 for layer in layers]
    if name == "mimo2":
        keys |= {"attention.value_length_swa": a.value_dim(1)}
    if name == "bailingmoe3":
        keys |= {"kda.gate_lower_bound": -5.0}
    if name == "minimax-m3" and t.indexer is not None:
        keys |= {"attention.indexer.block_size": t.indexer.block, "attention.indexer.local_blocks": 1}
    if name in ("cohere2moe", "command-r", "cohere2", "muse-glimmer"):
        keys["logit_scale"] = 0.0625
    if name == "dbrx":
        keys["attention.clamp_kqv"] = 8.0
    if a.alternating_updates is not None:
        keys |= {
            "altup.num_inputs": a.alternating_updates.streams,
            "altup.active_idx": 0,
            "altup.lauren_rank": a.alternating_updates.low_rank,
        }
    if name in ("granite", "granitemoe", "granitehybrid", "minicpm"):
        keys |= {"embedding_scale": 12.0, "residual_scale": 0.22, "logit_scale": 8.0, "attention.scale": 0.0078125}
        keys["rope.scaling.finetuned"] = any(a.turns(layer) for layer in layers)
    if t.positions > 1:
        keys["rope.dimension_sections"] = [24, 20, 20, 0]
    if t.softcap:
        keys |= {"attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0}
    if name == "grok":
        keys |= {"router_logit_softcapping": 30.0}
    found = {"general.architecture": name, "tokenizer.ggml.model": "none"}
    return found | {f"{name}.{key}": value for key, value in keys.items()}
