"""What quantization cost in quality, as others measured and published it: one file a model and a source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from macros.specs.form import Field
from macros.specs.record import Id, Strict, Text, Transcript

Perplexity = Annotated[float, Field(ge=1, le=100_000)]


class QualityRow(Strict):
    """One format of the model."""

    quant: Id
    """Id in data/quantizations."""
    imatrix: bool = False
    """Whether an importance matrix was used."""
    perplexity: Perplexity
    """Perplexity of the quantized model."""
    kl_divergence: Annotated[float, Field(ge=0, le=100)] | None = None
    """Mean Kullback-Leibler divergence from the original [nat]; absent: not published."""


class Quality(Transcript):
    """Perplexity, and KL divergence where published, of one model in several formats."""

    title: Text
    """What was measured, on which text."""
    model: Id
    """Id in data/models."""
    source: Id
    """Where it was published."""
    original_perplexity: Perplexity
    """Perplexity of the 16-bit model."""
    rows: Annotated[list[QualityRow], Field(min_length=1)]
    """The formats, from many bits to few."""

    def sourced_fields(self) -> set[str]:
        """One source for all."""
        return {"rows", "original_perplexity"}

    def cited(self) -> Iterator[str]:
        """The source."""
        yield self.source
