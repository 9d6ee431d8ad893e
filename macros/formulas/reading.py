"""How fast people read, in the unit that models write in."""

from __future__ import annotations

from typing import Any


def reading_tokens_per_second(*, per_minute: Any, per_token: Any) -> Any:
    """Tokens a second that keep up with a silent reader.

    Equation: speed = per_minute / 60 / per_token

    Args:
        per_minute: words (or Chinese characters) read in a minute [1/min]
        per_token: words (or characters) that a token stands for [1]

    Returns:
        Tokens a second [1/s].

    Assumes: plain prose; code and tables are skimmed faster.

    Source: Brysbaert 2019, a meta-analysis of reading rates; tokens for each word as current tokenizers have them.

    >>> reading_tokens_per_second(per_minute=240, per_token=0.75)
    5.333333333333333
    """
    return per_minute / 60 / per_token
