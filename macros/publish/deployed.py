"""What the deploying tool wrote down -> the address of a preview, handed on to the workflow. Standard library only."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

ADDRESS = re.compile(r"https://[a-z0-9.-]+/?", re.ASCII)
"""One of its host: no path, no query."""


def address(text: str) -> str:
    """The last address in the tool's lines; empty where there is none.

    >>> address('{"type": "pages-deploy-detailed", "url": "https://1.p.example", "alias": "https://pr-7.p.example"}')
    'https://pr-7.p.example'
    >>> address('{"alias": "https://evil.example/?x=](y)"}')
    ''
    """
    found = ""
    for line in text.splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            continue
        named = str(told.get("alias") or told.get("url") or "") if isinstance(told, dict) else ""
        found = named if ADDRESS.fullmatch(named) else found
    return found


def main(environment: Mapping[str, str] = os.environ) -> int:
    """Read DEPLOYED, write `url` for the next steps."""
    path = Path(environment["DEPLOYED"])
    found = address(path.read_text("utf-8")) if path.exists() else ""
    if not found:
        print("::error::The deploying tool named no address")
        return 1
    with Path(environment["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.write(f"url={found}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
