"""What an engine itself plans or weighs: the ground that the memory formulas are held to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Self

from macros.specs.form import Field, model_validator
from macros.specs.quantities import Bytes
from macros.specs.record import Id, Plain, Written

Cell = int | str | bool | None


class Plans(Written):
    """What an engine itself plans for one model, setting by setting."""

    COLUMNS: ClassVar[tuple[str, ...]] = ()
    """What a row holds, in order."""

    model: Id
    """Id in data/models."""
    engine: Plain
    """Engine and version."""
    rows: Annotated[list[list[Cell]], Field(min_length=1)]
    """The plans."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for index, row in enumerate(self.rows):
            if len(row) != len(self.COLUMNS):
                columns = ", ".join(self.COLUMNS)
                raise ValueError(f"expected {len(self.COLUMNS)} cells in rows.{index}, got {len(row)}. Fix: write {columns} in this order")
        return self

    def plans(self) -> Iterator[dict[str, Any]]:
        """The rows with their columns' names."""
        for row in self.rows:
            yield dict(zip(self.COLUMNS, row, strict=True))


class EnginePlans(Plans):
    """Memory that an engine plans for one model, setting by setting. Rows are lists, because there are many and all alike."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "quant", "devices", "gpu_layers", "context", "kv_type_k", "kv_type_v", "flash_attention", "ubatch", "slots", "logits_rows",
        "swa_full", "device_weights", "device_kv_cache", "device_compute", "host_weights", "host_kv_cache", "host_compute",
    )  # fmt: skip
    """What a row holds, in order: the setting as in a question to `estimate` (devices: how many), then bytes."""

    rows: Annotated[list[list[Cell]], Field(min_length=1)]
    """The plans, each with its setting and then bytes: `quant`, `devices`, `gpu_layers`, `context`, `kv_type_k`, `kv_type_v`,
    `flash_attention`, `ubatch`, `slots`, `logits_rows`, `swa_full`, `device_weights`, `device_kv_cache`, `device_compute`, `host_weights`,
    `host_kv_cache`, `host_compute`."""


class CachePlans(Plans):
    """The cache that an engine plans in pages for one model, setting by setting."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "gpu", "tensor_parallel", "kv_type", "prefix_caching", "context", "block_tokens", "block_bytes", "blocks", "kv_cache",
    )  # fmt: skip
    """What a row holds, in order."""

    rows: Annotated[list[list[Cell]], Field(min_length=1)]
    """What a row holds, in order: the setting as in a question to `estimate`, tokens of a page, bytes of a page of the pool,
    pages and bytes of a conversation on one card."""

    stages: list[list[Cell]] = Field(default_factory=list)
    """In a pipeline of two stages: card, tokens of a conversation, its pages, its bytes on each stage."""
    guesses: list[list[Cell]] = Field(default_factory=list)
    """With a prediction layer: card, guesses a pass, prefix caching, tokens of a conversation, its pages and bytes."""
    weights: list[list[Cell]] = Field(default_factory=list)
    """Cards that slice each layer, and what each of them holds of the weights at 16 bits [bytes]."""


class FileSizes(Written):
    """Bytes of all tensors of one model in each preset, as the engine's tool lays them out."""

    model: Id
    """Id in data/models."""
    engine: Plain
    """Tool and version."""
    tensor_bytes: dict[Id, Bytes]
    """Preset -> bytes, made without an importance matrix [bytes]."""
    tensor_bytes_with_importance_matrix: dict[Id, Bytes] = Field(default_factory=dict)
    """Preset -> bytes, where an importance matrix changes the layout [bytes]."""
