"""The command that gives a setting on its engine."""

from __future__ import annotations

from macros.estimate.engines import RUNNERS
from macros.estimate.shares import Placement


def launch_command(placement: Placement, *, repository: str | None) -> str:
    """The command line, one option a line.

    Args:
        placement: where everything goes
        repository: the model's repository on Hugging Face; None: not known

    Returns:
        A command for a shell.
    """
    words: list[str] = RUNNERS[placement.setting.engine.id].command(placement, repository)
    return " \\\n  ".join(words)
