"""The commands that give a setting: on its engine, and in other programs that run the same engine."""

from __future__ import annotations

from macros.estimate.engines import RUNNERS
from macros.estimate.engines.repository import held
from macros.estimate.shares import Placement
from macros.specs import Catalogue


def launch_command(placement: Placement, catalogue: Catalogue) -> str:
    """The command line, one option a line.

    Args:
        placement: where everything goes
        catalogue: the records

    Returns:
        A command for a shell.
    """
    words: list[str] = RUNNERS[placement.setting.engine.id].command(placement, held(placement.setting, catalogue))
    return " \\\n  ".join(words)


def other_commands(placement: Placement, catalogue: Catalogue) -> dict[str, str]:
    """Programs that run the same engine.

    Args:
        placement: where everything goes
        catalogue: the records

    Returns:
        Program -> a command for a shell.
    """
    found: dict[str, list[str]] = RUNNERS[placement.setting.engine.id].also(placement, held(placement.setting, catalogue))
    return {program: " \\\n  ".join(words) for program, words in found.items()}
