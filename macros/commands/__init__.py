"""The command line, a file for each kind of work: what its commands do, and the options that they take."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

Command = Callable[[argparse.Namespace, Path], int]
"""Options and the root of the checkout -> exit code. A mistake of the user's is raised: Mistake or Refused."""
Declare = Callable[[str, Command], argparse.ArgumentParser]
"""Name and command -> the parser that takes its options."""


class Mistake(Exception):  # noqa: N818  (the user's, not the program's)
    """What the user can mend, in one line: where, what was expected, what was found, how to mend it."""
