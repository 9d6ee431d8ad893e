"""Picture towers: the shapes of what turns a picture into tokens."""

from __future__ import annotations

from typing import Literal

from macros.specs.form import Field
from macros.specs.quantities import Count, Whole
from macros.specs.record import Strict


class Tower(Strict):
    """A picture tower with its projector, as a projector file (mmproj) of llama.cpp holds it."""

    kind: Literal["gemma3", "gemma4v", "gemma4uv", "pixtral", "kimik25", "llama4", "qwen3vl"]
    """How the engine computes it: the projector's type in the file."""
    layers: Whole
    """Layers of the tower."""
    width: Count
    """Width of its residual stream."""
    heads: Count
    """Attention heads."""
    inner: Count
    """Inner width of its feed-forward blocks."""
    patch_size: Count
    """Pixels along a side of a patch."""
    reserved_patches: Count
    """Patches along a side of the picture that the engine reserves room for when it starts."""
    position_rows: Whole
    """Rows of its table of positions, which the file keeps in 32 bits."""
    merge: Count
    """Patches along a side of the square that becomes one token."""
    middle: Count | None = None
    """Width between the two matrices of the projector, where that is not that of the language model."""
    side_layers: list[Whole] = Field(default_factory=list)
    """Layers that give the language model something besides (DeepStack)."""
    scales_last: bool = False
    """What comes out is moved and scaled."""

    @property
    def gated(self) -> bool:
        """Whether feed-forward blocks are gated; then norms do not subtract the mean, and matrices have no biases."""
        return self.kind in ("gemma4v", "pixtral")

    @property
    def fused(self) -> bool:
        """Whether queries, keys and values are one matrix."""
        return self.kind in ("qwen3vl", "kimik25")

    @property
    def norms_heads(self) -> bool:
        """Whether heads are normed, and what each block gives."""
        return self.kind == "gemma4v"

    @property
    def norms_last(self) -> bool:
        """Whether a norm follows the last layer."""
        return self.kind in ("qwen3vl", "gemma3", "kimik25", "llama4")

    @property
    def position_inputs(self) -> int:
        """Lists of positions that come from outside."""
        if self.kind == "gemma3":
            return 0
        return 1 if self.kind == "qwen3vl" else 2
