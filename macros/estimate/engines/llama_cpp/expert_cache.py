"""A cache on the card for experts that lie in RAM (`moe_cache_size` in the parameters of a context)."""

from __future__ import annotations

from macros.estimate.engines.llama_cpp.builds import known_build
from macros.estimate.refused import Refused
from macros.estimate.setting import Setting
from macros.estimate.shares import HOST, Moves
from macros.estimate.weights import ModelWeights, is_expert
from macros.formulas.compute_graph.passes import WORD
from macros.formulas.expert_cache import cached_experts_bytes
from macros.formulas.units import MIB

KEY = "moe_cache_mib"


def cached_experts(setting: Setting, weights: ModelWeights, moves: Moves) -> tuple[int, int]:
    """What the cache takes.

    Args:
        setting: a checked question
        weights: what the layers weigh
        moves: tensors that lie elsewhere than their layer

    Returns:
        Bytes on the card, and of the table on the host that says which expert is where; both count as cache [bytes].

    Raises:
        Refused: where the engine has no such cache, or nothing is known of its size.
    """
    asked = setting.moe_cache_mib
    if asked == 0:
        return 0, 0
    a = setting.architecture
    if a.experts is None:
        raise Refused(KEY, "a `model` with experts", asked, "leave it out")
    if not known_build(setting).caches_experts:
        named = [build.id for build in setting.engine.builds if build.caches_experts]
        raise Refused(KEY, f"a `build` that has it ({', '.join(named)})", asked, "name that build")
    if len(setting.gpus) != 1:
        raise Refused(KEY, "one card in `gpus`", asked, "how several share it is not known")
    cached = [layer for layer in range(a.layers) if _all_away(weights, moves, layer)]
    if not cached:
        raise Refused(KEY, "layers whose experts are all in RAM (`n_cpu_moe` or `experts_on_host`)", asked, "put experts in RAM")
    sizes = list({_expert_bytes(weights, layer) for layer in cached})
    if len(sizes) > 1:
        raise Refused(KEY, "a `quant` in which experts of all layers are of one size", asked, "how it is shared among sizes is not known")
    return cached_experts_bytes(budget=asked * MIB, expert=sizes[0]), WORD * len(cached) * a.experts.count


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
