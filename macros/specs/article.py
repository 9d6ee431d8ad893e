"""The founding article: what each of its rows and claims says, and the question whose answer stands beside it."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from macros.specs.form import Field, model_validator
from macros.specs.record import Id, Plain, Strict, Text, Written

Unit = Literal["B", "GB", "GiB", "TB", "GB/s", "tokens/s", "ms", "cores", "threads", "x"]
Value = Annotated[float, Field(ge=0, le=1e12)]

Verdict = Literal["holds", "rounding", "differs", "wrong", "outdated", "unclear"]
"""holds: as the guide finds; rounding: right but for digits or units; differs: another assumption; wrong: against the facts;
outdated: was so then; unclear: says too little to be checked."""


class Figure(Strict):
    """A figure as published: one value, or a range."""

    low: Value
    """The value, or the lower end."""
    high: Value | None = None
    """The upper end; absent: one value."""
    unit: Unit
    """As the article prints it."""
    means: Unit | None = None
    """The unit that the figure is really in, where the article prints another."""

    @model_validator(mode="after")
    def _ordered(self) -> Figure:
        if self.high is not None and self.high < self.low:
            raise ValueError(f"expected high of at least {self.low}, got {self.high}. Fix: swap low and high")
        return self

    @property
    def real_unit(self) -> str:
        """The unit to compare in."""
        return self.means or self.unit


class Estimate(Strict):
    """Answered by an estimate."""

    by: Literal["estimate"]
    question: dict[str, Any]
    """The keys that `python -m macros estimate --batch` reads."""
    take: Plain
    """Where the figure stands in the answer, `total.bytes`."""
    tokens: Value | None = None
    """Take the time for this many tokens at the speed found, instead of the speed."""
    per: Value | None = None
    """Take one of so many parts: the cache of one token of a context of 512."""


class Formula(Strict):
    """Answered by one formula."""

    by: Literal["formula"]
    formula: Plain
    """Module and function in macros/formulas, `bandwidth.memory_bandwidth`."""
    arguments: dict[str, float | int]
    """Its arguments, in base units."""
    per: Value | None = None
    """Take it relative to this."""


class Fact(Strict):
    """Answered by a record of the guide."""

    by: Literal["record"]
    kind: Plain
    """Folder of data/."""
    record: Id
    """Id of the record."""
    take: Plain
    """Its field."""


class Sum(Strict):
    """Answered by several answers together."""

    by: Literal["sum"]
    of: list[Annotated[Estimate | Formula | Fact, Field(discriminator="by")]]
    """The parts."""


Answer = Annotated[Estimate | Formula | Fact | Sum, Field(discriminator="by")]


class Case(Strict):
    """One figure of a claim: a cell of the article's table, or the only figure of a sentence."""

    of: Text | Plain
    """What the figure is of; unique within the claim."""
    published: Figure | None = None
    """The article's figure; absent: it gives none."""
    computed: Answer | None = None
    """The question to which the guide's figure is the answer; absent: nothing that can be computed corresponds to it."""
    computed_high: Answer | None = None
    """Likewise for the upper end of a range."""
    unit: Unit | None = None
    """Unit of the guide's figure where the article gives none."""
    comparable: bool = True
    """false: the guide's figure shows the matter from another side, and a difference between the two would say nothing."""
    verdict: Verdict | None = None
    """Where this case differs from the claim's."""
    reason: Text | None = None
    """Where this case has its own."""

    @model_validator(mode="after")
    def _paired(self) -> Case:
        if self.computed_high is not None and self.computed is None:
            raise ValueError("expected computed beside computed_high, got none. Fix: add computed")
        if (self.published is None) == (self.unit is None):
            raise ValueError("expected one of published and unit, got both or neither. Fix: keep the one that fits")
        return self

    @property
    def label(self) -> dict[str, str]:
        """What the figure is of, in both languages."""
        return {"zh": self.of, "en": self.of} if isinstance(self.of, str) else {"zh": self.of.zh, "en": self.of.en}

    @property
    def unit_compared(self) -> str:
        """The unit in which both figures are shown."""
        return self.unit or (self.published.real_unit if self.published else "")


class Claim(Strict):
    """A row, a column or a statement of the article."""

    id: Id
    """Unique within the chapter."""
    states: Text
    """What the article says, in the guide's words."""
    verdict: Verdict
    """What the guide finds, in a word."""
    reason: Text
    """What the guide finds, and why it differs."""
    cases: list[Case] = Field(default_factory=list)
    """Its figures; none for a statement without figures."""
    setups: list[list[Id]] = Field(default_factory=list)
    """Graphics devices that it names as sufficient, each a set-up of one or more; checked with the question of its first case."""

    @model_validator(mode="after")
    def _unique(self) -> Claim:
        _once("case", [case.label["en"] for case in self.cases])
        return self


class Chapter(Written):
    """A chapter of the article."""

    SOURCE_GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {"published": ("claims",)}
    UNSOURCED: ClassVar[tuple[str, ...]] = ("number",)

    number: Annotated[int, Field(ge=0, le=20)]
    """Its place."""
    title: Text
    """What it is about."""
    page: Plain
    """The page of the guide that deals with it, `gpu.md`."""
    claims: Annotated[list[Claim], Field(min_length=1)]
    """In the order of the article."""

    @model_validator(mode="after")
    def _unique(self) -> Chapter:
        _once("claim id", [claim.id for claim in self.claims])
        return self


def _once(what: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"expected each {what} once, got {name!r} twice. Fix: rename one")
