"""Which tensors lie elsewhere than their layer: experts or feed-forward blocks of the first layers, and whatever a pattern names."""

from __future__ import annotations

from collections.abc import Sequence

from macros.estimate.refused import Refused
from macros.estimate.setting import Setting
from macros.estimate.shares import HOST, Moves
from macros.estimate.weights import LayerWeights, ModelWeights
from macros.formulas.patterns import found_in, is_pattern
from macros.formulas.remember import by_identity
from macros.formulas.tensors.group import FIRST, LAST
from macros.formulas.tensors.names import file_name
from macros.specs.architectures import Architecture
from macros.specs.errors import nearest

EXPERTS = "_exps"
"""In the names of all tensors of routed experts, biases and scales too; those of shared experts say `_shexp`."""
FEED_FORWARD = ("ffn_up", "ffn_down", "ffn_gate")
"""The matrices of a dense block, whose biases go with them."""
NEAR = 4
"""Names that an error shows."""
WORD = "abcdefghijklmnopqrstuvwxyz0123456789_"
"""What names of tensors are made of, between their dots."""


def moves_of(setting: Setting, weights: ModelWeights) -> Moves:
    """What a setting says of single tensors.

    Args:
        setting: a checked question
        weights: what the tensors weigh

    Returns:
        The moves.

    Raises:
        Refused: for a pattern that is none, that matches no tensor, or a device that is not there.
    """
    a = setting.architecture
    return moves_with(setting, weights, a.layers + a.prediction_layers if setting.experts_on_host else setting.n_cpu_moe or 0)


def moves_with(setting: Setting, weights: ModelWeights, experts: int) -> Moves:
    """The same, with the experts of so many layers on the host, whatever the setting says of them."""
    cards = tuple(range(len(setting.gpus))) if setting.split_mode != "none" else (setting.main_gpu,)
    return _moves(setting.architecture, weights, setting.override_tensor, experts, setting.n_cpu_ffn, cards)


@by_identity
def _moves(a: Architecture, weights: ModelWeights, patterns: tuple[str, ...], experts: int, blocks: int, cards: tuple[int, ...]) -> Moves:
    rules = [_rule(text, cards) for text in patterns]
    matched = [False] * len(rules)
    layers = []
    for layer in range(len(weights.layers)):
        on_host = _on_host(weights.layers[layer], layer < experts, layer < blocks)
        if rules:
            moved: dict[str, int] = {}
            for name in weights.layers[layer].tensors:
                place = _by_pattern(file_name(a, name, layer), rules, matched)
                if place is not None or name in on_host:
                    moved[name] = HOST if place is None else place
            layers.append(moved)
        else:
            layers.append(on_host)
    outside: list[dict[str, int]] = []
    for where, piece in ((FIRST, weights.embedding), (LAST, weights.output)):
        moved = {}
        for name in piece.tensors:
            place = _by_pattern(file_name(a, name, where), rules, matched) if rules else None
            if place is not None:
                moved[name] = place
        outside.append(moved)
    for index, text in enumerate(patterns):
        if not matched[index]:
            raise Refused("override_tensor", "a pattern that matches a tensor of the model", text, _near(text, a, weights))
    return Moves(layers, outside[0], outside[1], len(rules) > 0 or experts > 0 or blocks > 0)


@by_identity
def _on_host(piece: LayerWeights, experts: bool, blocks: bool) -> dict[str, int]:
    """What of a layer is on the host, where its experts are, or its dense block."""
    moved: dict[str, int] = {}
    for name in piece.tensors:
        if (experts and EXPERTS in name) or (blocks and name.removesuffix("_bias") in FEED_FORWARD):
            moved[name] = HOST
    return moved


def _by_pattern(name: str, rules: Sequence[tuple[str, int]], matched: list[bool]) -> int | None:
    """Where the first pattern that is found in a name sends it; every pattern that is found is noted."""
    place = None
    for index, (pattern, where) in enumerate(rules):
        if found_in(pattern, name):
            matched[index] = True
            if place is None:
                place = where
    return place


def _rule(text: str, cards: Sequence[int]) -> tuple[str, int]:
    """A pattern, and the device that it names."""
    at = text.rindex("=")
    pattern, where = text[:at], text[at + 1 :]
    places = ["CPU", *[f"GPU{number}" for number in cards]]
    others = ["CPU", *[f"CUDA{number}" for number in cards]]
    if not is_pattern(pattern):
        raise Refused("override_tensor", "a regular expression", pattern, "close every bracket")
    if where not in places and where not in others:
        raise Refused("override_tensor", f"a place ({', '.join(places)})", where, "name the host or a card that the model is put on")
    return pattern, [HOST, *cards][places.index(where) if where in places else others.index(where)]


def _near(text: str, a: Architecture, weights: ModelWeights) -> str:
    """The name that a pattern most likely meant, or a few names of tensors, of the last layer."""
    layer = len(weights.layers) - 1
    names = [file_name(a, name, layer) for name in weights.layers[layer].tensors]
    parts: list[str] = []
    for name in names:
        parts.extend([part for part in name.split(".")[2:] if part not in parts])
    pattern = text[: text.rindex("=")]
    meant = nearest("".join([letter for letter in pattern.lower() if letter in WORD]), parts)
    some = f"tensors are {', '.join(names[:NEAR])} …"
    return f"{meant}; {some}" if meant.startswith("write") else some
