"""What guesses ahead: the prediction layers of a model, and how many tokens are guessed."""

from __future__ import annotations

from macros.estimate.question import USUAL_DRAFT
from macros.estimate.setting import Setting
from macros.estimate.weights import ModelWeights, is_expert
from macros.formulas.compute_graph.prediction import like_layer
from macros.formulas.tensors.model import layer_tensors
from macros.specs.architectures import Architecture

SINGLE = 4
"""Bytes of a 32-bit value, which norms have."""


def drafted(setting: Setting) -> int:
    """Tokens guessed before each checking pass; 0 where nothing guesses."""
    if setting.draft is None and not setting.mtp:
        return 0
    return setting.draft_tokens or USUAL_DRAFT


def guessed_states(setting: Setting) -> int:
    """States kept besides the one of each sequence: one for each guess of prediction layers, in classes that undo guesses so."""
    return drafted(setting) if setting.mtp and setting.architecture.traits.keeps_guessed_states else 0


def prediction_layers(a: Architecture) -> int:
    """Prediction layers that are run: those of the file, or the one that it may bring besides."""
    return max(a.prediction_layers, 1)


def prediction_weights(a: Architecture, weights: ModelWeights) -> int:
    """Weights of the prediction layers: as the file holds them, or of one layer beside those that the usual file holds.

    Args:
        a: the shapes of the model
        weights: what its layers weigh

    Returns:
        Bytes [bytes].

    Assumes: such a layer stores its matrices as the last layer that attends does, and its own projection like the output of attention.
    """
    if weights.unloaded_bytes > 0:
        return weights.unloaded_bytes
    like = _like(a, weights)
    shares = [group for group in layer_tensors(a, a.layers) if group.name == "attn_output"]
    found = 0
    for group in layer_tensors(a, a.layers):
        if group.name in like:
            found += like[group.name][0]
        elif group.rows == 1:
            found += group.row * SINGLE
        else:
            bits = [like[one.name][0] / one.values for one in shares]
            found += int(group.values * bits[0])
    return found


def prediction_experts(a: Architecture, weights: ModelWeights) -> int:
    """The part of those weights in routed experts, which may stay on the host [bytes]."""
    if weights.unloaded_bytes > 0:
        return weights.unloaded_expert_bytes
    like = _like(a, weights)
    return sum(like[group.name][0] for group in layer_tensors(a, a.layers) if is_expert(group) and group.name in like)


def _like(a: Architecture, weights: ModelWeights) -> dict[str, tuple[int, int]]:
    """Tensors of the layer that a prediction layer is like."""
    return weights.layers[like_layer(a)].tensors
