"""Which layers are mixtures of experts, and what these consist of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from macros.estimate.classes.base import (
    COUNT,
    EXPERT_SIZE,
    SCALE,
    SHARED_COUNT,
    SHARED_SIZE,
    USED,
    Shapes,
    base_shapes,
    pattern,
    places_of,
    shapes_if,
    with_windows,
    without_windows,
)
from macros.estimate.config_keys import WHOLE_FILE, Keys
from macros.estimate.refused import Refused

MIXTURE_LAYERS = (
    "mlp_layer_types", "moe_layers", "is_moe_layer", "moe_layer_freq", "first_k_dense_replace", "num_dense_layers", "moe_layer_start_index",
    "moe_layer_end_index", "decoder_sparse_step", "interleave_moe_layer_step", "moe_layer_interval", "expert_layer_period",
    "expert_layer_offset", "mlp_only_layers",
)  # fmt: skip
"""Spellings of which layers are mixtures; where a configuration has several, the first in this order decides."""


BY_LISTS = ("mlp_layer_types", "moe_layers")
"""Spellings that list them: what the others say besides is told where it is something else."""


def _mixtures(k: Keys, layers: int) -> list[int]:
    """Layers that are mixtures, in whichever of the field's spellings a configuration says it."""
    k.asked.extend(MIXTURE_LAYERS)
    found = _listed(k, layers)
    if found is None:
        return _numbered(k, layers)
    others = [name for name in MIXTURE_LAYERS if name not in BY_LISTS and k.gives(name)]
    if others and _numbered(k, layers) != found:
        k.tell("mixtures-said-twice", keys=", ".join(others))
    return found


def _listed(k: Keys, layers: int) -> list[int] | None:
    """Layers that are mixtures as a list names them; None: there is no list."""
    kinds = k.kinds("mlp_layer_types", layers, ("dense", "sparse"))
    if kinds is not None:
        return places_of(kinds, "sparse")
    return k.indices("moe_layers", layers)


def _numbered(k: Keys, layers: int) -> list[int]:
    """Layers that are mixtures as flags and numbers say it."""
    every = list(range(layers))
    for name in ("is_moe_layer", "moe_layer_freq"):
        if isinstance(k.get(name), Sequence):
            flags = k.layer_list(name, layers) or []
            if any(flag not in (0, 1) for flag in flags):
                raise Refused(f"config.{name}", "true or false for each layer", flags)
            return [layer for layer in every if flags[layer]]
    first = k.whole("first_k_dense_replace", "num_dense_layers", "moe_layer_start_index", low=0, default=0)
    last = k.get("moe_layer_end_index")
    last = layers - 1 if last in (None, -1) else k.whole("moe_layer_end_index", low=0)
    step = k.whole("decoder_sparse_step", "interleave_moe_layer_step", "moe_layer_interval", default=1)
    period, offset = k.whole("moe_layer_freq", "expert_layer_period", default=1), k.whole("expert_layer_offset", low=0, default=0)
    dense = k.indices("mlp_only_layers", layers) or []
    return [
        layer
        for layer in every
        if first <= layer <= last and (layer + 1) % step == 0 and (layer - offset) % period == 0 and layer not in dense
    ]


def _placed(mixtures: list[int], layers: int) -> Shapes:
    """Those layers as the records say them: after leading dense ones, the last of every n, or their indices."""
    first = mixtures[0]
    if mixtures == list(range(first, layers)):
        return shapes_if(first > 0, leading_dense_layers=first)
    found = pattern(mixtures, layers)
    return {"every": found["every"]} if "every" in found else {"layers": found}


def with_experts(k: Keys, shapes: Shapes, *, mixtures: list[int] | None = None, **more: Any) -> Shapes:
    """Add the mixture of experts, and the dense block where a layer has one."""
    layers = shapes["layers"]
    found = _mixtures(k, layers) if mixtures is None else mixtures
    if len(found) < layers:
        shapes["feed_forward"] = {"size": k.same("intermediate_size_mlp", "dense_intermediate_size", "intermediate_size")}
    if not found:
        k.asked.extend([*COUNT, *USED, *EXPERT_SIZE, *SHARED_SIZE, *SHARED_COUNT])
        return shapes
    number, used = k.same(*COUNT), k.same(*USED)
    if used > number:
        raise Refused(f"config.{k.name(*USED)}", f"at most the {number} experts of {k.name(*COUNT)}", used)
    size = k.same("intermediate_size") if k.get(*EXPERT_SIZE) is None else k.same(*EXPERT_SIZE)
    shared = k.get(*SHARED_SIZE)
    groups, scale = k.whole("n_group", default=1), k.get(*SCALE)
    k.asked.extend([*SHARED_SIZE, *SHARED_COUNT])
    shapes["experts"] = {
        "count": number,
        "used": used,
        "size": size,
        "shared_size": size * k.same(*SHARED_COUNT, default=0, low=0) if shared is None else k.whole(*SHARED_SIZE, low=0),
        **_placed(found, layers),
        **shapes_if(not k.flag("norm_topk_prob", default=True), weights_normed=False),
        **shapes_if(scale not in (None, 1, 1.0), weights_scaled=True),
        **shapes_if(groups > 1, groups=groups, groups_used=k.whole("topk_group", default=groups)),
        **more,
    }
    return shapes


def experts_of(shapes: Shapes) -> Shapes:
    """The mixture of a class whose parts hang on it; raises Refused where a configuration leaves no layer that is one."""
    if "experts" not in shapes:
        raise Refused("config", "experts in some of the layers, as all models of this class have", None, WHOLE_FILE)
    found: Shapes = shapes["experts"]
    return found


def mixture(k: Keys) -> Shapes:
    """Grouped-query attention and a mixture of experts; windows where the class says so."""
    shapes = with_experts(k, base_shapes(k, dense=False))
    return with_windows(k, shapes) if k.kind.windows else without_windows(k, shapes)
