"""Tensors of one name and shape."""

from __future__ import annotations

from dataclasses import dataclass

FIRST, LAST = -1, -2
"""Where a tensor belongs that is in no layer: with the input, or with the output."""


@dataclass(frozen=True)
class TensorGroup:
    """Tensors of one name and one shape."""

    name: str
    """The part of the name that says what it is, as in `blk.0.<name>.weight`."""
    row: int
    """Values of a row: quantization works along it."""
    rows: int = 1
    """Rows of a matrix."""
    stack: int = 1
    """Matrices of a tensor (experts, or heads of latent attention)."""
    role: str = "other"
    """What the recipes call it; `kept` is never quantized, `kept_matrix` stays at 16 bits."""
    is_parameter: bool = True
    """Whether the checkpoint counts it."""
    active: float = 1.0
    """Share of it that is read for one token."""
    layers: tuple[int, ...] = ()
    """Layers that have one; FIRST or LAST for those outside the layers."""

    @property
    def values(self) -> int:
        """Values of one of its tensors."""
        return self.row * self.rows * self.stack

    @property
    def count(self) -> int:
        """Tensors in the group."""
        return len(self.layers)
