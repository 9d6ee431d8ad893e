"""Who does which work, where tensors lie elsewhere than their layer."""

from __future__ import annotations

from collections.abc import Mapping

from macros.estimate.shares import HOST, Moves, Placement
from macros.estimate.weights import LayerWeights, ModelWeights
from macros.estimate.work import Work
from macros.formulas.remember import by_identity

EXPERTS = "_exps"
"""In the names of all tensors of routed experts."""


def moved_work(placement: Placement, work: Mapping[int, Work]) -> list[Work]:
    """What moves: more work for some places, less for others.

    Args:
        placement: where everything went
        work: the work of each layer

    Returns:
        For each device, then the host, what is added to the work of its layers; what is taken away is negative.

    Assumes: a layer's work is spread over its tensors like their bytes; caches stay with the layer.
    """
    layers = tuple([share.layers for share in [*placement.devices, placement.host]])
    if placement.moves is None:
        return [Work() for _ in layers]
    return _moved(placement.moves, placement.weights, work, layers)


@by_identity
def _moved(moves: Moves, weights: ModelWeights, work: Mapping[int, Work], layers: tuple[tuple[int, ...], ...]) -> list[Work]:
    """The same, with the layers of each place; the host is the last."""
    places = len(layers)
    # Of the work of layers only what moves is summed, place by place.
    counted, shares = [0] * places, [0.0] * places
    dense, routed = [0.0] * places, [0.0] * places
    parameters, expert_parameters = [0.0] * places, [0.0] * places
    for place, own in enumerate(layers):
        for layer in own:
            moved = moves.layers[layer]
            if not moved:
                continue
            for target in sorted(set(moved.values())):
                there = places - 1 if target == HOST else target
                if there == place:
                    continue
                part = _part(moved, weights.layers[layer], target, work[layer])
                # The layer itself stays where it is.
                counted[there] += 1
                shares[there] = max(shares[there], part.expert_share)
                for at, sign in ((there, 1.0), (place, -1.0)):
                    dense[at] += sign * part.dense_bytes
                    routed[at] += sign * part.expert_bytes
                    parameters[at] += sign * part.parameters
                    expert_parameters[at] += sign * part.expert_parameters
    return [
        Work(
            layers=counted[place],
            halves=counted[place],
            dense_bytes=dense[place],
            expert_bytes=routed[place],
            expert_share=shares[place],
            parameters=parameters[place],
            expert_parameters=expert_parameters[place],
        )
        for place in range(places)
    ]


def layers_away(placement: Placement) -> int:
    """Layers of devices of which something lies on the host: a token goes there and back for each [layers]."""
    if placement.moves is None:
        return 0
    return sum([_away(placement.moves, share.layers) for share in placement.devices])


@by_identity
def _away(moves: Moves, layers: tuple[int, ...]) -> int:
    return sum([1 for layer in layers if HOST in moves.layers[layer].values()])


@by_identity
def _part(moved: Mapping[str, int], piece: LayerWeights, target: int, work: Work) -> Work:
    """The work of the tensors of a layer that go to one place."""
    sums = {True: 0, False: 0}
    all_of = {True: 0, False: 0}
    for name, (size, _) in piece.tensors.items():
        expert = EXPERTS in name
        all_of[expert] += size
        if moved.get(name) == target:
            sums[expert] += size
    routed = sums[True] / all_of[True] if all_of[True] else 0.0
    dense = sums[False] / all_of[False] if all_of[False] else 0.0
    return Work(
        dense_bytes=work.dense_bytes * dense,
        expert_bytes=work.expert_bytes * routed,
        expert_share=work.expert_share,
        parameters=work.expert_parameters * routed + (work.parameters - work.expert_parameters) * dense,
        expert_parameters=work.expert_parameters * routed,
    )
