"""How many parameters a model has, and how many of them work for one token."""

from __future__ import annotations

from macros.formulas.remember import by_identity
from macros.formulas.tensors.model import tensor_groups
from macros.specs.architectures import Architecture


@by_identity
def parameters(architecture: Architecture) -> int:
    """Parameters of a model: the values of all tensors of its layers proper.

    Equation: parameters = sum over tensors of row x rows x stack

    Args:
        architecture: the shapes of the model

    Returns:
        Parameters [values].

    Assumes: text part only; a tied matrix counts once; prediction layers (MTP) and stored position-scaling factors do not count.

    Source: the model's configuration.
    """
    block = architecture.feed_forward
    total = 0 if block is None else block.activation_values * architecture.layers
    for group in tensor_groups(architecture):
        if group.is_parameter:
            total += group.values * sum(1 for layer in group.layers if layer < architecture.layers)
    return total


@by_identity
def active_parameters(architecture: Architecture) -> int:
    """Parameters that take part in one token: of the routed experts only those that it visits, of the embedding table one row.

    Equation: active = sum over tensors of row x rows x stack x share read

    Args:
        architecture: the shapes of the model

    Returns:
        Parameters [values].

    Assumes: prediction layers are not used; a tied embedding table is read whole, as the output matrix.

    Source: the model's configuration.
    """
    total = 0.0
    for group in tensor_groups(architecture):
        if not group.is_parameter:
            continue
        share = 1.0 if group.name == "token_embd" and architecture.tied_embeddings else min(group.active, 1.0)
        total += group.values * share * sum(1 for layer in group.layers if layer < architecture.layers)
    return round(total)
