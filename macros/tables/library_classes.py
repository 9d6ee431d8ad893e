"""Classes of the library that writes configurations, beside what the guide reads of them."""

from __future__ import annotations

import pandas as pd

from macros.specs import Catalogue
from macros.specs.library_classes import ClassCounts
from macros.tables import Column, table

OUTCOMES = {
    "equal": {"zh": "全部相等", "en": "equal throughout"},
    "some-refused": {"zh": "相等，个别改动点名拒绝", "en": "equal, some changes refused by name"},
    "class-refused": {"zh": "整类点名拒绝", "en": "class refused by name"},
    "wrong": {"zh": "有不同", "en": "some differ"},
}
"""What can come of a class, best first."""


def _outcome(counts: ClassCounts) -> str:
    if counts.wrong:
        return "wrong"
    if counts.equal:
        return "some-refused" if counts.refused else "equal"
    return "class-refused"


@table(
    id="library-classes",
    title={"zh": "transformers 的类逐一比较", "en": "Classes of transformers, one by one"},
    key=["class"],
    columns=[
        Column("class", {"zh": "类（model_type）", "en": "Class (model_type)"}),
        Column("outcome", {"zh": "结果", "en": "Outcome"}, choices=OUTCOMES),
        Column("equal", {"zh": "相等", "en": "Equal"}, digits=0),
        Column("refused", {"zh": "点名拒绝", "en": "Refused by name"}, digits=0),
        Column("wrong", {"zh": "不同", "en": "Different"}, digits=0),
        Column("says", {"zh": "第一处不同或拒绝", "en": "First difference or refusal"}),
    ],
    formulas=("parameters",),
)
def library_classes(catalogue: Catalogue) -> pd.DataFrame:
    """Each class with its cases: as it is, small, and small with one value changed."""
    rows = [
        (kind, _outcome(counts), counts.equal, counts.refused, counts.wrong, counts.says)
        for record in catalogue.library_classes.values()
        for kind, counts in record.classes.items()
    ]
    return pd.DataFrame(rows, columns=["class", "outcome", "equal", "refused", "wrong", "says"])


@table(
    id="library-classes-accuracy",
    title={"zh": "读取 transformers 的配置", "en": "Reading the configurations of transformers"},
    key=["version", "outcome"],
    columns=[
        Column("version", {"zh": "版本", "en": "Version"}),
        Column("day", {"zh": "比较日期", "en": "Compared on"}, under=True),
        Column("outcome", {"zh": "结果", "en": "Outcome"}, choices=OUTCOMES),
        Column("classes", {"zh": "类", "en": "Classes"}, digits=0),
        Column("equal", {"zh": "相等", "en": "Equal"}, digits=0),
        Column("refused", {"zh": "点名拒绝", "en": "Refused by name"}, digits=0),
        Column("wrong", {"zh": "不同", "en": "Different"}, digits=0),
    ],
    formulas=("parameters",),
)
def library_classes_accuracy(catalogue: Catalogue) -> pd.DataFrame:
    """The same, taken together by what came of the class."""
    rows = []
    for record in catalogue.library_classes.values():
        for outcome in OUTCOMES:
            alike = [counts for counts in record.classes.values() if _outcome(counts) == outcome]
            sums = [sum(getattr(counts, name) for counts in alike) for name in ("equal", "refused", "wrong")]
            rows.append((record.version, record.day.isoformat(), outcome, len(alike), *sums))
    return pd.DataFrame(rows, columns=["version", "day", "outcome", "classes", "equal", "refused", "wrong"])
