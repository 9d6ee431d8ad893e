"""What a device loses before the first tensor: the back end's context, and what the operating system keeps."""

from __future__ import annotations

from typing import Any

from macros.formulas.elementwise import where
from macros.formulas.units import GIB, MIB


def context_bytes(*, base_mib: Any, per_compute_unit_mib: Any, compute_units: Any) -> Any:
    """What a back end takes on a device for itself: kernels, queues, tables.

    Equation: bytes = (base + per_compute_unit x compute_units) x 2^20

    Args:
        base_mib: on any device [MiB]
        per_compute_unit_mib: more for each SM, compute unit or core [MiB]
        compute_units: how many the device has [units]

    Returns:
        Bytes [bytes].

    Assumes: Linux; libraries that are not used are not loaded.

    Source: data/engines, measured contexts.

    >>> context_bytes(base_mib=100, per_compute_unit_mib=2, compute_units=50)
    209715200
    """
    return (base_mib + per_compute_unit_mib * compute_units) * MIB


def usable_bytes(*, memory_gib: Any, share: Any) -> Any:
    """Memory that a GPU may use.

    Equation: bytes = memory x share x 2^30

    Args:
        memory_gib: memory as sold [GiB]
        share: 1 for a card; the part that the system allows, for unified memory [1]

    Returns:
        Bytes [bytes].

    Assumes: nobody changed the system's limit.

    Source: data/engines, usable shares.

    >>> usable_bytes(memory_gib=64, share=0.75)
    51539607552.0
    """
    return memory_gib * share * GIB


def unified_share(*, memory_gib: Any, small_gib: Any, small_share: Any, large_share: Any) -> Any:
    """Part of unified memory that macOS lets the GPU use.

    Equation: share = small_share if memory <= small else large_share

    Args:
        memory_gib: memory as sold [GiB]
        small_gib: up to this size a machine is a small one [GiB]
        small_share: share on small machines [1]
        large_share: share on larger ones [1]

    Returns:
        Share [1].

    Assumes: the limit was not raised by hand.

    Source: data/engines, usable shares.

    >>> unified_share(memory_gib=64, small_gib=36, small_share=0.667, large_share=0.75)
    0.75
    """
    return where(memory_gib <= small_gib, small_share, large_share)
