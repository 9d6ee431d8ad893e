"""Processes that belong together."""

import contextlib
import time
from pathlib import Path


def running(session: int) -> list[int]:
    """Processes of a session that are not yet gone."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, of, *_ = stat.read_text().rpartition(")")[2].split()
            if int(of) == session and state != "Z":
                found.append(int(stat.parent.name))
    return found


def outliving(session: int, seconds: float = 30) -> list[int]:
    """The same after so long, or when there is none."""
    until = time.monotonic() + seconds
    while running(session) and time.monotonic() < until:
        time.sleep(0.02)
    return running(session)
