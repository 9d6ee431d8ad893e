"""How vLLM divides a model over cards: slices of each layer, or stages of layers."""

from __future__ import annotations

from macros.estimate.refused import Refused
from macros.estimate.setting import Setting
from macros.specs.architectures import Architecture


def parallel(setting: Setting) -> tuple[int, int]:
    """Cards that slice each layer, and stages of layers.

    Args:
        setting: a checked question

    Returns:
        Both; their product is the number of cards.

    Raises:
        Refused: where they do not make up the cards, or the heads cannot be sliced so.
    """
    cards = max(len(setting.gpus), 1)
    tensor, stages = setting.tensor_parallel, setting.pipeline_parallel
    whole = setting.engine.slices is not None and setting.architecture.engine_name in setting.engine.slices.undivided
    sliced = [count for count in range(1, cards + 1) if cards % count == 0 and _slices(setting.architecture, count)]
    fitting = [1] if whole else sliced
    if tensor is None:
        left = [count for count in fitting if stages is None or count * stages == cards]
        if not left:
            raise Refused("pipeline_parallel", f"stages that divide the {cards} cards", stages, f"use {cards // max(fitting)}")
        tensor = max(left)
    if whole and tensor > 1:
        raise Refused(
            "tensor_parallel", "1, as the engine does not slice the layers of this class", tensor, "use pipeline_parallel instead"
        )
    if not _slices(setting.architecture, tensor):
        attention = setting.architecture.attention
        expected = f"a number that divides the {attention.heads} query heads and fits the {attention.kv_heads} key-value heads"
        raise Refused("tensor_parallel", expected, tensor, f"use {max(fitting)}")
    if stages is None:
        stages = cards // tensor if cards % tensor == 0 else 0
    if tensor * stages != cards:
        raise Refused("tensor_parallel", f"slices times stages to be the {cards} cards of `gpus`", tensor, f"use {max(fitting)}")
    if stages > setting.architecture.layers:
        raise Refused("pipeline_parallel", f"at most the {setting.architecture.layers} layers", stages, "use fewer")
    return tensor, stages


def _slices(a: Architecture, count: int) -> bool:
    """Whether the heads of all layers can be sliced for so many cards."""
    for layer in range(a.layers):
        if a.attends(layer) and (a.heads(layer) % count or (a.attention.latent is None and not _alike(a.kv_heads(layer), count))):
            return False
        if a.attends(layer) and a.short_convolutions is not None and a.kv_heads(layer) % count:
            return False
    r = a.recurrent
    return r is None or r.heads % count == 0


def _alike(heads: int, count: int) -> bool:
    return heads % count == 0 or count % heads == 0


def stage_layers(layers: int, stages: int) -> list[list[int]]:
    """Layers of each stage: equal parts, and what is left over goes to the last but one, then to those before it.

    Args:
        layers: layers of the model [layers]
        stages: stages of the pipeline

    Returns:
        Layers of each stage.
    """
    counts = [layers // stages for _ in range(stages)]
    for left in range(layers % stages):
        counts[max(stages - 2 - left, 0)] += 1
    found: list[list[int]] = []
    first = 0
    for count in counts:
        found.append(list(range(first, first + count)))
        first += count
    return found
