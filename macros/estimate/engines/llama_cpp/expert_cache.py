"""A cache on the card for experts that lie in RAM (`moe_cache_size` in the parameters of a context)."""

from __future__ import annotations

from collections.abc import Sequence

from macros.estimate.engines.llama_cpp.builds import known_build
from macros.estimate.refused import Refused
from macros.estimate.setting import Setting
from macros.estimate.shares import HOST, Moves, Share
from macros.estimate.weights import ModelWeights, is_expert
from macros.formulas.compute_graph.passes import WORD
from macros.formulas.expert_cache import cached_experts_bytes
from macros.formulas.units import MIB

KEY = "moe_cache_mib"


def cached_experts(setting: Setting, weights: ModelWeights, moves: Moves, devices: Sequence[Share]) -> list[int]:
    """What the cache takes: each card its part of it, as the cards share the layers.

    Args:
        setting: a checked question
        weights: what the layers weigh
        moves: tensors that lie elsewhere than their layer
        devices: the cards with their layers

    Returns:
        Bytes on each card, and last of the table on the host that says which expert is where; all count as cache [bytes].

    Raises:
        Refused: where the engine has no such cache.
    """
    asked = setting.moe_cache_mib
    if asked == 0:
        return [0 for _ in devices] + [0]
    a = setting.architecture
    if a.experts is None:
        raise Refused(KEY, "a `model` with experts", asked, "leave it out")
    if not known_build(setting).caches_experts:
        named = [build.id for build in setting.engine.builds if build.caches_experts]
        raise Refused(KEY, f"a `build` that has it ({', '.join(named)})", asked, "name that build")
    found = [[layer for layer in share.layers if _all_away(weights, moves, layer)] for share in devices]
    count = sum([len(layers) for layers in found])
    if count == 0:
        raise Refused(KEY, "layers of cards whose experts are all in RAM (`n_cpu_moe` or `experts_on_host`)", asked, "put experts in RAM")
    parts = [float(share.usable_bytes) for share in devices] if setting.tensor_split is None else [*setting.tensor_split]
    held = [_cached(weights, layers, asked * MIB * part / sum(parts)) for layers, part in zip(found, parts, strict=True)]
    return [*held, WORD * count * a.experts.count]


def _cached(weights: ModelWeights, layers: Sequence[int], budget: float) -> int:
    """What one card takes of it [bytes]."""
    sizes: dict[int, int] = {}
    for layer in layers:
        size = _expert_bytes(weights, layer)
        sizes[size] = sizes.get(size, 0) + 1
    return cached_experts_bytes(budget=budget, layers=sizes) if sizes else 0


def _all_away(weights: ModelWeights, moves: Moves, layer: int) -> bool:
    """Whether a layer has experts, and all their matrices are in RAM."""
    names = [name for name in weights.matrices[layer] if "_exps" in name]
    return len(names) > 0 and all(moves.layers[layer].get(name) == HOST for name in names)


def _expert_bytes(weights: ModelWeights, layer: int) -> int:
    """Matrices of one expert of a layer [bytes]."""
    found = 0
    for piece in weights.pieces:
        if layer in piece.layers and is_expert(piece.group) and piece.group.rows > 1 and piece.group.stack > 1:
            found += piece.bytes // piece.group.stack
    return found
