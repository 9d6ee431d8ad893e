"""The calculator: its form, the place of its answer, and the words that its scripts say, in the language of the page."""

from __future__ import annotations

import json
from html import escape

from macros.estimate.notices import RECORDS
from macros.estimate.notices import WORDS as NOTICES
from macros.estimate.question import KEYS, UNITS, WORDS
from macros.formulas.power import HOURS_A_DAY
from macros.render import scripts
from macros.render.calculator_words import LABELS, MESSAGES
from macros.render.view import View

UNITS_SHOWN = ("GiB", "MiB", "W")
"""Units that a label names; lengths in tokens say so themselves."""
ELSEWHERE = (
    "model", "config", "gguf", "safetensors", "quant", "kv_type", "kv_type_k", "context", "users", "gpus", "memory_gib",
    "cpu", "memory", "memory_channels", "sockets", "ram_gib", "drive", "fit",
)  # fmt: skip
"""Keys that have a place of their own on the form, or none; all others stand under the other settings, in the order of the question."""


def form(view: View) -> str:
    """The whole calculator; its scripts fill the lists and the answer."""
    notices = {f"notice-{code}": words for code, words in NOTICES.items()}
    messages = {name: view.words(words) for name, words in (MESSAGES | notices).items()}
    return (
        f'<link rel="stylesheet" href="{escape(view.page("css/calculator.css"))}">'
        f"<noscript><p>{_label(view, 'without')} <code>python -m macros estimate --help</code></p></noscript>"
        '<div class="calculator" data-calculator data-configs="'
        f'{escape(view.api("calculator/formulas-and-configs.js"))}" data-formulas="{escape(_json(scripts.formulas(view)))}">'
        f'<form class="calculator-form" novalidate aria-label="{_label(view, "form")}">{_question(view)}</form>'
        f'<section class="calculator-answer" aria-labelledby="answer">{_answer(view)}</section>'
        '<p class="calculator-strip" data-strip aria-hidden="true" hidden></p>'
        f'<script type="application/json" data-words data-records="{escape(_json(RECORDS))}" '
        f'data-keys="{escape(_json(_keys()))}">{_json(messages)}</script></div>{scripts.of_calculator(view)}'
    )


def _question(view: View) -> str:
    """What is asked for, the usual first, the rest folded away."""
    return (
        _combobox(view, "model", "", hint="model-hint")
        + _details(view, "config", _files(view))
        + f'<div class="fields">{_key(view, "quant")}{_key(view, "kv_type")}</div>'
        + f'<div class="fields">{_field(view, "context", "text", "8192", mode="numeric", hint="context")}{_key(view, "users")}</div>'
        + _cards(view)
        + _details(view, "computer", _computer(view))
        + _details(view, "more", _others(view))
        + _details(view, "money", _money(view))
    )


def _files(view: View) -> str:
    """A model that is not listed: its file, or its configuration."""
    return (
        '<div class="field" data-field="gguf">'
        f'<label for="calculator-gguf">{_label(view, "gguf-file")}</label>'
        '<input id="calculator-gguf" type="file" accept=".gguf,.safetensors,.json" multiple '
        'aria-describedby="calculator-gguf-hint calculator-gguf-error">'
        f'<p class="field-hint" id="calculator-gguf-hint">{_label(view, "gguf-hint")}</p>{_error("gguf")}'
        '<p class="field-hint" data-file role="status"></p>'
        f'<button type="button" class="calculator-button" data-forget hidden>{_label(view, "gguf-forget")}</button></div>'
        '<div class="field" data-field="config">'
        f'<label for="calculator-config">{_label(view, "config-text")}</label>'
        '<textarea id="calculator-config" rows="6" spellcheck="false" autocomplete="off" '
        'aria-describedby="calculator-config-hint calculator-config-error"></textarea>'
        f'<p class="field-hint" id="calculator-config-hint">{_label(view, "config-hint")}</p>{_error("config")}'
        '<p class="field-hint" data-config-link></p></div>'
    )


def _computer(view: View) -> str:
    """What stands beside the cards."""
    memory = "".join(_key(view, name) for name in ("memory", "memory_channels", "sockets"))
    ram = _field(view, "ram_gib", "text", "64", mode="decimal")
    return f'{_combobox(view, "cpu", "")}<div class="fields">{memory}{ram}</div>{_key(view, "drive")}'


def _others(view: View) -> str:
    """All other settings, those to tick last."""
    others = [name for name in KEYS if name not in ELSEWHERE]
    flags = [name for name in others if KEYS[name].kind == "flag"]
    boxed = "".join(_key(view, name) for name in others if name not in flags)
    return f'<div class="fields">{boxed}</div>' + "".join(_key(view, name) for name in flags)


def _money(view: View) -> str:
    """Prices and hours, which no memory or speed depends on."""
    boxes = (("price", ""), ("tariff", ""), ("hours", str(HOURS_A_DAY)))
    return '<div class="fields">' + "".join(_field(view, name, "text", value, mode="decimal") for name, value in boxes) + "</div>"


def _answer(view: View) -> str:
    """The place of the answer."""
    return (
        f'<h2 id="answer">{_label(view, "answer")}</h2>'
        '<p class="calculator-verdict" data-verdict></p><p class="visually-hidden" role="status" data-status></p>'
        '<p data-try hidden><button type="button" class="calculator-button"></button></p>'
        '<ul class="calculator-warnings" data-warnings></ul>'
        f'<h3 id="bars">{_label(view, "bars")}</h3><div data-bars></div>'
        f'<h3 id="figures">{_label(view, "figures")}</h3><dl class="calculator-figures calculator-first" data-figures></dl>'
        f'<details class="calculator-more" data-rest><summary>{_label(view, "rest")}</summary>'
        '<dl class="calculator-figures" data-more-figures></dl></details>'
        f'<h3 id="command">{_label(view, "command")}</h3><pre tabindex="0"><code data-command></code></pre>'
        f'<p><button type="button" class="calculator-button" data-share>{_label(view, "share")}</button></p>'
    )


def _json(value: object) -> str:
    """JSON that can stand inside a script element."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def _keys() -> dict[str, dict[str, object]]:
    """What the script needs of each key that the form asks for."""
    return {
        name: {"kind": key.kind, "low": key.low, "high": key.high, "default": key.default, "records": key.records}
        for name, key in KEYS.items()
    }


def _label(view: View, name: str) -> str:
    if name in LABELS:
        return view.html(LABELS[name])
    unit = f" ({UNITS[name]})" if UNITS[name] in UNITS_SHOWN else ""
    return view.html({language: text + unit for language, text in WORDS[name]["label"].items()})


def _says(view: View, name: str) -> str:
    """The sentence of a key, or a hint of the form's own."""
    return _label(view, name) if name in LABELS else view.html(WORDS[name]["says"])


def _key(view: View, name: str) -> str:
    """The control for a key of the question."""
    key = KEYS[name]
    if key.kind == "flag":
        return _check(view, name, on=bool(key.default))
    if key.kind == "id":
        return _select(view, name)
    if key.kind == "choice":
        return _select(view, name, key.choices if key.default is not None else ("", *key.choices))
    given = str(key.default) if isinstance(key.default, int | float) else ""
    mode = {"number": "decimal", "whole": "numeric", "layers": "numeric"}.get(key.kind, "text")
    return _field(view, name, "text", given, mode=mode, hint=name if key.kind == "layers" else None)


def _error(name: str) -> str:
    return f'<p class="field-error" id="calculator-{name}-error" data-error hidden></p>'


def _described(view: View, name: str, hint: str | None) -> tuple[str, str]:
    """(attribute, elements after the control)."""
    ids = f"calculator-{name}-hint calculator-{name}-error" if hint else f"calculator-{name}-error"
    told = f'<p class="field-hint" id="calculator-{name}-hint">{_says(view, hint)}</p>' if hint else ""
    return f'aria-describedby="{ids}"', told + _error(name)


def _field(view: View, name: str, kind: str, value: str, *, mode: str, hint: str | None = None) -> str:
    described, after = _described(view, name, hint)
    return (
        f'<div class="field" data-field="{name}"><label for="calculator-{name}">{_label(view, name)}</label>'
        f'<input id="calculator-{name}" type="{kind}" inputmode="{mode}" value="{escape(value)}" autocomplete="off" {described}>'
        f"{after}</div>"
    )


def _combobox(view: View, name: str, value: str, *, hint: str | None = None) -> str:
    described, after = _described(view, name, hint)
    return (
        f'<div class="field" data-field="{name}"><label for="calculator-{name}">{_label(view, name)}</label>'
        f'<div class="combobox"><input id="calculator-{name}" type="text" role="combobox" aria-autocomplete="list" aria-expanded="false" '
        f'aria-controls="calculator-{name}-list" autocomplete="off" spellcheck="false" value="{escape(value)}" {described}>'
        f'<ul id="calculator-{name}-list" role="listbox" aria-label="{_label(view, name)}" hidden></ul></div>{after}</div>'
    )


def _select(view: View, name: str, options: tuple[str, ...] = ()) -> str:
    described, after = _described(view, name, None)
    listed = "".join(f'<option value="{option}">{option}</option>' for option in options)
    return (
        f'<div class="field" data-field="{name}"><label for="calculator-{name}">{_label(view, name)}</label>'
        f'<select id="calculator-{name}" {described}>{listed}</select>{after}</div>'
    )


def _check(view: View, name: str, *, on: bool = False) -> str:
    checked = " checked" if on else ""
    return (
        f'<div class="field field-check" data-field="{name}"><label><input id="calculator-{name}" type="checkbox"{checked}> '
        f"{_label(view, name)}</label>{_error(name)}</div>"
    )


def _details(view: View, name: str, inside: str) -> str:
    return f'<details class="calculator-more" data-more="{name}"><summary>{_label(view, name)}</summary>{inside}</details>'


def _cards(view: View) -> str:
    """A list of cards: the script makes a row from the template for each kind."""
    row = (
        '<div class="calculator-card" data-card><div class="field" data-field="gpu">'
        f"<label>{_label(view, 'card')}</label>"
        '<div class="combobox"><input type="text" role="combobox" aria-autocomplete="list" aria-expanded="false" autocomplete="off" '
        f'spellcheck="false"><ul role="listbox" aria-label="{_label(view, "card")}" hidden></ul></div>'
        '<p class="field-error" data-error hidden></p></div>'
        f'<div class="field" data-field="count"><label>{_label(view, "count")}</label>'
        '<input type="text" inputmode="numeric" value="1" autocomplete="off"><p class="field-error" data-error hidden></p></div>'
        f'<button type="button" class="calculator-button" data-remove aria-label="{_label(view, "remove")}">×</button>'
        f'<div class="field" data-field="size" hidden><label>{_label(view, "memory_gib")}</label><select></select>'
        '<p class="field-error" data-error hidden></p></div>'
        '<div class="fields calculator-own" data-own hidden>'
        + "".join(
            f'<div class="field" data-field="{name}"><label>{_label(view, name)}</label>'
            f'<input type="text" inputmode="decimal" value="{value}" autocomplete="off"><p class="field-error" data-error hidden></p></div>'
            for name, value in (("own-memory", "24"), ("own-bandwidth", "900"))
        )
        + f'<div class="field" data-field="own-family"><label>{_label(view, "own-family")}</label><select></select>'
        '<p class="field-error" data-error hidden></p></div></div></div>'
    )
    return (
        f'<fieldset class="calculator-cards" data-cards><legend>{_label(view, "cards")}</legend><div data-rows></div>'
        f'<button type="button" class="calculator-button" data-add>{_label(view, "add-card")}</button>'
        f'<p class="field-hint" data-no-card hidden>{_label(view, "no-card")}</p><template>{row}</template></fieldset>'
    )
