"""The numbers of a site, computed in several processes; what an earlier build computed from the same records and code is kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from macros import generator
from macros.generator import CONFIGS, now
from macros.publish.beside import beside
from macros.publish.remembered import kept, state
from macros.specs import Catalogue

if TYPE_CHECKING:
    import pandas as pd

    from macros.tables.answers import Question


@dataclass(frozen=True)
class Behind:
    """What numbers are computed from, told before it is read: what is edited meanwhile is another state."""

    code: str
    records: str
    """All of them."""
    shared: str
    """Those of kinds that every answer may depend on."""
    own: dict[tuple[str, str], str]
    """Kind and id of a record -> its state, of the other kinds that answers depend on."""

    def of(self, question: Question, catalogue: Catalogue) -> str:
        """The state of all that an answer was computed from."""
        from macros.tables.answers import behind

        return " ".join([self.shared, *[self.own[named] for named in behind(catalogue, dict(question))]])


def behind(root: Path) -> Behind:
    """The state of code and records.

    Args:
        root: of the checkout
    """
    from macros.tables.answers import OWN, SHARED

    data = root / "data"
    return Behind(
        code=state(root / "macros", root / "requirements.txt"),
        records=state(data),
        shared=state(*[data / kind for kind in SHARED]),
        own={(kind, path.stem): state(path) for kind in OWN for path in sorted((data / kind).glob("*.yaml"))},
    )


def compute(catalogue: Catalogue, of: Behind) -> None:
    """Every table of the site, and what the pages of models and devices ask for one by one.

    Args:
        catalogue: the records, which the processes find as `now.catalogue`
        of: what they were read from
    """
    from macros.tables import pairs, tables
    from macros.tables.answers import take

    with beside(len(CONFIGS)) as pool:
        for answers in pool.map(partial(_answers, of), catalogue.models, chunksize=4):
            take(catalogue, answers)
    own = [table for table in tables().values() if table.compute.__module__ == pairs.__name__]
    others = [table for table in tables().values() if table not in own]
    with beside(len(CONFIGS)) as pool:
        frames = pool.map(partial(_frame, of), [table.id for table in others])
        for table in own:  # in this process, which remembers what their rows share
            table.frame(catalogue)
        for table, frame in zip(others, frames, strict=True):
            table.take(catalogue, frame)


def _answers(of: Behind, model: str) -> dict[Question, Any]:
    """What tables ask about a model; of an earlier build's answers those stay that nothing behind them has changed."""
    from macros.tables import measured_decode, pairs
    from macros.tables.answers import learned, take

    assert now.catalogue is not None
    catalogue = now.catalogue

    def ask(before: dict[Question, tuple[str, Any]] | None) -> dict[Question, tuple[str, Any]]:
        same = {question: known for question, known in (before or {}).items() if known[0] == of.of(question, catalogue)}
        take(catalogue, {question: answer for question, (_, answer) in same.items()})
        more = learned(lambda: [part.ask_all(catalogue, model) for part in (pairs, measured_decode)])
        return same | {question: (of.of(question, catalogue), answer) for question, answer in more.items()}

    found = kept(generator.CACHE / "answers" / f"{model}.pickle", of.records, ask, code=of.code)
    return {question: answer for question, (_, answer) in found.items()}


def _frame(of: Behind, table: str) -> pd.DataFrame:
    """The numbers of a table."""
    from macros.tables import tables

    assert now.catalogue is not None
    catalogue = now.catalogue
    path = generator.CACHE / "tables" / f"{table}.pickle"
    found: pd.DataFrame = kept(path, of.records, lambda _: tables()[table].frame(catalogue), code=of.code)
    return found
