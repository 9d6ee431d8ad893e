"""The home page's two questions as plain tables behind two clicks: what does my card run, what does this model need."""

from __future__ import annotations

from macros.render.view import View


def answers(view: View) -> str:
    """Both questions, each choice a summary that opens its answer."""
    return ""
