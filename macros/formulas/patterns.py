"""Patterns of names, as the engine searches for them: the browser has the same search of its own."""

from __future__ import annotations

import re
from functools import cache


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:
        return None


def is_pattern(pattern: str) -> bool:
    """Whether a text is a regular expression.

    >>> is_pattern("ffn_(up|down"), is_pattern("ffn_(up|down)")
    (False, True)
    """
    return _compiled(pattern) is not None


def found_in(pattern: str, name: str) -> bool:
    """Whether a pattern is found anywhere in a name.

    Args:
        pattern: a regular expression
        name: the name of a tensor

    Returns:
        True or False.

    Source: llama.cpp, llama-model-loader.cpp: std::regex_search over the name.

    >>> found_in("ffn_.*_exps", "blk.0.ffn_up_exps.weight"), found_in("attn_", "blk.0.post_attention_norm.weight")
    (True, False)
    """
    compiled = _compiled(pattern)
    return compiled is not None and compiled.search(name) is not None
