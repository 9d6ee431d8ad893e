"""Numbers with a unit and the range outside which a value is a slip (GB for MB, bits for bytes), not a fact."""

from __future__ import annotations

from typing import Annotated

from macros.specs.form import Field

Count = Annotated[int, Field(gt=0, le=10**15)]
Whole = Annotated[int, Field(ge=0, le=10**15)]
Bytes = Annotated[int, Field(ge=0, le=10**16)]
Bits = Annotated[int, Field(gt=0, le=16384)]
Gibibytes = Annotated[float, Field(ge=0.001, le=10_000)]
GigabytesPerSecond = Annotated[float, Field(ge=0.001, le=50_000)]
MegabytesPerSecond = Annotated[float, Field(ge=0.001, le=100_000)]
Megatransfers = Annotated[int, Field(gt=100, le=40_000)]
Teraflops = Annotated[float, Field(ge=0.001, le=100_000)]
Megahertz = Annotated[float, Field(gt=50, le=10_000)]
Watts = Annotated[float, Field(ge=0.001, le=20_000)]
Mebibytes = Annotated[float, Field(ge=0, le=10**6)]
Dollars = Annotated[float, Field(ge=0.001, le=10**6)]
