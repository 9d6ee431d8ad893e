"""What the guide does not list: things that are asked for by name, and classes of which it lists no model."""

from __future__ import annotations

import pandas as pd

from macros.specs import Catalogue
from macros.specs.classes import ArchitectureClass
from macros.tables import Column, table

KINDS = {
    "model": {"zh": "模型", "en": "model"},
    "class": {"zh": "结构类别", "en": "class of models"},
    "processor": {"zh": "处理器", "en": "processor"},
}
"""What it is."""
REASONS = {
    "read": {"zh": "能读 config.json，暂无收录的模型", "en": "its config.json is read; no model of it is listed"},
    "no-count": {"zh": "找不到可以核对的公布参数量", "en": "no published count to check its shapes by"},
    "other-count": {"zh": "公开的形状与公布的参数量对不上", "en": "public shapes do not give its published count"},
    "no-shapes": {"zh": "找不到公开的完整超参数", "en": "its hyperparameters are not public in full"},
    "no-figures": {"zh": "只随云主机提供，内存规格没有公布", "en": "comes only with cloud machines, and nobody states its memory"},
    "no-engine": {"zh": "指南中的引擎都没有这一类", "en": "no engine of the guide has a class for it"},
    "unknown-part": {"zh": "含有指南不认识的部分，点名拒绝", "en": "has a part that the guide does not know; refused by name"},
}
"""Why it is not listed."""


@table(
    id="unlisted",
    title={"zh": "没有收录的", "en": "What is not listed"},
    key=["name"],
    columns=[
        Column("name", {"zh": "名称", "en": "Name"}),
        Column("kind", {"zh": "是什么", "en": "What it is"}, choices=KINDS),
        Column("reason", {"zh": "原因", "en": "Why"}, choices=REASONS),
        Column("run_by", {"zh": "能运行它的引擎", "en": "Engines that run it"}),
    ],
)
def unlisted(catalogue: Catalogue) -> pd.DataFrame:
    """Named things first, then classes that are read, then those that are not although an engine runs them."""
    named = [(one.name, one.kind, one.why, one.run_by) for one in catalogue.records["unlisted"].values()]
    listed = {model.architecture.engine_name for model in catalogue.models.values() if model.architecture is not None}
    others = [record for key, record in catalogue.architectures.items() if key not in listed]
    read = [(record.name, "class", "read", _run_by(record, catalogue)) for record in others]
    unread = [(key, "class", "unknown-part", one.run_by) for key, one in catalogue.records["unread-classes"].items() if one.is_a is None]
    rows = [*named, *[row for row in [*sorted(read), *sorted(unread)] if row[3]]]
    return pd.DataFrame(
        [(name, kind, why, ", ".join(catalogue.engines[engine].name for engine in engines)) for name, kind, why, engines in rows],
        columns=["name", "kind", "reason", "run_by"],
    )


def _run_by(record: ArchitectureClass, catalogue: Catalogue) -> list[str]:
    """Engines that have a class of their own for some configuration of this one; none where no configuration is read."""
    told = {engine for each in catalogue.architectures.values() for kind in each.classes.values() for engine in kind.unknown_to}
    return sorted(engine for engine in told if any(engine not in kind.unknown_to for kind in record.classes.values()))
