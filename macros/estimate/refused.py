"""A question that cannot be answered, said so that its asker can mend it."""

from __future__ import annotations


class Refused(ValueError):  # noqa: N818  (what happened to the question)
    """Names the field, what was expected and what was found."""

    def __init__(self, field: str, expected: str, got: object, fix: str = "") -> None:
        self.field = field
        shown = repr(got) if len(repr(got)) <= 80 else repr(got)[:77] + "…"
        super().__init__(f"{field}: expected {expected}, got {shown}." + (f" Fix: {fix}." if fix else ""))
