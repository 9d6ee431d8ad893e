"""Memory calculators of others: their published rules, as the coefficients of one linear form."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from macros.specs.form import Field
from macros.specs.quantities import Bytes
from macros.specs.record import Plain, Record, Text

Share = Annotated[float, Field(ge=0, le=10)]


class Calculator(Record):
    """Memory = weights x weights_factor + cache x cache_factor + constant + context x bytes_per_token."""

    SOURCE_GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {
        "rule": (
            "bytes_per_parameter",
            "weights_factor",
            "mixture_factor",
            "cache_factor",
            "cache_bytes_per_parameter_and_token",
            "constant_bytes",
            "bytes_per_parameter_more",
            "bytes_per_token",
        )
    }

    name: Plain
    """Its name."""
    version: Plain | None
    """The version that the rule was read from; null: a page that has none."""
    read: date
    """The day on which it was read."""
    package: Plain | None = None
    """The package that `make peers` installs at that version and asks; absent: it cannot be installed."""
    rule: Text
    """The rule in words."""
    bytes_per_parameter: Annotated[float, Field(gt=0, le=8)] | None
    """Bytes that it counts for a parameter at Q4_K_M; null: it adds up the tensors of the file."""
    weights_factor: Share = 1.0
    """What it multiplies the weights by."""
    cache: Literal["none", "exact", "grouped", "multi-head", "by-parameters"]
    """KV cache. none: no such term; exact: as the engine allocates; grouped: KV heads of all layers at full length;
    multi-head: hidden size of all layers at full length; by-parameters: a constant for each parameter and token."""
    cache_bytes_per_parameter_and_token: Annotated[float, Field(gt=0, le=1)] | None = None
    """That constant."""
    attending_layers_only: bool = False
    """Whether it leaves out layers without attention in hybrids."""
    caps_windows: bool = False
    """Whether layers that see a window count no more than their window."""
    mixture_factor: Annotated[float, Field(gt=0, le=100)] | None = None
    """Mixtures count by so many times their active parameters for the cache, and by these for what is added; absent: by all."""
    cache_factor: Share = 1.0
    """What it multiplies the cache by."""
    constant_bytes: Bytes = 0
    """What it adds for everything else."""
    bytes_per_parameter_more: Annotated[float, Field(ge=0, le=1)] = 0.0
    """What it adds for each parameter beside the weights."""
    bytes_per_token: Annotated[float, Field(ge=0, le=10**7)] = 0.0
    """What it adds for each token of context."""
