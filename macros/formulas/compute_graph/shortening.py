"""Of many equal layers in a row a few are enough: a buffer that has settled repeats itself from round to round."""

from __future__ import annotations

from collections.abc import Sequence

from macros.formulas.compute_graph.passes import Layout
from macros.formulas.remember import by_identity
from macros.specs.architectures import Architecture

LONGEST_ROUND = 12
"""Layers of the longest pattern that is looked for."""
FIRST_ROUNDS = 3
"""Rounds that are gone through before the buffer is taken to have settled."""
TURN = 6
"""Rounds are left out in multiples of this, as a buffer may settle to two or three pictures that take turns."""
LONG_ROUND = 3
"""Rounds of so many layers and more are left out in pairs: in each of them the buffer comes back to the same picture."""
LAST_ROUNDS = 2
"""Rounds that are gone through at the end, where what comes from outside is needed for the last time."""
FEW_NAMES = 3
"""Of so many names of matrices the largest one shows roughly how large a buffer is."""


def layers_enough(a: Architecture, layout: Layout) -> list[int]:
    """The layers that have to be gone through for the buffers to be those of all layers.

    Args:
        a: the shapes of the model
        layout: what lies where

    Returns:
        Layers, in order.

    Assumes: nothing that each layer has of its own stays to the end of the pass; else all layers are gone through.
    """
    own = a.attention
    # Layers that look at pictures begin where the layer before them lies, whichever that is.
    if own.indexer is not None or a.per_layer_embeddings is not None or own.shared_cache_layers > 0 or own.cross_layers is not None:
        return list(range(a.layers))
    enough = shortened(layer_kinds(a, layout))
    if not layout.roughly:
        return enough
    few = _telling(a, layout)
    return few if len(few) < len(enough) else enough


def _telling(a: Architecture, layout: Layout) -> list[int]:
    """Of layers alike but for what is brought: the first, the last, and those for which most is brought."""
    traits = layer_traits(a)
    groups: dict[str, list[int]] = {}
    for layer in range(a.layers):
        groups.setdefault(f"{traits[layer]} {layout.layers[layer]} {len(layout.moved[layer])}", []).append(layer)
    kept = set()
    for layers in groups.values():
        kept |= {layers[0], layers[-1], *_heaviest(layout, layers)}
    return sorted(kept)


def _heaviest(layout: Layout, layers: Sequence[int]) -> list[int]:
    """Of some layers that for which most is brought, all together, and that with the largest matrix of each of a few names."""
    largest: dict[str, tuple[int, int]] = {}
    most = (-1, -1)
    for layer in layers:
        together = 0
        everything = layout.layers[layer] == layout.host
        for name, size in layout.matrices[layer].items():
            if everything or name in layout.moved[layer]:
                together += size
                if size > largest.get(name, (0, 0))[0]:
                    largest[name] = (size, layer)
        if together > most[0]:
            most = (together, layer)
    return [most[1], *[layer for _, layer in sorted(largest.values(), reverse=True)[:FEW_NAMES]]]


@by_identity
def layer_kinds(a: Architecture, layout: Layout) -> list[str]:
    """All that makes what a layer takes of the buffers other than what another takes, layer by layer."""
    traits = layer_traits(a)
    kinds = []
    for layer in range(a.layers):
        place = layout.layers[layer]
        brought = place == layout.host and layout.host > 0
        matrices, moved = layout.matrices[layer], layout.moved[layer]
        # Files list the tensors of a layer in any order.
        sizes = [matrices[name] for name in sorted(matrices) if brought or name in moved]
        homes = [f"{name}:{moved[name]}" for name in sorted(moved)]
        kinds.append(f"{traits[layer]} {place} {' '.join([str(size) for size in sizes])} {' '.join(homes)}")
    return kinds


@by_identity
def layer_traits(a: Architecture) -> list[str]:
    """All that makes a layer's tensors other than another's, layer by layer."""
    found = []
    for layer in range(a.layers):
        attention = (a.attends(layer), a.sees_all(layer), a.turns(layer), a.has_cache(layer), a.heads(layer), a.kv_heads(layer))
        block = (
            a.recurs(layer),
            a.is_mixture(layer),
            a.clamps_routed(layer),
            a.clamps_shared(layer),
            a.has_dense(layer),
            a.alternating_updates is not None and layer < (a.traits.sparse_layers or 0),
            a.feed_forward_size(layer),
        )
        found.append(" ".join([str(trait) for trait in (*attention, *block, layer < (a.traits.picture_layers or 0))]))
    return found


def shortened(kinds: Sequence[str]) -> list[int]:
    """Numbers of what stays of a row, when the middle of every repetition is left out.

    >>> shortened(["a", *["b"] * 13, "c"])
    [0, 1, 2, 3, 10, 11, 12, 13, 14]
    """
    kept: list[int] = []
    at = 0
    while at < len(kinds):
        length, rounds = _repetition(kinds, at)
        turn = 2 if length >= LONG_ROUND else TURN
        left_out = max(rounds - FIRST_ROUNDS - LAST_ROUNDS, 0) // turn * turn
        first = at + FIRST_ROUNDS * length
        end = at + rounds * length
        kept += range(at, first if left_out else end)
        if left_out:
            kept += range(first + left_out * length, end)
        at = end
    return kept


def _repetition(kinds: Sequence[str], at: int) -> tuple[int, int]:
    """The round that repeats itself over most of what follows: its length and how often it comes."""
    best = (1, 1)
    for length in range(1, LONGEST_ROUND + 1):
        end = at + length
        while end < len(kinds) and kinds[end] == kinds[end - length]:
            end += 1
        rounds = (end - at) // length
        if rounds > 1 and rounds * length > best[0] * best[1]:
            best = (length, rounds)
    return best
