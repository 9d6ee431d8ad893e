"""A question that cannot be answered, said so that its asker can mend it."""

from __future__ import annotations


class Refused(ValueError):  # noqa: N818  (what happened to the question)
    """Names the field, what was expected and what was found."""

    def __init__(self, field: str, expected: str, got: object, fix: str = "") -> None:
        self.field = field
        fixed = f" Fix: {_cut(fix, SENTENCE)}." if fix else ""
        found = "nothing" if got is None else _cut(repr(got), 80)
        super().__init__(f"{_cut(field, NAME)}: expected {_cut(expected, SENTENCE)}, got {found}.{fixed}")


def why(error: Exception) -> str:
    """What kept a file or a text from being read, in a few words."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return "lists in lists without end" if isinstance(error, RecursionError) else _cut(" ".join(str(error).split()), NAME)


NAME, SENTENCE = 200, 1000
"""Letters of a field and of a sentence: names from a file may be as long as the file likes."""


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
