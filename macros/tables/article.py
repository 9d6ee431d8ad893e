"""The founding article: its figure, ours, and why they differ; one table a chapter, and one of the cards that it names."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import pandas as pd

from macros.estimate import estimate
from macros.formulas import units
from macros.specs import Catalogue
from macros.specs.article import Answer, Case, Chapter, Claim, Estimate, Fact, Figure, Formula
from macros.tables import Column, Words, table

SCALES = {"GB": units.GB, "GiB": units.GIB, "TB": units.TERA, "GB/s": units.GB, "ms": 1e-3}
"""Base units in one of the units that the article prints; the others are base units themselves."""

VERDICTS: dict[str, Words] = {
    "holds": {"zh": "相符", "en": "holds"},
    "rounding": {"zh": "舍入", "en": "rounding"},
    "differs": {"zh": "不同", "en": "differs"},
    "wrong": {"zh": "有误", "en": "wrong"},
    "outdated": {"zh": "过时", "en": "outdated"},
    "unclear": {"zh": "不明", "en": "unclear"},
}
UNITS: dict[str, Words] = {
    "tokens/s": {"zh": "词元/秒", "en": "tokens/s"},
    "cores": {"zh": "核", "en": "cores"},
    "threads": {"zh": "线程", "en": "threads"},
    "x": {"zh": "倍", "en": "times"},
}
CHAPTERS: dict[str, Words] = {
    "introduction": {"zh": "原文引言", "en": "The article’s introduction"},
    "gpu": {"zh": "原文论显卡", "en": "The article on GPUs"},
    "cpu": {"zh": "原文论处理器", "en": "The article on CPUs"},
    "ram": {"zh": "原文论内存", "en": "The article on RAM"},
    "storage": {"zh": "原文论硬盘", "en": "The article on storage"},
    "quantization": {"zh": "原文论量化", "en": "The article on quantization"},
    "two-gpus": {"zh": "原文论两张显卡", "en": "The article on two GPUs"},
    "parts": {"zh": "原文论配件", "en": "The article on parts"},
}

AS_ABOVE: Words = {"zh": "同上", "en": "as above"}

COLUMNS = [
    Column("id", {"zh": "编号", "en": "Id"}),
    Column("row", {"zh": "原文所述", "en": "What it says"}),
    Column("verdict", {"zh": "判断", "en": "Finding"}),
    Column("published", {"zh": "原文", "en": "Article"}),
    Column("computed", {"zh": "本指南", "en": "Guide"}),
    Column("computed_high", {"zh": "至", "en": "to"}, only_data=True),
    Column("unit", {"zh": "单位", "en": "Unit"}, under=True),
    Column("difference", {"zh": "相差", "en": "Off by"}, unit="%", digits=1),
    Column("reason", {"zh": "缘由", "en": "Why"}, secondary=True),
    Column("claim", {"zh": "说法", "en": "Claim"}, only_data=True),
    Column("of", {"zh": "对象", "en": "Of"}, only_data=True),
    Column("published_low", {"zh": "原文数值", "en": "Published value"}, only_data=True),
    Column("published_high", {"zh": "原文上限", "en": "Published upper end"}, only_data=True),
]


def _declare(chapter: str, title: Words) -> None:
    @table(id=f"article-{chapter}", title=title, key=["id"], columns=COLUMNS)
    def compute(catalogue: Catalogue) -> pd.DataFrame:
        """The claims of one chapter."""
        return frame(catalogue, catalogue.article[chapter])

    compute.__module__ = __name__


for _chapter, _title in CHAPTERS.items():
    _declare(_chapter, _title)


def frame(catalogue: Catalogue, chapter: Chapter) -> pd.DataFrame:
    """One row for each figure, and one for each statement without figures."""
    rows = [row for claim in chapter.claims for row in _rows(catalogue, claim)]
    return pd.DataFrame(rows, columns=[column.id for column in COLUMNS])


def _rows(catalogue: Catalogue, claim: Claim) -> list[dict[str, Any]]:
    words = {"zh": claim.states.zh, "en": claim.states.en}
    if not claim.cases:
        return [_row(claim, words, None, {}, None, None)]
    rows: list[dict[str, Any]] = []
    for case in claim.cases:
        low, high = (None if question is None else answer(catalogue, question, case) for question in (case.computed, case.computed_high))
        row = _row(claim, words, case, case.label, low, high)
        if any(row["reason"] == earlier["reason"] for earlier in rows):
            row["reason"] = AS_ABOVE
        if rows:  # the claim was told in the row above
            row["row"] = case.label
        rows.append(row)
    return rows


def _row(claim: Claim, words: Words, case: Case | None, label: Words, low: float | None, high: float | None) -> dict[str, Any]:
    several = len(claim.cases) > 1
    figure = case.published if case else None
    unit = case.unit_compared if case else None
    reason = (case.reason if case else None) or claim.reason
    return {
        "id": f"{claim.id}.{label['en']}" if label else claim.id,
        "row": {"zh": f"{words['zh']}：{label['zh']}", "en": f"{words['en']}: {label['en']}"} if label and several else words,
        "claim": words,
        "of": label or None,
        "published": _printed(figure) if figure else None,
        "computed": low,
        "computed_high": high,
        "unit": UNITS.get(unit, unit) if unit else None,
        "difference": difference(figure, low, high) if case and case.comparable else None,
        "verdict": VERDICTS[(case.verdict if case else None) or claim.verdict],
        "reason": {"zh": reason.zh, "en": reason.en},
        "published_low": figure.low if figure else None,
        "published_high": figure.high if figure else None,
    }


def _printed(figure: Figure) -> Words:
    """The figure as the article prints it.

    >>> _printed(Figure(low=15147.15, unit="ms"))
    {'zh': '15147.15 ms', 'en': '15147.15 ms'}
    """
    ends = [figure.low] if figure.high is None else [figure.low, figure.high]
    shown = "–".join(f"{end:.2f}".rstrip("0").rstrip(".") for end in ends)
    unit = UNITS.get(figure.unit, {"zh": figure.unit, "en": figure.unit})
    return {language: f"{shown} {unit[language]}" for language in ("zh", "en")}


def difference(figure: Figure | None, low: float | None, high: float | None) -> float | None:
    """How far the guide's figure lies from the article's, or from the nearer end of its range [%]; 0 within the range.

    >>> difference(Figure(low=50.0, unit="GB"), 75.0, None)
    50.0
    >>> difference(Figure(low=4.0, high=10.0, unit="tokens/s"), 5.0, 9.0)
    0.0
    """
    if figure is None or low is None:
        return None
    if figure.high is None:
        return (low / figure.low - 1) * 100
    below, above = (low, low) if high is None else (low, high)
    if above < figure.low:
        return (above / figure.low - 1) * 100
    if below > figure.high:
        return (below / figure.high - 1) * 100
    return 0.0


def answer(catalogue: Catalogue, question: Answer, case: Case) -> float | None:
    """The guide's figure in the unit of the case; None where the answer says nothing of it."""
    found = _base(catalogue, question)
    if found is None or isinstance(question, Fact):
        return found
    return found / SCALES.get(case.unit_compared, 1)


def _base(catalogue: Catalogue, question: Answer) -> float | None:
    if isinstance(question, Fact):
        return float(getattr(catalogue.records[question.kind][question.record], question.take))
    if isinstance(question, Formula):
        module, name = question.formula.split(".")
        function: Callable[..., Any] = getattr(importlib.import_module(f"macros.formulas.{module}"), name)
        return float(function(**question.arguments)) / (question.per or 1)
    if isinstance(question, Estimate):
        return _estimated(catalogue, question)
    parts = [_base(catalogue, part) for part in question.of]
    return None if any(part is None for part in parts) else sum(part for part in parts if part is not None)


def _estimated(catalogue: Catalogue, question: Estimate) -> float | None:
    found: Any = estimate(question.question, catalogue)
    for name in question.take.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    if found is None:
        return None
    return question.tokens / float(found) if question.tokens is not None else float(found) / (question.per or 1)


@table(
    id="article-cards",
    title={"zh": "原文点名的显卡，放得下吗", "en": "The cards that the article names: does it fit?"},
    key=["model", "cards"],
    columns=[
        Column("model", {"zh": "模型（4 位）", "en": "Model (4-bit)"}, link="models"),
        Column("cards", {"zh": "显卡", "en": "Cards"}, link="gpus", under=True),
        Column("count", {"zh": "张数", "en": "Number"}, under=True),
        Column("fits", {"zh": "放得下（含余量）", "en": "Fits with the margin"}),
        Column("memory", {"zh": "显存", "en": "VRAM"}, unit="GiB", digits=0),
        Column("needed", {"zh": "需要", "en": "Needed"}, unit="GiB", digits=1),
        Column("free", {"zh": "剩余", "en": "Left"}, unit="GiB", digits=1),
        Column("margin", {"zh": "余量", "en": "Margin"}, unit="GiB", digits=1, secondary=True),
    ],
)
def cards(catalogue: Catalogue) -> pd.DataFrame:
    """Each set-up with all layers on the cards, whether or not they fit, at the model's whole context."""
    rows = []
    for claim in catalogue.article["gpu"].claims:
        for setup in claim.setups:
            question = claim.cases[0].computed
            if not isinstance(question, Estimate):
                continue
            asked = {**question.question, "gpus": list(setup), "gpu_layers": 999}
            found = estimate(asked, catalogue)
            usable = sum(device["usable_bytes"] for device in found["devices"])
            needed = sum(device["memory_bytes"] for device in found["devices"])
            margin = sum(device["margin_bytes"] for device in found["devices"])
            rows.append(
                {
                    "model": asked["model"],
                    "cards": setup[0],
                    "count": len(setup),
                    "memory": usable / units.GIB,
                    "needed": needed / units.GIB,
                    "free": (usable - needed) / units.GIB,
                    "margin": margin / units.GIB,
                    "fits": all(device["memory_bytes"] + device["margin_bytes"] <= device["usable_bytes"] for device in found["devices"]),
                }
            )
    return pd.DataFrame(rows)
