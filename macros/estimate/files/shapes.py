"""The shapes of the model in a GGUF file: from the names and shapes of its tensors, and from what its metadata says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from macros.estimate.classes.base import pattern
from macros.estimate.classes.repeated import in_order, turns
from macros.estimate.files.gguf import FileTensor, Header
from macros.estimate.refused import Refused
from macros.specs.files import FileClass

Shapes = dict[str, Any]
Tensors = Mapping[str, FileTensor]
FIRST, LAST = -1, -2
MOST_LAYERS = 1000


@dataclass(frozen=True)
class Parts:
    """The tensors by layer, under their names in it; those of no layer apart."""

    outside: Tensors
    layers: tuple[Tensors, ...]


def parts_of(header: Header) -> Parts:
    """Sort the tensors by layer.

    Args:
        header: of the file

    Returns:
        The tensors by layer: `blk.3.attn_q.weight` is `attn_q` of layer 3, `blk.3.attn_q.bias` its `attn_q_bias`.
    """
    outside: dict[str, FileTensor] = {}
    layers: dict[int, dict[str, FileTensor]] = {}
    for tensor in header.tensors:
        words = tensor.name.split(".")
        if len(words) > 2 and words[0] == "blk" and _is_number(words[1]):
            layer = int(words[1])
            if layer >= MOST_LAYERS:
                raise Refused("gguf", f"at most {MOST_LAYERS} layers", tensor.name, "name a language model")
            layers.setdefault(layer, {})[_name(words[2:])] = tensor
        else:
            outside[_name(words)] = tensor
    nothing: dict[str, FileTensor] = {}
    return Parts(outside, tuple(layers.get(layer, nothing) for layer in range(max(layers, default=-1) + 1)))


def _is_number(word: str) -> bool:
    return word != "" and len(word) <= 4 and all(letter in "0123456789" for letter in word)


def _name(words: Sequence[str]) -> str:
    if words[-1] == "weight" and len(words) > 1:
        return ".".join(words[:-1])
    if words[-1] == "bias" and len(words) > 1:
        return ".".join(words[:-1]) + "_bias"
    return ".".join(words)


@dataclass(frozen=True)
class File:
    """What is asked while the shapes are put together."""

    header: Header
    parts: Parts
    engine: str
    kind: FileClass

    def said(self, key: str) -> Any:
        """A value of the class; None where there is none."""
        return self.header.values.get(f"{self.engine}.{key}")

    def whole(self, key: str, default: int | None = None, low: int = 1) -> int:
        """A whole number."""
        value = self.said(key)
        if value is None:
            value = default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= 10**12:
            raise Refused(f"gguf {self.engine}.{key}", f"a whole number from {low}", value, "name a file that was converted whole")
        return value

    def at(self, key: str, layer: int, default: int | None = None) -> int:
        """A whole number of a layer, where the value is one for each layer or one for all."""
        value = self.said(key)
        if isinstance(value, Sequence) and not isinstance(value, str):
            value = value[layer] if layer < len(value) else None
        elif value is not None and not isinstance(value, int):
            value = None
        if value is None:
            value = default
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10**12:
            raise Refused(f"gguf {self.engine}.{key}", f"a whole number for layer {layer}", value, "name a file that was converted whole")
        return value

    def has(self, layer: int, *names: str) -> bool:
        """Whether a layer has one of these tensors."""
        return any(name in self.parts.layers[layer] for name in names)

    def shape(self, layer: int, name: str) -> tuple[int, ...]:
        """The shape of a tensor: values of a row, rows, matrices."""
        tensor = self.parts.layers[layer].get(name)
        if tensor is None:
            raise Refused("gguf", f"{name} in layer {layer}", "none", "name a file that was converted whole")
        return (*tensor.shape, 1, 1)[:3]

    def recurs(self, layer: int) -> bool:
        """Whether a layer has a state."""
        return self.has(layer, "ssm_conv1d", "ssm_conv1d_q", "shortconv.conv", "ssm_in", "time_mix_key") or self.sums(layer)

    def sums(self, layer: int) -> bool:
        """Whether a layer has linear attention without a convolution before it."""
        return self.has(layer, "ssm_out") and not self.has(layer, "ssm_conv1d", "ssm_conv1d_q", "ssm_in")

    def attends(self, layer: int) -> bool:
        """Whether a layer has attention."""
        if self.has(layer, "attn_kv_a_mqa", "attn_kv"):
            return True
        return self.has(layer, "attn_q", "attn_qkv") and not (self.has(layer, "ssm_conv1d_q") or self.mixed(layer) or self.sums(layer))

    def mixed(self, layer: int) -> bool:
        """Whether the projection of a layer is that of a gated delta-net."""
        return self.has(layer, "ssm_conv1d") and self.has(layer, "ssm_beta", "ssm_ba", "ssm_alpha")

    def feeds(self, layer: int) -> bool:
        """Whether a layer has a dense block."""
        return self.has(layer, "ffn_up", "channel_mix_key")

    def mixes(self, layer: int) -> bool:
        """Whether a layer has experts."""
        return self.has(layer, "ffn_down_exps")


def shapes_of(header: Header, parts: Parts, kind: FileClass) -> Shapes:
    """The shapes of the model in a file, as `Architecture` takes them.

    Args:
        header: of the file
        parts: its tensors by layer
        kind: what the engine knows of the class that the file does not say

    Returns:
        The shapes; raises Refused for what does not fit together.
    """
    f = File(header, parts, str(header.values.get("general.architecture")), kind)
    stacked = f.said("hrm.layers_per_stack") is not None
    # Such a file counts runs of layers, and holds each layer once.
    blocks = 2 * f.whole("hrm.layers_per_stack") if stacked else f.whole("block_count")
    ahead = f.whole("nextn_predict_layers", default=0, low=0)
    layers = blocks - ahead if ahead < blocks else blocks
    if f.whole("num_loops", default=1) > 1:
        raise Refused(f"gguf {f.engine}.num_loops", "layers that are gone through once", f.said("num_loops"))
    if len(parts.layers) not in (layers, blocks) or any(not tensors for tensors in parts.layers):
        held = sum(1 for tensors in parts.layers if tensors)
        raise Refused("gguf", f"tensors of {blocks} layers", held, "name a file that was converted whole")
    embedding = parts.outside.get("token_embd")
    if embedding is None or len(embedding.shape) < 2:
        raise Refused("gguf", "an embedding table, token_embd.weight", "none", "name a language model")
    shapes: Shapes = {
        "engine_name": f.engine,
        "layers": layers,
        "hidden_size": embedding.shape[0],
        "vocabulary_size": embedding.shape[1],
        "context_length": f.whole("context_length"),
        "tied_embeddings": "output" not in parts.outside,
        "norms": _norms(f),
        "norm_biases": "output_norm_bias" in parts.outside,
        "position_embeddings": "position_embd" in parts.outside,
        "embedding_norm": "token_embd_norm" in parts.outside and "output_norm" in parts.outside,
        "output_bias": "output_bias" in parts.outside,
        "layer_scale": f.has(0, "layer_output_scale"),
        "prediction_layers": len(parts.layers) - layers,
        "prediction_embeddings": layers < len(parts.layers) and f.has(layers, "nextn.embed_tokens"),
    }
    every = list(range(layers))
    attending, recurring = [layer for layer in every if f.attends(layer)], [layer for layer in every if f.recurs(layer)]
    both = [layer for layer in every if (f.attends(layer) or f.recurs(layer)) and (f.feeds(layer) or f.mixes(layer))]
    if not both:
        shapes["blocks"] = "".join(_letter(f, layer) for layer in every)
    shapes["attention"] = _attention(f, shapes, attending)
    if both and len(attending) < layers:
        shapes["attention"]["layers"] = pattern(attending, layers)
    dense, mixtures = [layer for layer in every if f.feeds(layer)], [layer for layer in every if f.mixes(layer)]
    if dense:
        blockless = any(not (f.feeds(layer) or f.mixes(layer)) for layer in every)
        skips = bool(both) and (blockless or (len(attending) < layers and not recurring))
        shapes["feed_forward"] = _feed_forward(f, shapes, dense, skips=skips)
    if mixtures:
        shapes["experts"] = _experts(f, shapes, mixtures, dense)
    if recurring:
        shapes["recurrent"] = _recurrent(f, recurring[0])
        if bool(both) and f.attends(recurring[0]):
            shapes["recurrent"]["beside_attention"] = True
    runs = f.said("ple.layers")
    if isinstance(runs, list) and "per_layer_token_embd" in parts.outside:
        size, rows = (*parts.outside["per_layer_token_embd"].shape, 1)[:2]
        longest, kernel = f.whole("ple.ngram_size"), f.whole("ple.conv_kernel")
        shapes["run_embeddings"] = {"layers": {"indices": runs}, "rows": rows, "size": size, "longest": longest, "conv_kernel": kernel}
    elif "per_layer_token_embd" in parts.outside:
        shapes["per_layer_embeddings"] = {"size": f.whole("embedding_length_per_layer_input")}
    if "position_embd" in parts.outside:
        shapes["positions_beyond"] = max(0, parts.outside["position_embd"].shape[1] - shapes["context_length"])
    if f.has(0, "hc_attn_fn"):
        streams = f.shape(0, "hc_attn_fn")[0] // shapes["hidden_size"]
        shapes |= {"hyper_connections": streams, "hyper_mixing": f.shape(0, "hc_attn_fn")[1] == (2 + streams) * streams}
        shapes["hyper_head"] = "output_hc_fn" in parts.outside
    if f.has(0, "hc_attn_down"):
        wide, rank, _ = f.shape(0, "hc_attn_down")
        shapes |= {"hyper_connections": wide // shapes["hidden_size"], "hyper_rank": rank}
    if "output_res_score" in parts.outside:
        shapes["block_residuals"] = True
    if "altup_proj" in parts.outside:
        shapes["alternating_updates"] = {"streams": f.whole("altup.num_inputs"), "low_rank": f.shape(0, "laurel_l")[1]}
    return _in_turns(f, shapes) if stacked else shapes


def _in_turns(f: File, shapes: Shapes) -> Shapes:
    """Two stacks of layers that run by turns."""
    each, cycles, inner = f.whole("hrm.layers_per_stack"), f.whole("hrm.h_cycles"), f.whole("hrm.l_cycles")
    runs = each * cycles * (inner + 1)
    if not runs <= MOST_LAYERS or runs != f.whole("block_count"):
        raise Refused(f"gguf {f.engine}.block_count", f"all {runs} runs of layers, at most {MOST_LAYERS}", f.said("block_count"))
    return {**in_order(shapes, turns(each, cycles, inner)), "start_vector": "hrm.z_l_init" in f.parts.outside}


def _letter(f: File, layer: int) -> str:
    return "M" if f.recurs(layer) else "*" if f.attends(layer) else "E" if f.mixes(layer) else "-"


def _norms(f: File) -> str:
    before, after = f.has(0, "attn_norm"), f.has(0, "post_attention_norm") and f.has(0, "post_ffw_norm")
    if before and after:
        return "both"
    if after or f.said("swin_norm") is True:
        return "after"
    if not before:
        return "none"
    alone = not f.has(0, "ffn_norm", "attn_norm_2", "post_attention_norm") and (f.feeds(0) or f.mixes(0)) and (f.attends(0) or f.recurs(0))
    return "shared" if alone else "before"


def _attention(f: File, shapes: Shapes, attending: Sequence[int]) -> Shapes:
    if not attending:
        return {"heads": 1, "kv_heads": 1, "head_dim": shapes["hidden_size"]}
    window = _window(f, shapes["layers"])
    full = [layer for layer in attending if window is None or layer in window] or list(attending)
    first = full[0]
    if f.has(first, "attn_kv"):
        return _compressed(f, shapes, attending)
    latent = f.has(first, "attn_kv_a_mqa")
    found = _latent(f, first) if latent else _heads(f, shapes, full, "key_length", "value_length")
    found |= _marks(f, shapes, first, found)
    scoring = [layer for layer in attending if f.has(layer, "indexer.q_proj")]
    if scoring:
        found["indexer"] = _blocks_picked(f, scoring, len(attending))
    if window is not None:
        windowed = [layer for layer in attending if layer not in window]
        if not latent:
            found["window"] = _windowed(f, shapes, windowed, window, found)
        elif windowed:
            found["window"] = _latent_windows(f, shapes, windowed, window)
    shared = f.whole("attention.shared_kv_layers", default=0, low=0)
    if shared > 0:
        found["shared_cache_layers"] = shared
        found["shared_cache_projections"] = f.has(shapes["layers"] - 1, "attn_k")
    unturned = _unturned(f, window, shapes["layers"])
    if unturned is not None:
        found["no_position_layers"] = unturned
    return found


def _heads(f: File, shapes: Shapes, layers: Sequence[int], key: str, value: str) -> Shapes:
    """Heads of some layers; layer by layer where they vary."""
    first = layers[0]
    heads = f.at("attention.head_count", first)
    groups = f.at("attention.head_count_kv", first, default=heads)
    if heads == 0 or groups == 0:
        raise Refused("gguf", f"heads in layer {first}", heads, "name a file that was converted whole")
    size = f.at(f"attention.{key}", first, default=f.at("attention.key_length", first, default=shapes["hidden_size"] // heads))
    found: Shapes = {"heads": heads, "kv_heads": groups, "head_dim": size}
    every = range(shapes["layers"])
    queries = [f.at("attention.head_count", layer, default=heads) for layer in every]
    stored = [f.at("attention.head_count_kv", layer, default=queries[layer]) for layer in every]
    if any(queries[layer] != heads or stored[layer] != groups for layer in layers):
        found |= {"heads_by_layer": queries, "kv_heads_by_layer": stored}
    values = f.at(f"attention.{value}", first, default=size)
    if values != size:
        found["value_dim"] = values
    return found


def _latent(f: File, layer: int, kind: str = "") -> Shapes:
    """Latent attention of a layer; `kind` ends the names of what the layers of a window have of their own."""
    heads, rope = f.at("attention.head_count", layer), f.whole("rope.dimension_count", low=0)
    rank = f.whole(f"attention.kv_lora_rank{kind}")
    whole = f.at(f"attention.key_length_mla{kind}", layer, default=f.at("attention.key_length", layer, default=0))
    value = f.at(f"attention.value_length_mla{kind}", layer, default=f.at("attention.value_length", layer, default=0))
    if heads == 0 or whole <= rope or value == 0:
        key = f"gguf {f.engine}.attention.key_length_mla{kind}"
        raise Refused(key, f"more than the {rope} turned values", whole, "convert the model again")
    found: Shapes = {
        "query_rank": f.whole("attention.q_lora_rank", default=0, low=0),
        "kv_rank": rank,
        "nope_dim": whole - rope,
        "rope_dim": rope,
        "value_dim": value,
    }
    if f.has(layer, "attn_kv_b") and not f.has(layer, "attn_k_b"):
        found["cached_whole"] = True
    if f.has(layer, "attn_k_norm"):
        found["rope_norm"] = True
    shapes: Shapes = {"heads": heads, "kv_heads": heads, "head_dim": whole, "latent": found}
    if kind == "" and f.said("attention.indexer.head_count") is not None:
        scoring = [index for index in range(len(f.parts.layers)) if f.has(index, "indexer.attn_k")]
        shapes["indexer"] = {
            "heads": f.whole("attention.indexer.head_count"),
            "head_dim": f.whole("attention.indexer.key_length"),
            "top_k": f.whole("attention.indexer.top_k"),
        }
        pool = f.said("attention.indexer.kpool")
        if pool is not None:
            # Its cache keeps the key, the gate's logits and the pooled key.
            shapes["indexer"] |= {"pool": f.whole("attention.indexer.kpool"), "cached": 3}
        if len(scoring) < sum(1 for index in range(len(f.parts.layers)) if f.attends(index)):
            shapes["indexer"]["layers"] = {"indices": scoring}
    return shapes


def _compressed(f: File, shapes: Shapes, attending: Sequence[int]) -> Shapes:
    """One key for all heads, of the last tokens as they are and of older ones several in one."""
    size, query = f.shape(0, "attn_kv")[1], f.shape(0, "attn_q_b")
    inside, _, groups = f.shape(0, "attn_output_a")
    heads = query[1] // size
    if heads == 0 or inside == 0 or heads * size % inside:
        raise Refused("gguf", "an output matrix of groups of heads in layer 0", inside, "name a file that was converted whole")
    groups = heads * size // inside if groups == 1 else groups
    rates = [f.shape(layer, "attn_compressor_ape")[1] if f.has(layer, "attn_compressor_ape") else 0 for layer in attending]
    picking = [layer for layer in attending if f.has(layer, "indexer.proj")]
    found: Shapes = {
        "heads": heads,
        "kv_heads": 1,
        "head_dim": size,
        "window": {"size": f.whole("attention.sliding_window"), "full_layers": {"indices": []}},
        "compressed": {
            "query_rank": query[0],
            "output_groups": groups,
            "output_rank": f.shape(0, "attn_output_b")[0] // groups,
            "rates": rates,
            "indexed_rate": rates[picking[0]] if picking else max(1, *rates),
        },
    }
    if picking:
        scorers = f.shape(picking[0], "indexer.proj")[1]
        found["indexer"] = {
            "heads": scorers,
            "head_dim": f.shape(picking[0], "indexer.attn_q_b")[1] // scorers,
            "top_k": f.whole("attention.indexer.top_k"),
        }
    return found


def _blocks_picked(f: File, scoring: Sequence[int], attending: int) -> Shapes:
    """A scorer beside ordinary heads, which picks blocks of tokens."""
    size, budget = f.shape(scoring[0], "indexer.q_norm")[0], f.whole("attention.indexer.top_k")
    found: Shapes = {"heads": f.shape(scoring[0], "indexer.q_proj")[1] // size, "head_dim": size}
    if f.said("attention.indexer.block_size") is None:
        # It counts tokens, not blocks, and its cache keeps the key of each token and that of its block.
        block = f.at("attention.compress_ratios", scoring[0])
        if block == 0:
            raise Refused(f"gguf {f.engine}.attention.compress_ratios", f"tokens of a block in layer {scoring[0]}", block)
        found |= {"top_k": max(1, budget // block), "block": block, "cached": 2}
    else:
        # Beside the key of each token there is room for as much again.
        found |= {"top_k": budget, "block": f.whole("attention.indexer.block_size"), "cached": 2}
    if len(scoring) < attending:
        found["layers"] = {"indices": list(scoring)}
    return found


def _marks(f: File, shapes: Shapes, first: int, heads: Shapes) -> Shapes:
    """What the tensors of a layer show of its attention."""
    found: Shapes = {}
    wide = heads["heads"] * heads["head_dim"]
    if f.has(first, "attn_q_bias", "attn_qkv_bias"):
        found["qkv_bias"] = True
    if f.has(first, "attn_output_bias"):
        found["output_bias"] = True
    if f.has(first, "attn_q_norm"):
        normed = f.shape(first, "attn_q_norm")
        if f.has(first, "attn_q_norm_bias"):
            found["qk_norm_biases"] = True
        found["qk_norm"] = f.kind.qk_norm or ("whole" if normed[0] * normed[1] > heads["head_dim"] else "per-head")
    if f.has(first, "attn_qkv"):
        found["fused_qkv"] = True
    values = heads["kv_heads"] * (heads["head_dim"] + heads.get("value_dim", heads["head_dim"]))
    if f.has(first, "attn_q") and f.shape(first, "attn_q")[1] == 2 * wide:
        found["output_gate"] = True
    if f.has(first, "attn_qkv") and f.shape(first, "attn_qkv")[1] == 2 * wide + values:
        found["output_gate"] = True
    if f.has(first, "attn_gate"):
        found["gate"] = "per-head" if f.shape(first, "attn_gate")[1] == heads["heads"] else "per-value"
    if f.has(first, "attn_sinks"):
        found["sinks"] = True
    if f.has(first, "attn_sub_norm"):
        found["sub_norm"] = True
    if not f.has(first, "attn_v", "attn_qkv", "attn_kv_a_mqa"):
        found["value_is_key"] = True
    if f.said("attn_logit_softcapping") not in (None, 0, 0.0):
        found["softcap"] = True
    if f.said("rope.dimension_sections") is not None:
        found["positions"] = 4
    for name, sets in (("rope_freqs", 1), ("rope_factors_long", 2)):
        if name in f.parts.outside:
            found |= {"rope_factors": f.parts.outside[name].shape[0], "rope_factor_sets": sets}
    return found


def _window(f: File, layers: int) -> list[int] | None:
    """The layers that see everything, where others see a window; None where all do."""
    listed, size = f.said("attention.sliding_window_pattern"), _window_size(f)
    if f.kind.window_layers is not None and layers != f.kind.window_layers:
        return None
    if f.kind.window_everywhere and size > 0:
        return []
    if size == 0 or (not f.kind.window_every and not isinstance(listed, list)):
        return None
    if isinstance(listed, list):
        full = [layer for layer in range(layers) if layer >= len(listed) or not listed[layer]]
    else:
        every = listed if isinstance(listed, int) and listed > 0 else f.kind.window_every or 1
        full = list(range(0 if f.kind.window_first else every - 1, layers, every))
    return None if len(full) == layers else full


def _window_size(f: File) -> int:
    usual = 0 if f.kind.window_fixed else f.kind.window or 0
    size = f.whole("attention.sliding_window", default=usual, low=0)
    return f.kind.window or size if f.kind.window_fixed and size > 0 else size


def _windowed(f: File, shapes: Shapes, layers: Sequence[int], full: list[int], whole: Shapes) -> Shapes:
    found: Shapes = {"size": _window_size(f), "full_layers": pattern(full, shapes["layers"])}
    if f.kind.window_chunked:
        found["kind"] = "chunked"
    if not layers:
        return found
    own = _heads(f, shapes, layers, "key_length_swa", "value_length_swa")
    if "heads_by_layer" in own and "heads_by_layer" not in whole:
        raise Refused("gguf", "as many heads in all layers with a window", "others", "name a model whose layers are alike")
    found |= {name: own[name] for name in ("heads", "kv_heads", "head_dim") if own[name] != whole[name]}
    if f.has(layers[0], "attn_sinks") and "sinks" not in whole:
        found["sinks"] = True
    return found


def _latent_windows(f: File, shapes: Shapes, layers: Sequence[int], full: list[int]) -> Shapes:
    """Layers that see a window, with latent attention of other widths."""
    own = _latent(f, layers[0], "_swa")
    return {"size": _window_size(f), "full_layers": pattern(full, shapes["layers"]), **own}


def _unturned(f: File, full: list[int] | None, layers: int) -> Shapes | None:
    """The layers that attend without positions."""
    if f.kind.unturned == "whole":
        return None if full is None else pattern(full, layers)
    if f.kind.unturned == "said":
        return {"every": 1} if f.said("rope.scaling.finetuned") is False else None
    if f.kind.unturned_every is None:
        return None
    return {"every": f.kind.unturned_every}


def _feed_forward(f: File, shapes: Shapes, dense: Sequence[int], *, skips: bool) -> Shapes:
    first = dense[0]
    if f.has(first, "channel_mix_key"):
        return {"size": f.shape(first, "channel_mix_key")[1], "gated": False}
    fused = not f.has(first, "ffn_gate") and f.shape(first, "ffn_up")[1] == 2 * f.shape(first, "ffn_down")[0]
    wide = {layer: f.shape(layer, "ffn_down")[0] for layer in dense}
    found: Shapes = {"size": wide[first], "gated": fused or f.has(first, "ffn_gate"), "fused_gate_up": fused}
    if f.has(first, "ffn_up_bias"):
        found["biases"] = True
    if f.has(first, "ffn_sub_norm"):
        found["sub_norm"] = True
    if f.said("xielu.alpha_p") is not None:
        found["activation_values"] = 4
    shared = shapes["attention"].get("shared_cache_layers", 0)
    ends = {wide[layer] for layer in dense if layer >= shapes["layers"] - shared}
    begins = {wide[layer] for layer in dense if layer < shapes["layers"] - shared}
    if skips or len(begins) > 1 or len(ends) > 1:
        found["sizes"] = [wide.get(layer, 0) for layer in range(shapes["layers"])]
        found["size"] = max(found["sizes"])
    elif ends and begins and ends != begins:
        found["size_in_shared_cache_layers"] = max(ends)
    return found


def _experts(f: File, shapes: Shapes, mixtures: Sequence[int], dense: Sequence[int]) -> Shapes:
    first = mixtures[0]
    size, inside, count = f.shape(first, "ffn_down_exps")
    fused = f.has(first, "ffn_gate_up_exps")
    normed = f.said("expert_weights_norm")
    scale, groups = f.said("expert_weights_scale"), f.whole("expert_group_count", default=1, low=0)
    beside = first in dense and f.has(first, "ffn_down")
    found: Shapes = {
        "count": count,
        "used": max(f.at("expert_used_count", layer) for layer in mixtures),
        "size": size,
        "gated": fused or f.has(first, "ffn_gate_exps"),
        "fused_gate_up": fused,
        "shared_size": f.shape(first, "ffn_down_shexp")[0] if f.has(first, "ffn_down_shexp") else 0,
        "shared_gate": f.has(first, "ffn_gate_inp_shexp"),
        "selection_bias": f.has(mixtures[-1], "exp_probs_b", "exp_probs_b_bias"),
        "weights_normed": bool(normed) if normed is not None else f.kind.experts_normed,
        "weights_scaled": scale not in (None, 0, 0.0, 1, 1.0),
        "biases": f.has(first, "ffn_down_exps_bias"),
        "half_router": f.parts.layers[first]["ffn_gate_inp"].type == 1 if f.has(first, "ffn_gate_inp") else False,
        "beside_dense": beside,
        "beside_norms": not beside or f.has(first, "pre_ffw_norm_2"),
        "own_norm": f.has(first, "ffn_norm_exps"),
    }
    hashed = [layer for layer in mixtures if f.has(layer, "ffn_gate_tid2eid")]
    if hashed:
        found["hash_layers"] = len(hashed)
    if inside != shapes["hidden_size"] or f.has(first, "ffn_latent_down", "ffn_routed_down"):
        found |= {"width": inside, "width_norm": f.has(first, "ffn_routed_norm")}
    if groups > 1:
        found |= {"groups": groups, "groups_used": f.whole("expert_group_used_count", default=groups)}
    if "blocks" not in shapes:
        found |= _mixture_layers(mixtures, shapes["layers"])
    for name, key in (("clamped_layers", "swiglu_clamp_exp"), ("shared_clamped_layers", "swiglu_clamp_shexp")):
        limits = f.said(key)
        if isinstance(limits, list) and any(limits):
            found[name] = {"indices": [layer for layer in range(shapes["layers"]) if layer < len(limits) and limits[layer]]}
    return found


def _mixture_layers(mixtures: Sequence[int], layers: int) -> Shapes:
    first = mixtures[0]
    if list(mixtures) == list(range(first, layers)):
        return {"leading_dense_layers": first}
    found = pattern(list(mixtures), layers)
    return found if "every" in found else {"layers": found}


def _recurrent(f: File, layer: int) -> Shapes:
    if f.has(layer, "shortconv.conv"):
        return {"kind": "short-convolution", "conv_kernel": f.whole("shortconv.l_cache")}
    if f.has(layer, "time_mix_key"):
        return _time_mix(f, layer)
    if f.has(layer, "ssm_conv1d_q"):
        inner, head = f.shape(layer, "attn_q")[1], f.whole("kda.head_dim")
        rank = f.shape(layer, "ssm_f_a")[1] if f.has(layer, "ssm_f_b") else 0
        return {
            "kind": "kimi-delta",
            "conv_kernel": f.whole("ssm.conv_kernel"),
            "inner_size": inner,
            "heads": inner // head,
            "groups": inner // head,
            "state_size": head,
            "rank": rank,
            "full_gate": f.has(layer, "ssm_g"),
        }
    if f.sums(layer):
        inner, heads = f.shape(layer, "ssm_out")[0], max(f.at("attention.head_count", one, default=1) for one in range(len(f.parts.layers)))
        return {"kind": "lightning", "conv_kernel": 1, "inner_size": inner, "heads": heads, "state_size": inner // max(heads, 1)}
    found: Shapes = {
        "conv_kernel": f.whole("ssm.conv_kernel"),
        "inner_size": f.whole("ssm.inner_size"),
        "state_size": f.whole("ssm.state_size"),
    }
    if not f.mixed(layer) and not f.has(layer, "ssm_conv1d_bias"):
        found["conv_bias"] = False
    if f.has(layer, "ssm_x"):
        return found | {"kind": "mamba-1", "rank": f.whole("ssm.time_step_rank"), "norm": f.has(layer, "ssm_dt_norm")}
    found |= {"heads": f.whole("ssm.time_step_rank"), "groups": f.whole("ssm.group_count"), "norm": f.has(layer, "ssm_norm")}
    if f.mixed(layer):
        return found | {"kind": "gated-delta-net", "fused_beta_alpha": f.has(layer, "ssm_ba")}
    return found | {"kind": "mamba-2"}


def _time_mix(f: File, layer: int) -> Shapes:
    """RWKV's mix of tokens; the second layer shows what the first has only copies of."""
    head, inner = f.whole("wkv.head_size"), f.shape(layer, "time_mix_receptance")[1]
    sixth = f.has(layer, "time_mix_decay_w1")
    if sixth:
        ranks = [f.shape(layer, "time_mix_w2")[0], f.shape(layer, "time_mix_decay_w1")[1]]
    else:
        second = layer + 1 if layer + 1 < len(f.parts.layers) else layer
        ranks = [f.shape(second, f"time_mix_{name}1")[1] for name in ("w", "a", "v", "g") if f.has(second, f"time_mix_{name}1")]
    keys = f.shape(layer, "time_mix_key")[1]
    return {
        "kind": "rwkv-6" if sixth else "rwkv-7",
        "shifts": f.whole("token_shift_count", default=2),
        "conv_kernel": 2,
        "inner_size": inner,
        "heads": inner // head,
        "groups": keys // head if keys < inner else 0,
        "state_size": head,
        "ranks": ranks,
        "norm": f.has(layer, "time_mix_ln"),
        "input_bias": f.has(layer, "time_mix_key_bias"),
    }
