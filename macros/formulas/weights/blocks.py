"""Tensors stored in blocks of values, as GGUF files store them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from macros.formulas.tensors.group import TensorGroup
from macros.specs.quantizations import TensorType

Types = Mapping[str, TensorType]


@dataclass(frozen=True)
class TypedTensors:
    """Tensors of a group that got the same type."""

    group: TensorGroup
    type: str
    layers: tuple[int, ...]
    bytes_each: int

    @property
    def bytes(self) -> int:
        """Bytes of all of them."""
        return self.bytes_each * len(self.layers)


def tensor_bytes(*, row: int, rows: int, block: int, block_bytes: int) -> int:
    """Bytes of a tensor whose rows are stored in blocks.

    Equation: bytes = rows x row / block x block_bytes

    Args:
        row: values of a row [values]; a multiple of the block
        rows: number of rows, of all matrices of the tensor [rows]
        block: values in a block [values]
        block_bytes: bytes of a block [bytes]

    Returns:
        Bytes [bytes].

    Assumes: no padding between rows.

    Source: GGUF specification, tensor data.

    >>> tensor_bytes(row=4096, rows=4096, block=256, block_bytes=144)
    9437184
    """
    return rows * (row // block) * block_bytes


def fitting_type(chosen: str, row: int, types: Types) -> str:
    """The type chosen, or the first of its fallbacks whose block divides the row.

    Args:
        chosen: a tensor type
        row: values of a row [values]
        types: every tensor type

    Returns:
        A tensor type.
    """
    kind = types[chosen]
    while row % kind.block:
        assert kind.fallback is not None
        kind = types[kind.fallback]
    return kind.id
