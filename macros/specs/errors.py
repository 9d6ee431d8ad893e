"""What is wrong with the data, told so that the reader can mend it."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, order=True)
class SpecError:
    """One mistake: `path:line: key: expected …, got …. Fix: …`."""

    path: str
    line: int
    key: str
    expected: str
    got: str
    fix: str

    def __str__(self) -> str:
        text = f"{self.path}:{self.line}: {self.key}: expected {self.expected}, got {self.got}. Fix: {self.fix}"
        return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)

    def annotation(self) -> str:
        """The same as a workflow command, with its separators escaped, so that no value can start a command of its own."""

        def escape(text: str, more: str = "") -> str:
            for character in "%\r\n" + more:
                text = text.replace(character, f"%{ord(character):02X}")
            return text

        message = f"{self.key}: expected {self.expected}, got {self.got}. Fix: {self.fix}"
        return f"::error file={escape(self.path, ':,')},line={self.line}::{escape(message)}"


class SpecErrors(Exception):  # noqa: N818  (a collection of errors)
    """All mistakes of one reading, sorted by file and line."""

    def __init__(self, errors: Iterable[SpecError], readable: Any = None) -> None:
        self.errors = sorted(set(errors))
        self.readable = readable
        """The records that could be read, of which more may be told; None: none."""
        super().__init__(self.report())

    def __reduce__(self) -> tuple[type[SpecErrors], tuple[list[SpecError]]]:
        return SpecErrors, (self.errors,)  # as it comes from another process

    def report(self) -> str:
        """One line a mistake and their count; as annotations where a workflow runs."""
        actions = os.environ.get("GITHUB_ACTIONS") == "true"
        lines = [str(error) for error in self.errors] + ([error.annotation() for error in self.errors] if actions else [])
        count = len(self.errors)
        return "\n".join([*lines, f"{count} error{'' if count == 1 else 's'}"])


TOLD = re.compile(r"(?:Value error, )?expected (.*), got (.*)\. Fix: (.*)", re.DOTALL)
"""What a check of this project raised, as the type checker hands it on: expected, got, fix."""
FORMS = {
    "a valid dictionary or instance of Text": "text in both languages, {zh: …, en: …}",
    "a valid dictionary": "keys with values",
    "Extra inputs are not permitted": "no such key",
    "Field required": "a value",
}
"""What the type checker calls a form -> what an author of records calls it."""


def in_words(message: str) -> tuple[str, str]:
    """What was expected and how to mend it (or nothing), from the message of a type checker.

    >>> in_words("Input should be greater than or equal to 0.001")
    ('greater than or equal to 0.001', '')
    >>> in_words("Value error, expected text, got an empty string. Fix: write it")
    ('text', 'write it')
    """
    if told := TOLD.fullmatch(message):
        return told[1], told[3]
    expected = re.sub(r"^(Input should be|Value error, expected|Value error,|\w+ should have|String should) ", "", message)
    return FORMS.get(expected, expected), ""


def nearest(word: str, words: Iterable[str]) -> str:
    """The valid word that a wrong one was most likely meant to be, as a phrase for `Fix:`; lists what is valid if none is near.

    >>> nearest("bandwith", ["bandwidth", "memory"])
    "write 'bandwidth'"
    >>> nearest("rtx-3060-12gb", ["rtx-3060", "rtx-3060-8gb", "rtx-3080-12gb"])
    "write 'rtx-3060'"
    >>> nearest("x", ["bandwidth", "memory"])
    'use one of bandwidth, memory'
    """
    choices = sorted(words)
    close = difflib.get_close_matches(str(word), choices, n=12)
    if close:
        return f"write '{min(close, key=lambda one: _other_numbers(str(word), one))}'"
    shown = ", ".join(choices[:12]) + (", …" if len(choices) > 12 else "")
    return f"use one of {shown}" if choices else "remove it"


def _other_numbers(word: str, choice: str) -> tuple[bool, int]:
    """How far the numbers of two names differ: a card of another number is another card, however near its letters are.

    Whether the first numbers differ, and how many numbers the choice has that the word has not.
    """
    asked, offered = re.findall(r"\d+", word), re.findall(r"\d+", choice)
    return asked[:1] != offered[:1], len(set(offered) - set(asked))


@cache
def shown_path(path: Path, root: Path) -> str:
    """A path as the contributor knows it: relative to the repository."""
    try:
        return path.absolute().relative_to(root.absolute().parent).as_posix()  # a link is named by itself, not by its target
    except ValueError:
        return path.as_posix()
