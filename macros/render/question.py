"""The keys of a question as a table for readers: what each may be, what it means left out, which engines have it."""

from __future__ import annotations

from html import escape

from macros.estimate.question import KEYS, UNITS, WORDS, Key
from macros.render.annotated import keys_table, with_code
from macros.render.numbers import number
from macros.render.view import View

KINDS = {
    "flag": ("是或否", "true or false"),
    "day": ("日期", "a day"),
    "layers": ("整数或 “auto”", "a whole number or “auto”"),
    "shares": ("数的列表", "a list of numbers"),
    "patterns": ("“模式=位置”的列表", "a list of pattern=place"),
    "any": ("见说明", "see the meaning"),
}


def keys(view: View) -> str:
    """All keys of a question as a table."""
    heads = [("键", "Key"), ("取值", "Values"), ("默认", "Default"), ("引擎", "Engines"), ("含义", "Meaning")]
    rows = [
        (
            f"<code>{name}</code>",
            _form(view, name, key),
            _default(view, key),
            _engines(view, name),
            with_code(view.html(WORDS[name]["says"])),
        )
        for name, key in KEYS.items()
    ]
    return keys_table(view.pick("提问的各个键", "The keys of a question"), [view.pick(*head) for head in heads], rows)


def _form(view: View, name: str, key: Key) -> str:
    if key.choices:
        return ", ".join(f"<code>{choice}</code>" for choice in key.choices)
    if key.kind == "id":
        return view.pick("编号", "an id") + f" (<code>{key.records}</code>)"
    if key.kind in KINDS:
        return view.pick(*KINDS[key.kind])
    assert key.low is not None
    assert key.high is not None
    unit = f" {UNITS[name]}" if UNITS[name] else ""
    return f"{number(key.low)} – {number(key.high)}{unit}"


def _default(view: View, key: Key) -> str:
    if key.required:
        return view.pick("必填", "required")
    if key.default is None or key.default == ():
        return "—"
    return f"<code>{escape(str(key.default).lower())}</code>"


def _engines(view: View, name: str) -> str:
    owners = [engine.name for engine in view.catalogue.engines.values() if name in engine.settings]
    return escape(", ".join(owners)) if owners else view.pick("全部", "all")
