"""Copies of the records that a test may spoil."""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def of_records(into: Path) -> Path:
    """`data/` in another folder, with what is known of it: only what the test changes is read and checked anew."""
    shutil.copytree(ROOT / "data", into / "data")
    shutil.copy(ROOT / "pyproject.toml", into)
    known = ROOT / ".cache" / "records"
    if known.is_file():
        (into / ".cache").mkdir()
        shutil.copy(known, into / ".cache")
    return into / "data"
