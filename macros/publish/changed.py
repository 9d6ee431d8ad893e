"""When data, formulas and pages were last changed, as the repository remembers it."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

from macros.specs import moment

FOLDERS = ("data", "macros/formulas", "docs")


@cache
def last_changed(root: Path) -> dict[str, str]:
    """Path of a file below the root, or of a folder of FOLDERS -> the day of its last commit, from one call of git.

    A clone without history knows no days but that of its commit, and a folder without git none at all: there the day of the build's
    sources (SOURCE_DATE_EPOCH) stands for the folders, and files have none.
    """
    command = ["git", "-c", "core.quotePath=off", "log", "--format=%x00%cs%x00%D", "--decorate=short", "--name-only", "--no-renames"]
    try:
        ran = subprocess.run([*command, "--", *FOLDERS], cwd=root, capture_output=True, text=True, check=False)
        log = ran.stdout if ran.returncode == 0 else ""
    except OSError:
        log = ""
    days: dict[str, str] = {}
    _, *parts = log.split("\0")
    for day, rest in zip(parts[::2], parts[1::2], strict=True):
        decoration, *paths = rest.splitlines() or [""]
        if "grafted" in decoration:
            continue
        for path in filter(None, paths):
            days.setdefault(path, day)
            for folder in FOLDERS:
                if path.startswith(f"{folder}/"):
                    days.setdefault(folder, day)
    if moment.stated() is not None:
        for folder in FOLDERS:
            days.setdefault(folder, moment.today().isoformat())
    return days
