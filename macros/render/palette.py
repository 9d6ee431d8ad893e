"""The colours of the guide, as its style sheet declares them: pages, charts and books draw with the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from macros.specs.errors import SpecError, nearest

ROOT = Path(__file__).resolve().parents[2]
SHEET = "docs/theme/css/site.css"
DECLARED = re.compile(r"^  --([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", re.MULTILINE)
LITERAL = re.compile(r"#(?:[0-9a-fA-F]{8}|[0-9a-fA-F]{6}|[0-9a-fA-F]{3,4})\b(?!;base|\w)")


class Colour(NamedTuple):
    """One colour on paper and on dark."""

    light: str
    dark: str


@cache
def palette(root: Path = ROOT) -> dict[str, Colour]:
    """Name of a variable at the top of the style sheet -> its colours."""
    sheet = root / SHEET
    text = sheet.read_text("utf-8") if sheet.is_file() else ""
    return {name: Colour(light, dark) for name, light, dark in DECLARED.findall(text)}


def strangers(root: Path) -> Iterator[SpecError]:
    """A mistake for each colour that a style sheet, a chart or the book has for itself, and for each that the palette does not name."""
    if not (root / SHEET).exists():
        return  # a build says so
    known = palette(root)
    drawn = [*(root / "docs/theme/css").glob("*.css"), *(root / "macros/render").rglob("*.py"), *(root / "macros/publish").glob("*.typ")]
    for path in sorted(drawn):
        shown = path.relative_to(root).as_posix()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            declared = DECLARED.match(line) if shown == SHEET else None
            for literal in [] if declared else LITERAL.findall(line):
                fix = f"name it at the top of {SHEET} and use its name"
                yield SpecError(shown, number, literal, "a colour of the palette by its name", "a colour of its own", fix)
            for name in re.findall(r'palette\(\)\["([\w-]+)"\]', line):
                if name not in known:
                    yield SpecError(shown, number, name, "a colour of the palette", "an unknown name", nearest(name, known))
