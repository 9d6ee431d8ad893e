"""How long a model takes to load: from the drive the first time, from the page cache after that."""

from __future__ import annotations

from typing import Any

from macros.formulas.elementwise import minimum


def cold_load_seconds(*, file_bytes: Any, drive_bandwidth: Any) -> Any:
    """Time to load a file that was not read since the machine started.

    Equation: seconds = file / drive

    Args:
        file_bytes: size of the file [bytes]
        drive_bandwidth: sequential reading of the drive [bytes/s]

    Returns:
        Seconds [s].

    Assumes: the drive is the slowest link; right to a factor of two.

    Source: compared with published load times; see the storage page.

    >>> cold_load_seconds(file_bytes=7e9, drive_bandwidth=3.5e9)
    2.0
    """
    return file_bytes / drive_bandwidth


def cached_load_seconds(*, file_bytes: Any, memory_bandwidth: Any, link_bandwidth: Any, share_of_peak: Any = 0.25) -> Any:
    """Time to load a file that the page cache still holds.

    Equation: seconds = file / (share_of_peak x min(memory, link))

    Args:
        file_bytes: size of the file [bytes]
        memory_bandwidth: peak of system memory [bytes/s]
        link_bandwidth: peak of the slot that the card sits in [bytes/s]
        share_of_peak: share that copying reaches [1]

    Returns:
        Seconds [s].

    Assumes: the file fits in free system memory.

    Source: compared with published load times; see the storage page.

    >>> cached_load_seconds(file_bytes=8e9, memory_bandwidth=80e9, link_bandwidth=32e9)
    1.0
    """
    return file_bytes / (share_of_peak * minimum(memory_bandwidth, link_bandwidth))
