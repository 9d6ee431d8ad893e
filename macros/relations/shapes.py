"""Sizes of models and of their classes, by the names that configurations give them: what hardware computes at once, and what heads hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from macros.formulas.remember import by_identity
from macros.relations.ratios import Relation, Rule, Slip
from macros.specs import Catalogue
from macros.specs.architectures import Architecture
from macros.specs.errors import in_words, nearest
from macros.specs.record import numbers_in


class Bounds(NamedTuple):
    """What a size is, whatever the model."""

    least: int
    most: int
    step: int = 1
    """It is a whole multiple of this; 0: it need not be whole."""


LAYERS, HEADS, HEAD = Bounds(1, 256), Bounds(1, 256), Bounds(16, 576, 8)
RANK, WIDTH, EXPERTS = Bounds(64, 8192, 32), Bounds(64, 65536), Bounds(1, 1024)
EVERY, KERNEL, STATE = Bounds(1, 16), Bounds(2, 16), Bounds(8, 512, 8)
BOUNDS: dict[str, Bounds] = {
    **dict.fromkeys(("layers", "num_hidden_layers", "n_layer", "n_layers", "num_layers", "num_kv_shared_layers"), LAYERS),
    **dict.fromkeys(("heads", "kv_heads", "num_attention_heads", "num_key_value_heads", "n_head", "n_heads", "attention_heads"), HEADS),
    **dict.fromkeys(("swa_num_attention_heads", "swa_num_key_value_heads", "num_heads", "linear_num_heads", "mamba_n_heads"), HEADS),
    **dict.fromkeys(("linear_num_key_heads", "linear_num_value_heads", "mamba_num_heads"), HEADS),
    **dict.fromkeys(("index_n_heads",), Bounds(1, 128)),
    **dict.fromkeys(("head_dim", "nope_dim", "value_dim", "v_head_dim", "qk_nope_head_dim", "swa_head_dim", "global_head_dim"), HEAD),
    **dict.fromkeys(("linear_key_head_dim", "linear_value_head_dim", "linear_head_dim", "mamba_head_dim", "index_head_dim"), HEAD),
    **dict.fromkeys(("swa_qk_nope_head_dim", "swa_v_head_dim"), HEAD),
    **dict.fromkeys(("rope_dim", "qk_rope_head_dim", "rotary_dim"), Bounds(8, 256, 8)),
    **dict.fromkeys(("kv_rank", "kv_lora_rank", "swa_kv_lora_rank"), Bounds(64, 2048, 32)),
    **dict.fromkeys(
        ("query_rank", "q_lora_rank", "swa_q_lora_rank", "output_rank", "o_lora_rank", "laurel_rank", "low_rank", "rank"), RANK
    ),
    **dict.fromkeys(("hidden_size", "d_model", "n_embd"), Bounds(64, 32768, 32)),
    **dict.fromkeys(("intermediate_size", "ffn_dim", "ffn_hidden_size", "dense_intermediate_size", "intermediate_size_mlp"), WIDTH),
    **dict.fromkeys(("moe_intermediate_size", "expert_ffn_hidden_size", "shared_expert_intermediate_size", "inner_size"), WIDTH),
    **dict.fromkeys(("vocabulary_size", "vocab_size", "vocab_size_per_layer_input"), Bounds(256, 400_000)),
    **dict.fromkeys(("context_length", "max_position_embeddings", "n_positions", "max_seq_len"), Bounds(512, 2**24)),
    **dict.fromkeys(
        ("count", "n_routed_experts", "num_experts", "num_local_experts", "moe_num_experts", "zero_expert_num", "idle"), EXPERTS
    ),
    **dict.fromkeys(("used", "num_experts_per_tok", "moe_topk", "moe_k"), Bounds(1, 32)),
    **dict.fromkeys(("n_shared_experts", "num_shared_experts", "moe_num_shared_experts", "num_shared_expert"), Bounds(1, 8)),
    **dict.fromkeys(("n_group", "topk_group", "groups_used", "output_groups", "o_groups"), Bounds(1, 32)),
    **dict.fromkeys(("first_k_dense_replace", "leading_dense_layers", "hash_layers", "num_dense_layers"), Bounds(1, 12)),
    **dict.fromkeys(("every", "window_every", "unturned_every", "sliding_window_pattern", "full_attention_interval"), EVERY),
    **dict.fromkeys(("decoder_sparse_step", "global_attn_every_n_layers", "no_rope_layer_interval", "layer_group_size"), EVERY),
    **dict.fromkeys(("attn_layer_offset", "attn_layer_period", "expert_layer_offset", "expert_layer_period"), EVERY),
    **dict.fromkeys(("interleave_moe_layer_step", "moe_layer_interval", "moe_layer_start_index"), EVERY),
    **dict.fromkeys(("conv_kernel", "linear_conv_kernel_dim", "mamba_d_conv", "short_conv_kernel_size", "conv_L_cache"), KERNEL),
    **dict.fromkeys(("conv1d_width",), KERNEL),
    **dict.fromkeys(("mamba_d_state", "ssm_state_size", "state_size"), STATE),
    **dict.fromkeys(("mamba_expand", "expand", "expansion_ratio", "positions_beyond", "cached"), Bounds(1, 8)),
    **dict.fromkeys(("hc_mult", "hyper_connections", "positions", "streams", "altup_num_inputs", "activation_values"), Bounds(1, 8)),
    **dict.fromkeys(("top_k", "index_topk", "index_topk_blocks"), Bounds(8, 4096, 8)),
    **dict.fromkeys(("pool", "index_kpool"), Bounds(1, 64)),
    **dict.fromkeys(("block", "index_block_size"), Bounds(16, 512, 16)),
    "picture_layers": Bounds(1, 8),
    "routed_scaling_factor": Bounds(1, 8, 0),
}
"""Name of a size -> what it can be; 0 means that there is none."""
WINDOWS = ("sliding_window", "attention_window_size", "attention_chunk_size", "window")


def bounded(record: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """Each size that has a name known here lies within what it can be."""
    for at, value in numbers_in(record):
        bounds = BOUNDS.get(str(at[-1]))
        if not value or "indices" in at or bounds is None:
            continue
        if not bounds.least <= value <= bounds.most or (bounds.step and value % bounds.step):
            step = f", a whole multiple of {bounds.step}" if bounds.step > 1 else ""
            yield Slip(at, f"{bounds.least} to {bounds.most}{step}", f"{value:g}")


def window(size: int) -> bool:
    """Whether a window is a power of two or three quarters of one; some count the token itself."""
    return any(one > 0 and (one & (one - 1) == 0 or (one % 3 == 0 and (one // 3) & (one // 3 - 1) == 0)) for one in (size, size - 1))


def heads_fill(at: tuple[str | int, ...], sizes: dict[str, Any]) -> Iterator[Slip]:
    """Heads are about as wide together as the residual stream; those of the cache divide them."""
    heads, head, hidden = (sizes.get(key) for key in ("num_attention_heads", "head_dim", "hidden_size"))
    cached = sizes.get("num_key_value_heads")
    if heads and cached and heads % cached:
        yield Slip((*at, "num_key_value_heads"), f"a divisor of {heads} heads", f"{cached}")
    if heads and head and hidden and not 0.25 <= heads * head / hidden <= 12:
        yield Slip((*at, "num_attention_heads"), f"heads that are together 0.25 to 12 times as wide as {hidden}", f"{heads} of {head}")
    if heads and hidden and not head and not 16 <= hidden / heads <= 1024:
        yield Slip((*at, "num_attention_heads"), f"heads of 16 to 1024 in a width of {hidden}", f"{heads}")
    inner = sizes.get("intermediate_size")
    if inner and hidden and not 0.1 <= inner / hidden <= 12:
        yield Slip((*at, "intermediate_size"), f"0.1 to 12 times the width of {hidden}", f"{inner}")
    used = sizes.get("num_experts_per_tok")
    experts = next((sizes[key] for key in ("n_routed_experts", "num_experts", "num_local_experts") if sizes.get(key)), None)
    if used and experts and experts > 1 and used > experts * (0.5 if experts > 8 else 0.75):
        yield Slip((*at, "num_experts_per_tok"), f"at most half of {experts} experts, or three quarters of up to eight", f"{used}")


EXPERT_COUNTS = ("n_routed_experts", "num_experts", "num_local_experts", "moe_num_experts")
LENGTHS = ("max_position_embeddings", "n_positions", "max_seq_len")


def _first(sizes: dict[str, Any], keys: tuple[str, ...]) -> Any:
    return next((sizes[key] for key in keys if sizes.get(key)), None)


def parts(at: tuple[str | int, ...], sizes: dict[str, Any]) -> Iterator[Slip]:
    """Layers, experts and their groups have the proportions of all others."""
    hidden, layers = _first(sizes, ("hidden_size", "n_embd", "d_model")), sizes.get("num_hidden_layers")
    experts, groups, heads = _first(sizes, EXPERT_COUNTS), sizes.get("n_group"), sizes.get("n_head")
    within: tuple[tuple[str, Any, float, float, str], ...] = (
        ("num_hidden_layers", hidden and layers and hidden / layers, 16, 400, "a width of 16 to 400 for each layer"),
        ("moe_intermediate_size", _over(sizes, "moe_intermediate_size", hidden), 0, 2, "at most twice the width"),
        ("shared_expert_intermediate_size", _over(sizes, "shared_expert_intermediate_size", hidden), 0, 3, "at most three times the width"),
        ("first_k_dense_replace", _over(sizes, "first_k_dense_replace", layers), 0, 0.15, "the first few layers"),
        ("n_group", groups and experts and experts % groups, 0, 0, f"a divisor of {experts} experts"),
        ("topk_group", _over(sizes, "topk_group", groups), 0, 1, f"at most the {groups} groups"),
        ("n_head", hidden and heads and hidden / heads, 8, 256, f"heads of 8 to 256 in a width of {hidden}"),
    )
    for key, value, least, most, expected in within:
        if sizes.get(key) and value is not None and not least <= value <= most:
            yield Slip((*at, key), expected, f"{sizes[key]}")


def _over(sizes: dict[str, Any], key: str, of: float | None) -> float | None:
    value = sizes.get(key)
    widest = max(value) if isinstance(value, list) and value else value
    return widest / of if widest and of else None


def lengths(at: tuple[str | int, ...], sizes: dict[str, Any], catalogue: Catalogue) -> Iterator[Slip]:
    """A length is a power of two, or one that another class or a model has."""
    for key in LENGTHS:
        length = sizes.get(key)
        if isinstance(length, int) and length & (length - 1) and _known_lengths(catalogue).get(length, 0) < 2:
            yield Slip((*at, key), "a power of two, or a length that another class or a model has", f"{length}")


@by_identity
def _known_lengths(catalogue: Catalogue) -> Counter[int]:
    """Length -> how many models and classes have it; a model counts twice, as it is no class."""
    found: Counter[int] = Counter()
    for model in catalogue.models.values():
        if model.architecture is not None:
            found[model.architecture.context_length] += 2
    for record in catalogue.records["architectures"].values():
        for one in record.classes.values():
            found.update(one.defaults[key] for key in LENGTHS if isinstance(one.defaults.get(key), int))
    return found


def defaults(record: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """What a class of the library fills in fits together."""
    for name, one in record.classes.items():
        at = ("classes", name, "defaults")
        yield from heads_fill(at, one.defaults)
        yield from parts(at, one.defaults)
        yield from lengths(at, one.defaults, catalogue)
        for key in WINDOWS:
            size = one.defaults.get(key)
            if size and not (window(size) and size <= 2**17):
                yield Slip((*at, key), "a power of two", f"{size}")


def spelled(record: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """Shapes that a class brings are shapes that a model has, each of its form."""
    for name, one in record.classes.items():
        at = ("classes", name)
        yield from _spelled((*at, "shapes"), one.shapes, Architecture)
        for flag, brought in one.flags.items():
            yield from _spelled((*at, "flags", flag), brought, Architecture)


def _spelled(at: tuple[str | int, ...], given: dict[str, Any], form: type[BaseModel]) -> Iterator[Slip]:
    """Of a part of a record, which says only some of its keys: each is known, and its value is one that it may have."""
    for key, value in given.items():
        field = form.model_fields.get(key)
        if field is None:
            yield Slip((*at, key), "a key of a model's shapes", "an unknown key", nearest(key, form.model_fields))
            continue
        inner = next(
            (one for one in (field.annotation, *get_args(field.annotation)) if isinstance(one, type) and issubclass(one, BaseModel)), None
        )
        if inner is not None and isinstance(value, dict):
            yield from _spelled((*at, key), value, inner)
        else:
            try:
                _form(form, key).validate_python(value)
            except ValidationError as error:
                yield Slip((*at, key), in_words(error.errors()[0]["msg"])[0], repr(value), "write a value of that form")


@by_identity
def _form(form: type[BaseModel], key: str) -> TypeAdapter[Any]:
    annotated: Any = Annotated[form.model_fields[key].annotation, form.model_fields[key]]
    return TypeAdapter(annotated)


ARCHITECTURES: tuple[Relation, ...] = (Rule(bounded), Rule(defaults), Rule(spelled))
