"""Folders as zip files whose bytes depend on their content alone."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

OLDEST = 315532800
"""The first moment that a zip file can name, 1980 [s since 1970]."""


def write_zip(files: Mapping[str, bytes], out: Path, timestamp: int) -> None:
    """Write an archive; a file of that name appears only when it is whole.

    Args:
        files: path inside the archive -> content
        out: where it goes
        timestamp: the date of every file in it [s since 1970]
    """
    moment = time.gmtime(max(timestamp, OLDEST))[:6]
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = out.with_name(f".{out.name}.part")
    try:
        with zipfile.ZipFile(aside, "w") as archive:
            for name in sorted(files):
                entry = zipfile.ZipInfo(name, moment)
                entry.create_system, entry.external_attr = 3, 0o100644 << 16
                archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED, 9)
        aside.replace(out)
    finally:
        aside.unlink(missing_ok=True)
