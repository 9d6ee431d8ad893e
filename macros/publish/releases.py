"""What each release of the guide added and changed among its records, as the repository remembers it."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

from macros.render.news import KINDS, Release

RECORD = re.compile(rf"data/({'|'.join(KINDS)})/([\w.-]+)\.yaml")
TAG = re.compile(r"tag: (v[\w.-]+)")


@cache
def releases(root: Path) -> tuple[Release, ...]:
    """Releases, the newest first: what came before a tag `v…` belongs to it, and what no tag has yet to its day.

    Nothing in a folder without git; of a clone without history only what follows its first commit.
    """
    command = ["git", "-c", "core.quotePath=off", "log", "--reverse", "--topo-order", "--no-renames", "--name-status"]
    try:
        ran = subprocess.run(
            [*command, "--format=%x00%cs%x00%D", "--decorate=short"], cwd=root, capture_output=True, text=True, check=False
        )
    except OSError:
        return ()
    return told(ran.stdout) if ran.returncode == 0 else ()


def told(log: str) -> tuple[Release, ...]:
    """The same from what git prints.

    >>> told("\\0" + "2026-01-02\\0tag: v1\\n\\nA\\tdata/gpus/a.yaml\\n" + "\\0" + "2026-01-03\\0\\n\\nM\\tdata/gpus/a.yaml\\n")
    (Release(name='2026-01-03', day='2026-01-03', added=(), changed=(('gpus', 'a'),)), Release(name='v1', day='2026-01-02', added=(('gpus', 'a'),), changed=()))
    """  # noqa: E501
    found: list[Release] = []
    open_days: dict[str, dict[tuple[str, str], str]] = {}
    _, *parts = log.split("\0")
    for day, rest in zip(parts[::2], parts[1::2], strict=True):
        decoration, *lines = rest.splitlines() or [""]
        if "grafted" in decoration:
            continue
        open_days.setdefault(day, {})
        for line in lines:
            _note(open_days[day], line)
        if tag := TAG.search(decoration):
            whole: dict[tuple[str, str], str] = {}
            for states in open_days.values():
                for record, state in states.items():
                    _merge(whole, record, state)
            found.append(_release(tag[1], day, whole))
            open_days = {}
    found += [_release(day, day, states) for day, states in open_days.items()]
    return tuple(release for release in reversed(found) if release.added or release.changed)


def _note(states: dict[tuple[str, str], str], line: str) -> None:
    state, _, path = line.partition("\t")
    if match := RECORD.fullmatch(path):
        _merge(states, (match[1], match[2]), state)


def _merge(states: dict[tuple[str, str], str], record: tuple[str, str], state: str) -> None:
    """What came and went within one release was never there; what came and was mended is new."""
    before = states.get(record)
    if before == "A" and state == "D":
        del states[record]
    elif before == "D" and state == "A":
        states[record] = "M"
    elif before != "A":
        states[record] = state


def _release(name: str, day: str, states: dict[tuple[str, str], str]) -> Release:
    of = {state: tuple(sorted(record for record, each in states.items() if each == state)) for state in "AM"}
    return Release(name, day, of["A"], of["M"])
