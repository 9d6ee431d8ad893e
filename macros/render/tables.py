"""Frames as accessible HTML: caption, units in the headers, sticky header and first column, links to the data behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any

import pandas as pd

from macros.formulas.remember import by_identity
from macros.render import equations
from macros.render.citations import link
from macros.render.numbers import MISSING, number, unit_html
from macros.render.view import Mistake, View, one_of
from macros.specs import Catalogue
from macros.specs.errors import nearest
from macros.tables import Column, Table, plain, tables

PAGES = {"models": "models/", "gpus": "devices/", "cpus": "devices/"}
"""Kinds of records that have a page each -> the folder of these pages."""
NAMING = ("models", "gpus", "quantizations")
"""Kinds of records that a column may stand for: its id is then that of the record."""
LONGEST_NAME = 16
"""Characters that never break into lines; a column with a longer cell may."""


def table(view: View, id: str, *, columns: list[str] | None = None, **where: Any) -> str:
    """The table `id` as HTML: all of it, or the rows where each named column has the given value (or one of a list of them)."""
    one_of("a table", id, tables())
    known = tables()[id]
    return render(view, known, selected(view, known, where), shown(known, columns))


def selected(view: View, table: Table, where: Mapping[str, Any]) -> pd.DataFrame:
    """The rows of a table that a page asks for."""
    frame = table.frame(view.catalogue)
    for name, wanted in where.items():
        if name not in frame:
            raise Mistake(f"a column of table {table.id}", repr(name), nearest(name, map(str, frame.columns)))
        values = wanted if isinstance(wanted, list | tuple) else [wanted]
        for value in values:
            if not (frame[name] == value).any():
                raise Mistake(f"a value in column {name} of table {table.id}", repr(value), nearest(str(value), map(str, frame[name])))
        frame = frame[frame[name].isin(values)]
    return frame


def shown(table: Table, columns: list[str] | None) -> tuple[Column, ...]:
    """The columns that a page asks for, in the order of the table."""
    if columns is None:
        return tuple(column for column in table.columns if not column.only_data)
    for name in columns:
        one_of(f"a column of table {table.id}", name, (column.id for column in table.columns))
    return tuple(column for column in table.columns if column.id in columns)


def render(
    view: View,
    table: Table,
    frame: pd.DataFrame,
    columns: tuple[Column, ...],
    *,
    plain: bool = False,
    links: Callable[[Mapping[str, Any]], str] | None = None,
    unsearched: bool = False,
) -> str:
    """A frame with the headings of its table.

    Args:
        view: the page
        table: what the frame is of
        frame: the rows
        columns: those to show, in the order to show them
        plain: without its title, data links and proof, which stand elsewhere
        links: address that the cell of few choices leads to, for each row
        unsearched: whether the search leaves out the names of the rows: a page of one card is no answer to the name of a model
    """
    known = _rows(frame)
    columns, ranges = _ranged(columns, frame, known)
    beneath = [column for column in columns if column.under and column is not columns[0]]
    columns = tuple(column for column in columns if column not in beneath)
    more = [_beneath(view, beneath, row) for row in known] if beneath else [""] * len(known)
    numeric = {column.id for column in columns if _is_numeric(frame[column.id]) and column.link is None}
    named = _small(view.html(column.title) for column in beneath)
    heads = "".join(_head(view, column, column.id in numeric, "" if index else named) for index, column in enumerate(columns))
    prose = {column.id for column in columns if any(_is_long(view, column, row[column.id]) for row in known)}
    addresses = [links(row) for row in known] if links else [""] * len(known)
    rows = "".join(
        _row(view, columns, row, numeric, prose, address, between | {columns[0].id: under}, unsearched)
        for row, address, between, under in zip(known, addresses, ranges, more, strict=True)
    )
    caption = view.html(table.title)
    body = (
        f'<div class="table-scroll" role="region" tabindex="0" aria-label="{caption}">'
        f'<table><caption class="visually-hidden">{caption}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    if plain:
        return f'<div class="table">{body}</div>'
    proof = _proof(view, table)
    data = _files(view, table)
    large = (" table-large" if len(frame) > 12 else "") + (" table-proved" if proof else "")
    return (
        f'<div class="table{large}" data-table="{escape(table.id)}" data-api="{escape(view.api(""))}">'
        f'<div class="table-bar"><p class="table-title">{caption}</p><span class="table-tools"></span>'
        f'<p class="table-data" data-pagefind-ignore>{data}</p></div>'
        f"{body}{proof}</div>"
    )


def _files(view: View, table: Table) -> str:
    return "".join(f'<a href="{escape(view.api(f"tables/{table.id}.{form}"))}" download>{form.upper()}</a>' for form in ("csv", "json"))


def downloads(view: View, id: str) -> str:
    """The name of a table with links to its files, for one that is too long for a page."""
    one_of("a table", id, tables())
    known = tables()[id]
    files = _files(view, known).replace("</a><a", "</a> <a")
    return f'<span class="table-files" data-table-files="{escape(id)}">{view.html(known.title)} {files}</span>'


FITTED = {
    "memory_seconds": ("decode", "解码", "Decode"),
    "layer_seconds": ("decode", "解码", "Decode"),
    "prompt_seconds": ("prefill", "预填充", "Prefill"),
}
"""Formula -> the record of its constants in data/calibration, which says how far its answers are off, and what they are."""
OF_MEMORY = {"tensors", "recipe", "kv_cache", "compute_buffer", "runtime"}
"""Modules of formulas that do what the engine does with memory."""


def _proof(view: View, table: Table) -> str:
    """Where the numbers come from: the formulas behind them. The page's script shows it with the inputs of one row."""
    if not table.formulas:
        return ""
    shown = "".join(equations.equation(view, name) for name in table.formulas)
    methods = f'<a href="{escape(view.page("methods/"))}">{view.pick("方法", "methods")}</a>'
    accuracy = f'<a href="{escape(view.page("accuracy/"))}">{view.pick("准确度", "accuracy")}</a>'
    more = view.pick(
        f"公式的变量、前提与出处见{methods}，误差见{accuracy}。", f"Arguments, assumptions and sources: {methods}. Errors: {accuracy}."
    )
    summary = view.pick("这些数字怎么来", "Where these numbers come from")
    return (
        f'<details class="table-proof" data-pagefind-ignore><summary>{summary}</summary>'
        f'<div class="table-proof-body">{shown}{_standing(view, table)}<p>{more}</p></div></details>'
    )


def _standing(view: View, table: Table) -> str:
    """Which build of the engine the numbers hold for, and how far they are off."""
    told = []
    of_memory = any(equations.chapter(name) in OF_MEMORY for name in table.formulas)
    if of_memory or set(FITTED) & set(table.formulas):
        engine = view.catalogue.engines["llama.cpp"]
        told.append(view.pick(f"引擎：{engine.name}，提交 {engine.build}。", f"Engine: {engine.name}, commit {engine.build}."))
    if of_memory:
        told.append(
            view.pick(
                "内存与引擎自己打印的分配计划逐项对照，权重与 KV 缓存应当逐字节相等。",
                "Memory is compared with the engine's own plans, part by part: weights and KV cache should be equal to the byte.",
            )
        )
    for kind, chinese, english in dict.fromkeys(FITTED[name] for name in table.formulas if name in FITTED):
        found = view.catalogue.calibration[kind].accuracy["all"]
        median, ninetieth = (f"{100 * error:.0f}%" for error in (found.median, found.ninetieth))
        told.append(
            view.pick(
                f"{chinese}速度的误差：中位数 {median}，九成在 {ninetieth} 以内（{found.rows} 条公开实测，预测时不用被测设备自己的数据）。",
                f"{english} speed is off by {median} at the median and by at most {ninetieth} nine times in ten "
                f"({found.rows} published measurements, each predicted without those of its own device).",
            )
        )
    return f"<p>{escape(view.pick('', ' ').join(told))}</p>" if told else ""


def _is_numeric(values: pd.Series) -> bool:
    known = [value for value in values if plain(value) is not None]
    return bool(known) and all(isinstance(plain(value), int | float) and not isinstance(plain(value), bool) for value in known)


def _small(parts: Iterable[str]) -> str:
    """What stands under the name of a row, or of its column."""
    text = " · ".join(filter(None, parts))
    return f' <small class="under">{text}</small>' if text else ""


def _beneath(view: View, columns: Iterable[Column], row: Mapping[str, Any]) -> str:
    """The cells of a row that stand under its name; numbers say what they are."""
    return _small(_said(view, column, row[column.id]) for column in columns)


def _said(view: View, column: Column, value: Any) -> str:
    known = plain(value) if not isinstance(value, dict | list | tuple) else value
    if known is None:
        return ""
    text = cell(view, column, value)
    if isinstance(known, str) or not isinstance(known, int | float):
        return text
    unit = f" {unit_html(column.unit, view.language)}" if column.unit else ""
    return f"{view.html(column.title)}{view.pick('：', ': ')}{text}{unit}"


def _head(view: View, column: Column, numeric: bool, under: str = "") -> str:
    unit = f' <span class="unit">{unit_html(column.unit, view.language)}</span>' if column.unit else ""
    note = f' title="{view.html(column.note)}"' if column.note else ""
    kind = _class(column, "n" if numeric else "")
    title = view.html(column.title)
    of = next((kind for kind in NAMING if column.id in view.catalogue.records.get(kind, {})), None)
    if of is not None:
        title = f'<span data-record="{of}/{escape(column.id)}">{title}</span>'
    return f'<th scope="col" data-column="{escape(column.id)}"{kind}{note}>{title}{unit}{under}</th>'


def _is_long(view: View, column: Column, value: Any) -> bool:
    """Whether a cell may break into lines; short names, numbers and dates stand on one."""
    if not isinstance(value, str | dict):
        return isinstance(value, list | tuple)
    if column.choices:
        return False
    if column.link == "sources":
        return True
    return len(view.name(column.link, value) if column.link and isinstance(value, str) else view.words(value)) > LONGEST_NAME


def _class(column: Column, kind: str, choice: str = "") -> str:
    """The class of a cell: a number or prose, left out on a narrow screen, one of few choices."""
    worn = " ".join(filter(None, [kind, "s" if column.secondary else "", choice]))
    return f' class="{worn}"' if worn else ""


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows by column, with numbers as Python has them: column by column, which costs a tenth of what pandas takes row by row."""
    values = [frame[column].tolist() for column in frame.columns]
    return [dict(zip(frame.columns, row, strict=True)) for row in zip(*values, strict=True)]


def _ranged(
    columns: tuple[Column, ...], frame: pd.DataFrame, rows: list[dict[str, Any]]
) -> tuple[tuple[Column, ...], list[dict[str, str]]]:
    """Low and high go under the figure that they belong to: the columns without them, and what to write in each row, by column.

    The ends of figure `x` are in columns `x_low` and `x_high`; those of `decode` in `low` and `high`.
    """
    figures = [column.id for column in columns if column.id + "_low" in frame.columns and _is_numeric(frame[column.id])]
    ends = {figure: (figure + "_low", figure + "_high") for figure in figures}
    if {"decode", "low", "high"} <= {column.id for column in columns}:
        ends["decode"] = ("low", "high")
    digits = {column.id: column.digits for column in columns}
    told = [
        {
            figure: f'<small class="range">{number(row[low], digits[figure])}–{number(row[high], digits[figure])}</small>'
            for figure, (low, high) in ends.items()
            if plain(row[low]) is not None
        }
        for row in rows
    ]
    beneath = {name for pair in ends.values() for name in pair}
    return tuple(column for column in columns if column.id not in beneath), told


def _row(
    view: View,
    columns: tuple[Column, ...],
    row: Mapping[str, Any],
    numeric: set[str],
    prose: set[str],
    address: str = "",
    between: Mapping[str, str] | None = None,
    names: bool = False,
) -> str:
    cells = []
    for index, column in enumerate(columns):
        value = row[column.id]
        text = cell(view, column, value)
        if address and column.choices:
            text = f'<a href="{escape(address)}">{text}</a>'
        text += (between or {}).get(column.id, "")
        kind = "n" if column.id in numeric else "t" if column.id in prose else ""
        if index == 0:
            mark = " data-pagefind-ignore" if names else ""
            cells.append(f'<th scope="row"{_class(column, kind.replace("n", ""))}{mark}>{text}</th>')
        else:
            cells.append(f"<td{_class(column, kind, f'way-{value}' if column.choices else '')}>{text}</td>")
    return f"<tr>{''.join(cells)}</tr>"


def cell(view: View, column: Column, value: Any) -> str:
    """One cell, escaped."""
    value = value if isinstance(value, dict | list | tuple) else plain(value)
    if value is None:
        return f'<span title="{view.pick("未知或不适用", "unknown or not applicable")}">{MISSING}</span>'
    if column.choices:
        return view.html(column.choices[value])
    if isinstance(value, bool):
        return view.pick("是", "yes") if value else view.pick("否", "no")
    if isinstance(value, int | float):
        return number(value, column.digits)
    if column.link and isinstance(value, str):
        return record_link(view, column.link, value)
    if isinstance(value, list | tuple):
        return view.pick("、", ", ").join(cell(view, column, item) for item in value)
    return view.html(_chinese(view.catalogue).get(value, value) if isinstance(value, str) and view.language == "zh" else value)


@by_identity
def _chinese(catalogue: Catalogue) -> dict[str, str]:
    """Name -> Chinese name, of records that have both: some tables hold names and no ids."""
    named = (record for kind in ("gpus", "cpus", "quantizations") for record in catalogue.records[kind].values())
    return {record.name: record.name_zh for record in named if record.name_zh}


def record_link(view: View, kind: str, id: str) -> str:
    """The name of a record, leading to its page where it has one, and of a source to the document."""
    if kind == "sources":
        return link(view, id)
    name, mark = view.name(kind, id), f'data-record="{escape(kind)}/{escape(id)}"'
    if kind in PAGES and id in view.catalogue.records.get(kind, {}):
        return f'<a href="{escape(view.page(f"{PAGES[kind]}{id}/"))}" {mark}>{name}</a>'
    return f"<span {mark}>{name}</span>" if id in view.catalogue.records.get(kind, {}) else name
