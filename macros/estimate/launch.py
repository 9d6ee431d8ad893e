"""The commands that give a setting: on its engine, and in other programs that run the same engine."""

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


def other_commands(placement: Placement) -> dict[str, str]:
    """Programs that run the same engine.

    Args:
        placement: where everything goes

    Returns:
        Program -> a command for a shell.
    """
    found: dict[str, list[str]] = RUNNERS[placement.setting.engine.id].also(placement)
    return {program: " \\\n  ".join(words) for program, words in found.items()}
