"""How many bytes a second memory gives: from channels and transfer rate, and for a card from its bus."""

from __future__ import annotations

from typing import Any

from macros.formulas.units import GB


def ram_bandwidth(*, channels: Any, transfer_rate: Any, bus_bits_per_channel: Any = 64) -> Any:
    """Peak bandwidth of system memory.

    Equation: bandwidth = channels x bus / 8 x transfers

    Args:
        channels: memory channels that hold modules [channels]
        transfer_rate: transfers a second on each wire [MT/s]
        bus_bits_per_channel: width of a channel [bits]

    Returns:
        Bandwidth [bytes/s].

    Assumes: every channel holds the same kind of module.

    Source: JEDEC DDR4 and DDR5: data rate times bus width.

    >>> ram_bandwidth(channels=4, transfer_rate=3600) / 1e9
    115.2
    """
    return channels * (bus_bits_per_channel / 8) * (transfer_rate * 1_000_000)


def bus_bandwidth(*, bus_bits: Any, gigatransfers: Any) -> Any:
    """Peak bandwidth of a card's memory.

    Equation: bandwidth = bus / 8 x transfers

    Args:
        bus_bits: width of the memory bus [bits]
        gigatransfers: transfers a second on each wire [GT/s]

    Returns:
        Bandwidth [bytes/s].

    Assumes: no error correction that takes bandwidth.

    Source: vendors' definition of memory bandwidth.

    >>> bus_bandwidth(bus_bits=384, gigatransfers=19.5) / 1e9
    936.0
    """
    return bus_bits / 8 * gigatransfers * GB


def pcie_bandwidth(*, generation: Any, lanes: Any) -> Any:
    """Peak bandwidth of a PCI Express slot in one direction.

    Equation: bandwidth = lanes x 0.985 GB/s x 2^(generation - 3)

    Args:
        generation: generation of the slot, the lower of board and card [1]
        lanes: lanes in use [lanes]

    Returns:
        Bandwidth [bytes/s].

    Assumes: generation 3 to 6; 128b/130b coding, protocol overhead not taken off.

    Source: PCI Express: 8 GT/s a lane in generation 3, doubled by each later one.

    >>> round(pcie_bandwidth(generation=4, lanes=16) / 1e9, 1)
    31.5
    """
    doubled = 1 if generation <= 3 else 2 if generation <= 4 else 4 if generation <= 5 else 8
    return lanes * 8 * GB * 128 / 130 / 8 * doubled
