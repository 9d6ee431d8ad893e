"""What every edition carries: the version, the date of the data, and the moment that stands for its build."""

from __future__ import annotations

import hashlib
import subprocess
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from macros.specs import Catalogue, moment

NAME = "local-llm-hardware-guide"


@dataclass(frozen=True)
class Edition:
    """One state of the guide."""

    version: str
    data_date: str
    """The newest day on which a source was read."""
    timestamp: int
    """When its commit was made [s since 1970]; every date inside an edition, so that equal commits give equal bytes."""


def edition(root: Path, catalogue: Catalogue) -> Edition:
    """The state of the guide in a checkout."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    newest = max(source.accessed for source in catalogue.sources.values())
    return Edition(project["version"], newest.isoformat(), commit_time(root))


def commit_time(root: Path) -> int:
    """When the commit was made: SOURCE_DATE_EPOCH, or what git says [s since 1970]."""
    if (known := moment.stated()) is not None:
        return known
    shown = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=root, capture_output=True, text=True, check=False)
    return int(shown.stdout.strip() or 0)


def day(timestamp: int) -> str:
    """A day as ISO writes it.

    >>> day(0)
    '1970-01-01'
    """
    return datetime.fromtimestamp(timestamp, UTC).date().isoformat()


def checksum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_checksums(files: Iterable[Path], out: Path) -> None:
    """A file that `sha256sum --check` reads."""
    text = "".join(f"{checksum(path)}  {path.name}\n" for path in sorted(files))
    aside = out.with_name(f".{out.name}.part")
    aside.write_text(text, "utf-8")
    aside.replace(out)
