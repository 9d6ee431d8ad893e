"""Numbers for readers: the same digits in both languages, and a unit whose size is never in doubt."""

from __future__ import annotations

import math
from html import escape
from typing import Any

from macros.formulas import units

MISSING = "—"

SCALES: dict[str, float] = {
    "B": 1,
    "KB": units.KB,
    "MB": units.MB,
    "GB": units.GB,
    "KiB": units.KIB,
    "MiB": units.MIB,
    "GiB": units.GIB,
    "s": 1,
    "ms": 1e-3,
    "min": 60,
    "%": 0.01,
    "10⁹": 1e9,
}
"""Base units (bytes, seconds, shares, counts) in one of this unit."""

_MEANINGS = {
    "GB": "1 GB = 1,000,000,000 B",
    "GiB": "1 GiB = 1,073,741,824 B",
    "MB": "1 MB = 1,000,000 B",
    "MiB": "1 MiB = 1,048,576 B",
    "GB/s": "1 GB/s = 1,000,000,000 B/s",
    "MB/s": "1 MB/s = 1,000,000 B/s",
    "MT/s": "1 MT/s = 1,000,000 transfers/s",
}


def number(value: Any, digits: int | None = None) -> str:
    """A number with `digits` after the point; in groups of three; a dash for what is unknown.

    >>> number(57.6, 1), number(1008.04, 1), number(13481, 0), number(None)
    ('57.6', '1,008.0', '13,481', '—')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return MISSING
    if digits is None:
        digits = 0 if float(value) == int(value) else significant(float(value))
    return f"{float(value):,.{digits}f}"


def significant(value: float, count: int = 3) -> int:
    """Digits after the point that show `count` significant ones.

    >>> significant(0.0123), significant(1.5), significant(250.0)
    (4, 2, 0)
    """
    if value == 0:
        return 0
    return max(0, count - 1 - math.floor(math.log10(abs(value))))


def in_unit(value: float, unit: str) -> float:
    """A value in base units, counted in `unit`.

    >>> in_unit(2**30, "GiB"), in_unit(0.25, "%")
    (1.0, 25.0)
    """
    return value / SCALES[unit]


IN_CHINESE = {
    "tokens": "词元",
    "tokens/s": "词元/秒",
    "tokens/J": "词元/焦",
    "USD": "美元",
    "s": "秒",
    "ms": "毫秒",
    "min": "分钟",
    "h": "小时",
    "bit": "位",
}
"""Units that are words."""


def unit_html(unit: str, language: str = "en") -> str:
    """A unit in a language, with its size on hover where two readings are about.

    >>> unit_html("tokens/s", "zh"), unit_html("W")
    ('词元/秒', 'W')
    """
    shown = escape(IN_CHINESE.get(unit, unit) if language == "zh" else unit)
    return f'<abbr title="{escape(_MEANINGS[unit])}">{shown}</abbr>' if unit in _MEANINGS else shown
