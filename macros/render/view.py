"""What every rendering needs to know: the records, the language, and where the page lies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

from macros.specs import Catalogue
from macros.specs.errors import nearest

LANGUAGES = ("zh", "en")


class Mistake(Exception):  # noqa: N818  (a page's, not the program's)
    """A page asks for something that does not exist; told as `expected …, got …. Fix: …` with the file and line of the call."""

    def __init__(self, expected: str, got: str, fix: str) -> None:
        super().__init__(f"expected {expected}, got {got}. Fix: {fix}")
        self.expected, self.got, self.fix = expected, got, fix


@dataclass(frozen=True)
class View:
    """The records as one page in one language sees them."""

    catalogue: Catalogue
    language: str
    base: str = ""
    """From the page to the root of its language: `../` for each folder."""
    root: str = ""
    """From the root of its language to the root of the site: `../` in English."""
    repository: str = ""
    """Address of the repository, for links that open a form or an editor there."""

    def words(self, text: Any) -> str:
        """A text {zh, en} in this language, as it is (not escaped); other values as text."""
        if isinstance(text, str):
            return text
        try:
            return str(text[self.language])
        except (TypeError, KeyError):
            return str(text)

    def html(self, text: Any) -> str:
        """The same, escaped for a page."""
        return escape(self.words(text))

    def pick(self, zh: str, en: str) -> str:
        """The one of two texts that is in this language."""
        return zh if self.language == "zh" else en

    def page(self, path: str) -> str:
        """Address of a page of this language (`models/llama-2-7b/`) from here."""
        return (self.base + path) or "./"

    def api(self, path: str) -> str:
        """Address of a data file (`tables/ram-bandwidth.json`) from here."""
        return f"{self.base}{self.root}api/v1/{path}"

    def name(self, kind: str, id: str) -> str:
        """The name of a record in this language, escaped; the id itself where no such record is kept."""
        record = self.catalogue.records.get(kind, {}).get(id)
        return escape(id) if record is None else escape(self.called(record, id))

    def called(self, record: Any, otherwise: str = "") -> str:
        """The name of a record in this language, as it is (not escaped)."""
        chinese = getattr(record, "name_zh", None) if self.language == "zh" else None
        return chinese or self.words(getattr(record, "name", otherwise))


def one_of(what: str, id: str, known: Iterable[str]) -> None:
    """Refuse an id that does not exist, and name the nearest one that does."""
    known = set(known)
    if id not in known:
        raise Mistake(f"the id of {what}", repr(id), nearest(str(id), known))
