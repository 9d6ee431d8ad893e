"""What a device loses before the first tensor: the back end's context, and what the operating system keeps."""

from __future__ import annotations

from typing import Any

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


def usable_bytes(*, memory_gib: Any, share: Any, hidden_mib: Any = 0) -> Any:
    """Memory that a GPU may use.

    Equation: bytes = memory x share x 2^30 - hidden x 2^20

    Args:
        memory_gib: memory as sold [GiB]
        share: 1 for a card; the part that the system allows, for unified memory [1]
        hidden_mib: what the driver keeps for itself, so that no program sees it [MiB]

    Returns:
        Bytes [bytes].

    Assumes: nobody changed the system's limit.

    Source: data/shared-memory.

    >>> usable_bytes(memory_gib=64, share=0.75)
    51539607552.0
    """
    return memory_gib * share * GIB - hidden_mib * MIB
