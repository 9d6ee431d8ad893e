"""What is loaded beside a model: the projector of one that sees, prediction layers of one that guesses ahead."""

from __future__ import annotations

from macros.formulas.tensors.model import tensor_groups
from macros.specs.architectures import Architecture


def projector_bytes(*, parameters: int, file_bytes: int | None, positions: int = 0) -> int:
    """Weights of the image and audio encoders and their projector.

    Equation: bytes = size of the published file, or 2 x parameters + 2 x positions where that is not known

    Args:
        parameters: parameters of the towers and the projector [values]
        file_bytes: size of the published 16-bit file; None: not known [bytes]
        positions: of them, values of the table of positions, which is kept in 32 bits [values]

    Returns:
        Bytes [bytes].

    Assumes: 16-bit weights, as projector files are published; norms and biases, 32-bit in the file, add less than 0.2 %.

    Source: llama.cpp, mtmd.

    >>> projector_bytes(parameters=420_083_712, file_bytes=None)
    840167424
    """
    return 2 * (parameters + positions) if file_bytes is None else file_bytes


def prediction_parameters(architecture: Architecture, *, beside: int) -> int:
    """Parameters of the layers that predict further tokens.

    Equation: parameters = those of the layers in the file + those that the checkpoint brings and the file leaves out

    Args:
        architecture: the shapes of the model
        beside: parameters of prediction layers that the file leaves out [values]

    Returns:
        Parameters [values].

    Assumes: a model has them in its file or beside it, not both.

    Source: the model's configuration.
    """
    inside = 0
    for group in tensor_groups(architecture):
        if group.is_parameter:
            inside += group.values * sum(1 for layer in group.layers if layer >= architecture.layers)
    return inside + beside


def adapter_bytes(*, rank: int, row: int, rows: int, stack: int) -> int:
    """A low-rank adapter of one tensor.

    Equation: bytes = 4 x rank x (row + rows) x stack

    Args:
        rank: rank of the adapter [values]
        row: values of a row of the tensor [values]
        rows: rows of the tensor [rows]
        stack: matrices of the tensor, each with an adapter of its own

    Returns:
        Bytes [bytes].

    Assumes: 32-bit values, as convert_lora_to_gguf.py writes them unless told otherwise; the engine keeps the type of the file.

    Source: Hu et al. 2021, LoRA: the update of a matrix is a product of two narrow ones; llama.cpp, llama-adapter.cpp.

    >>> adapter_bytes(rank=16, row=4096, rows=4096, stack=1)
    524288
    """
    return 4 * rank * (row + rows) * stack
