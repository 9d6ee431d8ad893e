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
    others: str
    """Those that are no model's own."""
    models: dict[str, str]


def behind(root: Path) -> Behind:
    """The state of code and records.

    Args:
        root: of the checkout
    """
    data = root / "data"
    return Behind(
        code=state(root / "macros", root / "requirements.txt"),
        records=state(data),
        others=state(*[path for path in sorted(data.glob("*")) if path.name != "models"]),
        models={path.stem: state(path) for path in sorted((data / "models").glob("*.yaml"))},
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
    """What the largest tables ask about a model."""
    from macros.tables.pairs import answers_of

    assert now.catalogue is not None
    catalogue = now.catalogue
    line, one = [], catalogue.models.get(model)
    while one is not None:
        line.append(of.models[one.id])
        one = catalogue.models.get(one.based_on)
    path = generator.CACHE / "answers" / f"{model}.pickle"
    found: dict[Question, Any] = kept(path, (of.code, of.others, line), lambda: answers_of(catalogue, model))
    return found


def _frame(of: Behind, table: str) -> pd.DataFrame:
    """The numbers of a table."""
    from macros.tables import tables

    assert now.catalogue is not None
    catalogue = now.catalogue
    path = generator.CACHE / "tables" / f"{table}.pickle"
    found: pd.DataFrame = kept(path, (of.code, of.records), lambda: tables()[table].frame(catalogue))
    return found
