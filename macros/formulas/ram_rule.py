"""How much system memory belongs beside a card."""

from __future__ import annotations

from typing import Any

from macros.formulas.elementwise import maximum

SYSTEM_GIB = 8
"""What an operating system with a browser takes [GiB]."""


def ram_gib(*, host_gib: Any, vram_gib: Any, system_gib: Any = SYSTEM_GIB) -> Any:
    """System memory that a machine needs: what stays on the host, and room for the file of a model that fills the card.

    Equation: ram = max(host, vram) + system

    Args:
        host_gib: weights, cache and buffers that stay in system memory [GiB]
        vram_gib: memory of all cards [GiB]
        system_gib: what the operating system and other programs take [GiB]

    Returns:
        System memory [GiB].

    Assumes: the file passes through the page cache while it loads, and stays there for a fast second load.

    >>> ram_gib(host_gib=2, vram_gib=24)
    32
    """
    return maximum(host_gib, vram_gib) + system_gib


def ram_per_vram_rule(*, vram_gib: Any, factor: Any) -> Any:
    """The rule of thumb: system memory is a multiple of the card's.

    Equation: ram = factor x vram

    Args:
        vram_gib: memory of all cards [GiB]
        factor: 1.5 to 2 in the founding article [1]

    Returns:
        System memory [GiB].

    >>> ram_per_vram_rule(vram_gib=24, factor=1.5)
    36.0
    """
    return factor * vram_gib
