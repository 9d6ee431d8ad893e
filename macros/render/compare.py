"""Two things side by side, and what a wish needs: forms with a first answer already there, which the script answers anew."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from macros.formulas.ram_rule import SYSTEM_GIB
from macros.render import scripts, verdict
from macros.render.numbers import IN_CHINESE, number, unit_html
from macros.render.tables import record_link
from macros.render.view import View
from macros.tables import pairs, planning
from macros.tables.headlines import headline_devices, headline_models

TWO = ("rtx-3060", "rtx-5060-ti-16gb")
"""What the page compares at first: an old card and what many replace it by."""
WISH = {"model": "gpt-oss-120b", "tokens_per_second": 10.0, "context": 16384}
"""What the page looks for at first."""
LABELS = {
    "one": ("第一个", "First"),
    "other": ("第二个", "Second"),
    "model": ("模型", "Model"),
    "speed": ("至少每秒词元数", "Tokens per second, at least"),
    "context": ("上下文（词元）", "Context (tokens)"),
    "compare": ("比较", "Compare"),
    "wish": ("需要什么", "What it needs"),
    "ratio": ("速度之比", "Times as fast"),
    "device": ("设备", "Device"),
    "runs": ("能否运行", "Runs"),
    "decode": ("解码", "Decode"),
    "memory": ("显存", "VRAM"),
    "ram": ("配内存", "RAM"),
    "price": ("首发价", "Launch price"),
}
UNITS = {"runs": "tokens/s", "memory": "GiB", "ram": "GiB", "price": "USD"}
"""Column of what a speed needs -> the unit under its name."""
MESSAGES = {
    "one-kind": {"zh": "请选两台设备，或两个模型。", "en": "Choose two devices, or two models."},
    "nothing": {"zh": "常见设备里没有一台满足。", "en": "None of the common devices does."},
    "unknown": {"zh": "没有叫“{value}”的设备或模型。", "en": "There is no device or model called “{value}”."},
    "not-number": verdict.WORDS["not-number"],
    "missing": verdict.WORDS["missing"],
}


def page(view: View) -> str:
    """Both questions with their first answers."""
    words = {name: view.words(text) for name, text in MESSAGES.items()} | {name: view.pick(*text) for name, text in LABELS.items()}
    words |= {f"way-{name}": view.words(text) for name, text in pairs.WAYS.items()}
    words |= {f"unit-{name}": view.pick(IN_CHINESE.get(unit, unit), unit) for name, unit in UNITS.items()}
    settings = {
        "host": pairs.HOST, "ram": pairs.MOST_RAM - SYSTEM_GIB, "system": SYSTEM_GIB, "sold": pairs.SOLD,
        "least": pairs.LEAST_RAM,
        "context": pairs.CONTEXT, "quant": "q4_k_m", **scripts.of_form(view), "devices": headline_devices(view.catalogue),
        "models": headline_models(view.catalogue), "pages": {"gpu": view.page("devices/"), "model": view.page("models/")},
    }  # fmt: skip
    one, other = (view.called(view.catalogue.gpus[gpu]) for gpu in TWO)
    compared = (
        f'<form class="ask" data-compare novalidate aria-label="{_word(view, "compare")}">'
        f"{_box(view, 'one', one)}{_box(view, 'other', other)}"
        '<p class="field-error" data-error role="status" hidden></p></form>'
        f'<div data-compared aria-live="polite">{_compared(view)}</div>'
    )
    model = view.catalogue.models[str(WISH["model"])].name
    wished = (
        f'<form class="ask" data-wish novalidate aria-label="{_word(view, "wish")}">{_box(view, "model", model)}'
        f"{_number(view, 'speed', '10')}{_number(view, 'context', '16384')}"
        '<p class="field-error" data-error role="status" hidden></p></form>'
        f'<div data-wished aria-live="polite">{_wished(view)}</div>'
    )
    heading = view.pick("要达到这个速度需要什么", "What a speed needs")
    return (
        f'<div data-planning data-settings="{escape(_json(settings))}">{compared}<h2 id="needs">{heading}</h2>{wished}'
        f'<script type="application/json" data-words>{_json(words)}</script></div>'
        f'<script type="module" src="{escape(view.page("js/compare.js"))}"></script>'
    )


def _compared(view: View) -> str:
    frame = planning.compare(view.catalogue, *TWO)
    heads = [_word(view, "model"), *(_head(view, "runs", view.name("gpus", gpu)) for gpu in TWO), _word(view, "ratio")]
    rows = []
    for row in frame.to_dict("records"):
        cells = [f"<td>{_cell(view, row[f'way:{gpu}'], row[f'decode:{gpu}'])}</td>" for gpu in TWO]
        first, second = (row[f"decode:{gpu}"] for gpu in TWO)
        ratio = number(second / first, 2) if first == first and second == second and first else "—"
        rows.append(f'<tr><th scope="row">{record_link(view, "models", row["model"])}</th>{"".join(cells)}<td class="n">{ratio}</td></tr>')
    return _table(view, _word(view, "compare"), heads, rows)


def _cell(view: View, way: Any, decode: Any) -> str:
    speed = f" ·\u00a0{number(decode, 0 if decode >= 10 else 1)}" if decode == decode and decode is not None else ""
    return f'<span class="way-{escape(str(way))}">{view.html(pairs.WAYS[way])}</span>{speed}' if isinstance(way, str) else "—"


def _wished(view: View) -> str:
    found = planning.what_needs(
        view.catalogue, str(WISH["model"]), tokens_per_second=float(str(WISH["tokens_per_second"])), context=int(str(WISH["context"]))
    )
    heads = [_head(view, name) for name in ("device", "runs", "memory", "ram", "price")]
    rows = [
        f'<tr><th scope="row">{record_link(view, "gpus", row["gpu"])}</th><td>{_cell(view, row["way"], row["decode"])}</td>'
        f'<td class="n">{number(row["memory"])}</td><td class="n">{number(row["ram"])}</td>'
        f'<td class="n">{number(row["launch_price_usd"])}</td></tr>'
        for row in found
    ]
    return _table(view, _word(view, "wish"), heads, rows)


def _table(view: View, title: str, heads: list[str], rows: list[str]) -> str:
    head = "".join(f'<th scope="col">{text}</th>' for text in heads)
    return (
        f'<div class="table"><div class="table-scroll" role="region" tabindex="0" aria-label="{title}"><table>'
        f'<caption class="visually-hidden">{title}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div></div>"
    )


def _box(view: View, name: str, value: str) -> str:
    return (
        f'<div class="field" data-field="{name}"><label for="plan-{name}">{_word(view, name)}</label><div class="combobox">'
        f'<input id="plan-{name}" type="text" role="combobox" aria-autocomplete="list" aria-expanded="false" '
        f'aria-controls="plan-{name}-list" autocomplete="off" spellcheck="false" value="{escape(value)}">'
        f'<ul id="plan-{name}-list" role="listbox" aria-label="{_word(view, name)}" hidden></ul></div></div>'
    )


def _number(view: View, name: str, value: str) -> str:
    return (
        f'<div class="field field-short" data-field="{name}"><label for="plan-{name}">{_word(view, name)}</label>'
        f'<input id="plan-{name}" type="text" inputmode="numeric" value="{value}" autocomplete="off"></div>'
    )


def _word(view: View, name: str) -> str:
    return escape(view.pick(*LABELS[name]))


def _head(view: View, name: str, text: str = "") -> str:
    """The head of a column, with its unit below; a name of its own has the unit of another's."""
    unit = f' <span class="unit">{unit_html(UNITS[name], view.language)}</span>' if name in UNITS else ""
    return f"{text or _word(view, name)}{unit}"


def _json(value: object) -> str:
    """JSON that can stand inside a script element."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
