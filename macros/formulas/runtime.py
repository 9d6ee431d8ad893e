"""What a device loses before the first tensor: the back end's context, and what the operating system keeps."""

from __future__ import annotations

from typing import Any

from macros.formulas.units import GIB, MIB

ECC_SHARE = 15 / 16
"""What error correction leaves of a memory that holds the check bits itself: of sixteen parts fifteen."""


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


def usable_bytes(*, memory_gib: Any, share: Any, hidden_mib: Any = 0, inline_ecc: bool = False, claimed: Any = 1) -> Any:
    """Memory that a GPU may use.

    Equation: bytes = (memory x kept x share x 2^30 - hidden x 2^20) x claimed

    Args:
        memory_gib: memory as sold [GiB]
        share: 1 for a card; the part that the system allows, for unified memory [1]
        hidden_mib: what the driver keeps for itself, so that no program sees it [MiB]
        inline_ecc: whether its memory holds check bits of its own: then 15 of 16 parts are kept, else all
        claimed: the part of what it sees that the engine claims [1]

    Returns:
        Bytes [bytes].

    Assumes: nobody changed the system's limit, or switched error correction on or off.

    Source: data/shared-memory; data/engines; what nvidia-smi shows of cards with error correction (modal-client pull request 2797).

    >>> usable_bytes(memory_gib=64, share=0.75)
    51539607552.0
    >>> usable_bytes(memory_gib=48, share=1, inline_ecc=True) / MIB
    46080.0
    """
    kept = ECC_SHARE if inline_ecc else 1
    return (memory_gib * kept * share * GIB - hidden_mib * MIB) * claimed
