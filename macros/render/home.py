"""The home page: one question with its answer already there, and what to run by memory."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from macros.estimate.ways import way
from macros.formulas.ram_rule import SYSTEM_GIB
from macros.render import ask, scripts, verdict
from macros.render.numbers import number
from macros.render.tables import record_link
from macros.render.view import View
from macros.tables import pairs, tables, what_runs
from macros.tables.headlines import quant_of

DEFAULT = {"model": "gpt-oss-20b", "gpu": "rtx-5060-ti-16gb", "memory": "ddr5-5600"}
"""The question that the page opens with."""
DEFAULT_RAM = 32
MEMORY = ("ddr4-3200", "ddr5-4800", "ddr5-5600", "ddr5-6000", "ddr5-6400")
"""Kinds of memory to choose from: two channels of them are what most desktops have."""
SIZES = (8, 12, 16, 24, 32, 48, 64, 96, 128, 256)
"""Sizes of memory that the page lists [GiB]."""
LABELS = {
    "gpu": ("显卡或电脑", "Graphics card or computer"),
    "size": ("内存容量", "Memory"),
    "ram": ("内存（GiB）", "RAM (GiB)"),
    "memory": ("内存类型", "RAM kind"),
    "model": ("模型", "Model"),
    "here": ("填入这台电脑", "Fill in this computer"),
    "more": ("上下文、量化、多张卡：打开计算器", "Context, quantization, several cards: open the calculator"),
    "form": ("能不能跑", "Can I run it"),
    "machine": ("机器", "Machine"),
    "no-gpu": ("没有显卡，只用处理器", "No graphics card, CPU only"),
}


def question(view: View) -> str:
    """A small form whose first answer stands on the page; the script answers every change, the link leads to the whole calculator."""
    gpu, model = view.catalogue.gpus[DEFAULT["gpu"]], view.catalogue.models[DEFAULT["model"]]
    asked = {"model": model.id, "quant": quant_of(view.catalogue, model.id), "context": pairs.CONTEXT, "gpus": [gpu.id]}
    answer = way(asked | pairs.HOST | {"memory": DEFAULT["memory"]}, view.catalogue, ram_gib=DEFAULT_RAM)
    told = verdict.sentence(view, answer["way"], answer, DEFAULT_RAM)
    kinds = "".join(
        f'<option value="{kind}"{" selected" if kind == DEFAULT["memory"] else ""}>{view.name("memory", kind)}</option>' for kind in MEMORY
    )
    fields = (
        _box(view, "gpu", view.called(gpu))
        + f'<div class="field" data-field="size" hidden><label for="ask-size">{_word(view, "size")}</label>'
        '<select id="ask-size"></select></div>'
        + _box(view, "model", model.name)
        + f'<div class="field field-short" data-field="ram"><label for="ask-ram">{_word(view, "ram")}</label>'
        f'<input id="ask-ram" type="text" inputmode="numeric" value="{DEFAULT_RAM}" autocomplete="off" aria-describedby="ask-ram-error">'
        '<p class="field-error" id="ask-ram-error" data-error hidden></p></div>'
        f'<div class="field field-short" data-field="memory"><label for="ask-memory">{_word(view, "memory")}</label>'
        f'<select id="ask-memory">{kinds}</select></div>'
    )
    words = {name: view.words(words) for name, words in verdict.WORDS.items()} | {"no-gpu": view.pick(*LABELS["no-gpu"])}
    settings: dict[str, Any] = {
        "host": pairs.HOST,
        "context": pairs.CONTEXT,
        "quant": "q4_k_m",
        "system": SYSTEM_GIB,
        "least": pairs.LEAST_RAM,
        **scripts.of_form(view),
    }
    link = ask.calculator(view, model=model.id, gpu=gpu.id, quant=quant_of(view.catalogue, model.id), ram=DEFAULT_RAM)
    return (
        f'<form class="ask" data-ask novalidate aria-label="{_word(view, "form")}" data-settings="{escape(_json(settings))}">{fields}'
        f'<p class="calculator-verdict" data-verdict data-way="{answer["way"]}" role="status">{escape(told)}</p>'
        f'<p class="ask-more"><a data-more href="{escape(link)}">{_word(view, "more")}</a>'
        f'<button type="button" class="calculator-button" data-here hidden>{_word(view, "here")}</button></p>'
        '<p class="field-hint" data-told hidden></p>'
        f'<script type="application/json" data-words>{_json(words)}</script></form>'
        f'<script type="module" src="{escape(view.page("js/home.js"))}"></script>'
    )


def _box(view: View, name: str, value: str) -> str:
    """A text field with a list to choose from."""
    return (
        f'<div class="field" data-field="{name}"><label for="ask-{name}">{_word(view, name)}</label><div class="combobox">'
        f'<input id="ask-{name}" type="text" role="combobox" aria-autocomplete="list" aria-expanded="false" '
        f'aria-controls="ask-{name}-list" autocomplete="off" spellcheck="false" value="{escape(value)}" '
        f'aria-describedby="ask-{name}-error">'
        f'<ul id="ask-{name}-list" role="listbox" aria-label="{_word(view, name)}" hidden></ul></div>'
        f'<p class="field-error" id="ask-{name}-error" data-error hidden></p></div>'
    )


def recommendations(view: View) -> str:
    """What to run, for cards, unified memory and RAM: one of the three is in sight, the others a touch away."""
    frame = tables()["what-runs"].frame(view.catalogue)
    parts = []
    for kind, words in what_runs.KINDS.items():
        rows = frame[(frame["kind"] == kind) & frame["memory"].isin(SIZES)]
        checked = " checked" if kind == "card" else ""
        listed = "".join(_size(view, size, of.to_dict("records")) for size, of in rows.groupby("memory"))
        if kind == "ram":
            listed = "".join(_nothing(view, size) for size in SIZES if size < rows["memory"].min()) + listed
        parts.append(
            f'<input type="radio" name="what-runs" id="what-runs-{kind}" class="visually-hidden"{checked}>'
            f'<label for="what-runs-{kind}">{view.html(words)}</label><dl>{listed}</dl>'
        )
    return f'<div class="what-runs" data-table-files="what-runs" role="group" aria-label="{_word(view, "machine")}">{"".join(parts)}</div>'


def _nothing(view: View, size: int) -> str:
    """A size of RAM that leaves too little beside the system."""
    told = view.pick("系统之外剩得太少，没有合适的模型。", "Too little is left beside the system.")
    return f"<div><dt>{size} GiB</dt><dd><small>{told}</small></dd></div>"


def _size(view: View, size: Any, rows: list[Any]) -> str:
    """One size of memory and the models for it, each leading to the calculator; a server is named, whose memory is faster."""
    cpu = rows[0]["cpu"]
    server = f"<br><small>{view.name('cpus', cpu)}</small>" if isinstance(cpu, str) and cpu != pairs.HOST["cpu"] else ""
    return f"<div><dt>{number(size)} GiB{server}</dt><dd><ul>{''.join(_model(view, row) for row in rows)}</ul></dd></div>"


def _model(view: View, row: dict[str, Any]) -> str:
    device = row["device"] if isinstance(row["device"], str) else None
    sold = device is not None and view.catalogue.gpus[device].memory_sizes_gib
    asked: dict[str, Any] = {"model": row["model"], "quant": row["quant"], "gpu": device, "memory": row["memory"] if sold else None}
    if device is None:
        host = what_runs.host_of(view.catalogue, row["memory"])
        asked |= {"cpu": host["cpu"], "memory_kind": host["memory"], "ram": number(row["memory"])}
    speed, context = number(row["decode"]), f"{int(row['context']) // 1024}K"
    quant = view.name("quantizations", row["quant"])
    told = view.pick(f"每秒 {speed} 词元，上下文可到 {context}，{quant}", f"{speed} tokens/s, context up to {context}, {quant}")
    address = escape(ask.calculator(view, **asked))
    return f'<li>{record_link(view, "models", row["model"])} <a href="{address}"><small>{told}</small></a></li>'


def _word(view: View, name: str) -> str:
    return escape(view.pick(*LABELS[name]))


def _json(value: object) -> str:
    """JSON that can stand inside a script element."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
