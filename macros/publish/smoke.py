"""After a deployment: do the pages of both languages and a table answer, at the address that readers use? Standard library only."""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence

PAGES = {"": "zh", "gpu/": "zh", "en/": "en", "en/gpu/": "en"}
TABLES = "api/v1/tables/"
ATTEMPTS, PAUSE = 6, 10.0


def fetch(url: str) -> str:
    """What an address answers."""
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310  (the address is the workflow's own)
        text: str = answer.read().decode("utf-8")
        return text


def problems(site: str, fetch: Callable[[str], str] = fetch) -> Iterator[str]:
    """What is not as it should be."""
    for page, language in PAGES.items():
        try:
            if f'<html lang="{language}' not in fetch(site + page):
                yield f"{site}{page}: expected a page in {language}"
        except OSError as error:
            yield f"{site}{page}: {error}"
    try:
        index = json.loads(fetch(f"{site}{TABLES}index.json"))
        name = (index if isinstance(index, list) else index["tables"])[0]["id"]
        rows = json.loads(fetch(f"{site}{TABLES}{name}.json"))["rows"]
        if not any(isinstance(value, int | float) for row in rows for value in row.values()):
            yield f"{site}{TABLES}{name}.json: expected a number in its rows"
    except (OSError, ValueError, LookupError, TypeError) as error:
        yield f"{site}{TABLES}: {type(error).__name__}: {error}"


def main(arguments: Sequence[str], pause: float = PAUSE) -> int:
    """A fresh deployment takes a while to reach every server, so a failure is asked again for a minute."""
    (site,) = arguments
    found = ["not asked"]
    for attempt in range(ATTEMPTS):
        time.sleep(pause if attempt else 0)
        found = list(problems(site.rstrip("/") + "/"))
        if not found:
            return 0
    print("\n".join(found))
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
