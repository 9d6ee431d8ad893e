"""Which page has moved on without its other language: by what the two said when somebody last held them side by side.

docs/settled.yaml keeps a hash of each page's words. White space, comments, letter case and the arguments of macros do not
count (that both languages call the same macros is the lint's to hold), and neither do dates or commits.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from macros.specs import yaml_file
from macros.specs.errors import SpecError, SpecErrors, nearest

LANGUAGES = ("zh", "en")
RECORD = "settled.yaml"
HEAD = "# What each page said when both languages were last held side by side: hashes, written by `python -m macros settle`.\n"
LENGTH = 12


def words(text: str) -> str:
    """What a page says, without what can change and still say the same.

    >>> words("# A  <!-- note -->{{ table('x') }}\\nB")
    '#a{{table}}b'
    """
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"\{\{\s*(\w+)\(.*?\)\s*\}\}", r"{{\1}}", text, flags=re.DOTALL)
    return re.sub(r"\s+", "", text).lower()


def fingerprint(path: Path) -> str:
    """A hash of what a page says; empty where there is no such page."""
    return hashlib.sha256(words(path.read_text("utf-8")).encode()).hexdigest()[:LENGTH] if path.exists() else ""


def pages(docs: Path) -> dict[str, dict[str, str]]:
    """Page -> language -> hash, of the pages as they are."""
    names = {path.relative_to(docs / language).as_posix() for language in LANGUAGES for path in (docs / language).rglob("*.md")}
    return {name: {language: fingerprint(docs / language / name) for language in LANGUAGES} for name in sorted(names)}


def settled(docs: Path) -> dict[str, dict[str, str]]:
    """The same as it was last settled."""
    path = docs / RECORD
    return dict(yaml_file.read(path, f"docs/{RECORD}").value) if path.exists() else {}


def moved(docs: Path) -> Iterator[SpecError]:
    """A mistake for each page whose languages were not held side by side since it changed."""
    before, now = settled(docs), pages(docs)
    for name in sorted(now.keys() | before.keys()):
        old, new = before.get(name, {}), now.get(name)
        if new == old:
            continue
        command = f"python -m macros settle {name}"
        if new is None:
            yield SpecError(f"docs/{RECORD}", 1, name, "a page of docs/", "one that is gone", f"run `{command}`")
            continue
        changed = [language for language in LANGUAGES if new[language] != old.get(language)]
        if len(changed) == 2:
            got = "a new page" if not old else "both languages changed"
            yield SpecError(
                f"docs/zh/{name}", 1, "translation", "a page held beside its other language", got, f"read both, then run `{command}`"
            )
            continue
        (ahead,) = changed
        behind = "en" if ahead == "zh" else "zh"
        expected, got = f"what docs/{ahead}/{name} says now", "what it said before"
        fix = f"carry the change over; once both say the same, run `{command}`"
        yield SpecError(f"docs/{behind}/{name}", 1, "translation", expected, got, fix)


def settle(docs: Path, names: Sequence[str]) -> list[str]:
    """Record that both languages say the same: of the pages named, or of all whose two languages changed. Returns what was recorded."""
    before, now = settled(docs), pages(docs)
    if wrong := [name for name in names if name not in now and name not in before]:
        raise SpecErrors(
            SpecError(f"docs/{RECORD}", 1, name, "a page below docs/zh and docs/en", "none", nearest(name, now)) for name in wrong
        )
    if not names:
        names = [name for name in sorted(now.keys() | before.keys()) if not _one_sided(before.get(name), now.get(name))]
    done = [name for name in names if now.get(name) != before.get(name)]
    for name in done:
        before.pop(name, None)
        if name in now:
            before[name] = now[name]
    lines = [f"{name}: {{zh: {hashes['zh']!r}, en: {hashes['en']!r}}}\n" for name, hashes in sorted(before.items())]
    (docs / RECORD).write_text(HEAD + "".join(lines), "utf-8")
    return done


def _one_sided(old: dict[str, str] | None, new: dict[str, str] | None) -> bool:
    """Whether one language changed and the other did not."""
    return bool(old and new) and sum(old[language] != new[language] for language in LANGUAGES) == 1  # type: ignore[index]
