"""The forms of the records in words: a reference of their keys, a record with a word on each key, and an empty one to fill in.

All three follow from the schema. What a key means stands once, in English beside the field; docs/fields.zh.yaml has the Chinese.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from macros.render.view import View, one_of
from macros.specs import Catalogue, yaml_file
from macros.specs.errors import SpecError
from macros.specs.kinds import KINDS, SINGLE_FILES
from macros.specs.schema import schema_of

CHINESE = Path(__file__).resolve().parents[2] / "docs" / "fields.zh.yaml"

EXAMPLES = {
    "gpus": "rtx-3090",
    "models": "llama-3.1-8b",
    "quantizations": "q4_k_m",
    "measurements": "partial-offload",
    "glossary": "kv-cache",
}
"""Kind -> the record that shows its form, where readers know one; of the other kinds it is the one with the most keys."""

WRITTEN_BY_HAND = tuple(sorted({*KINDS, *SINGLE_FILES} - {"calibration"}))
"""Kinds that a person writes; `make fit` writes the constants."""

TOP_KEY = re.compile(r"^[a-z]", re.MULTILINE)
"""A key of a record, where all files need not be read as YAML to know how many they have."""

Json = dict[str, Any]

FAR = 1e12
"""A bound from here on only keeps slips out; it tells a reader nothing."""


@dataclass(frozen=True)
class Field:
    """One key of a record, at whatever depth: `attention.heads`, `rows[].quant`."""

    path: str
    form: tuple[str, str]
    """What may stand there, in Chinese and English."""
    required: bool
    meaning: str
    """In English."""


@cache
def chinese() -> dict[str, str]:
    """What a key means: English -> Chinese."""
    return dict(yaml_file.read(CHINESE, f"docs/{CHINESE.name}").value)


def meaning(english: str, language: str) -> str:
    """What a key means, in a language."""
    return english if language == "en" else chinese().get(english, english)


def untranslated() -> Iterator[SpecError]:
    """What docs/fields.zh.yaml lacks, and what it has that no record form says any more."""
    said = {field.meaning for kind in WRITTEN_BY_HAND for field in fields(kind).values() if field.meaning}
    for english in sorted(said - chinese().keys()):
        yield SpecError(
            "docs/fields.zh.yaml", 1, "meaning", "the Chinese of each docstring in macros/specs", f"none of '{english}'", "add it"
        )
    for english in sorted(chinese().keys() - said):
        yield SpecError("docs/fields.zh.yaml", 1, "meaning", "a docstring of macros/specs", f"'{english}'", "remove it")


@cache
def fields(kind: str) -> dict[str, Field]:
    """Every key of a kind of record, by its path, in the order of the form."""
    form = schema_of(kind)
    if kind in SINGLE_FILES:
        form = {**form["additionalProperties"], "$defs": form.get("$defs", {})}
    found: dict[str, Field] = {}
    for field in _fields(form, form.get("$defs", {}), ""):
        same = found.setdefault(field.path, field)
        found[field.path] = replace(same, required=same.required and field.required)  # of several forms, each has it or not
    return found


def _fields(schema: Json, known: Json, at: str) -> Iterator[Field]:
    for name, part in schema.get("properties", {}).items():
        path = f"{at}{name}"
        yield Field(path, _form(part, known), name in schema.get("required", ()), " ".join(str(part.get("description") or "").split()))
        yield from _inside(part, known, path)


def _inside(part: Json, known: Json, path: str) -> Iterator[Field]:
    """The keys below a key: of an object, of the items of a list, of each of several forms."""
    part = _followed(part, known)
    for choice in part.get("anyOf", []) + part.get("oneOf", []):
        yield from _inside(choice, known, path)
    if part.get("type") == "array":
        yield from _inside(part.get("items", {}), known, path + "[]")
    elif isinstance(part.get("additionalProperties"), dict):
        yield from _inside(part["additionalProperties"], known, path + ".*")
    elif "properties" in part and not _is_text(part):
        yield from _fields(part, known, path + ".")


def _followed(part: Json, known: Json) -> Json:
    while "$ref" in part:
        part = known[part["$ref"].rpartition("/")[2]]
    return part


def _is_text(part: Json) -> bool:
    return set(part.get("properties", {})) == {"zh", "en"}


FORMS = {
    "string": ("文本", "text"),
    "number": ("数", "number"),
    "integer": ("整数", "whole number"),
    "boolean": ("true 或 false", "true or false"),
    "null": ("null", "null"),
    "date": ("日期（年-月-日）", "date (year-month-day)"),
    "text": ("{zh: …, en: …}", "{zh: …, en: …}"),
    "object": ("下列各键", "the keys below"),
    "mapping": ("名称到值", "names to values"),
}


def _form(part: Json, known: Json) -> tuple[str, str]:
    """What may stand at a key, in words."""
    part = _followed(part, known)
    choices = part.get("anyOf") or part.get("oneOf")
    if choices:
        forms = list(dict.fromkeys(_form(choice, known) for choice in choices))
        return "，或 ".join(zh for zh, _ in forms), ", or ".join(en for _, en in forms)
    if "const" in part:
        return str(part["const"]), str(part["const"])
    if "enum" in part:
        words = [str(word) for word in part["enum"]]
        return "、".join(words) + "之一" * (len(words) > 1), "one of " * (len(words) > 1) + ", ".join(words)
    sort = part.get("type", "string")
    if sort == "array":
        zh, en = _form(part.get("items", {}), known)
        return f"列表：{zh}", f"list of: {en}"
    if sort == "object":
        return FORMS["text" if _is_text(part) else "object" if "properties" in part else "mapping"]
    zh, en = FORMS["date" if part.get("format") == "date" else sort]
    signs = (("exclusiveMinimum", "> "), ("minimum", "≥ "), ("exclusiveMaximum", "< "), ("maximum", "≤ "))
    bounds = ", ".join(f"{sign}{part[key]:,.15g}" for key, sign in signs if key in part and part[key] < FAR)
    return (f"{zh} {bounds}", f"{en} {bounds}") if bounds else (zh, en)


def reference(view: View, kind: str) -> str:
    """All keys of a kind of record as a table."""
    one_of("a kind of record", kind, WRITTEN_BY_HAND)
    heads = [view.pick(*words) for words in (("键", "Key"), ("形式", "Form"), ("必填", "Required"), ("含义", "Meaning"))]
    ordered = sorted(fields(kind).values(), key=lambda field: field.path == "sources")
    rows = [
        (
            f"<code>{_breakable(field.path)}</code>",
            escape(view.pick(*field.form)),
            view.pick("是", "yes") if field.required else view.pick("否", "no"),
            with_code(escape(meaning(field.meaning, view.language))) or "—",
        )
        for field in ordered
    ]
    return keys_table(view.pick(f"{kind} 的各个键", f"The keys of {kind}"), heads, rows)


def keys_table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of keys: escaped heads and cells, the first of each row being its name."""
    body = "".join(f'<tr><th scope="row">{row[0]}</th>' + "".join(f"<td>{cell}</td>" for cell in row[1:]) + "</tr>" for row in rows)
    return (
        '<div class="table table-fields">'
        f'<div class="table-scroll" role="region" tabindex="0" aria-label="{title}"><table>'
        f'<caption class="visually-hidden">{title}</caption><thead><tr>'
        + "".join(f'<th scope="col">{head}</th>' for head in heads)
        + f"</tr></thead><tbody>{body}</tbody></table></div></div>"
    )


def _breakable(path: str) -> str:
    """A path, escaped, that may break after an underscore or a point and nowhere else."""
    return re.sub(r"([_.])", r"\1<wbr>", escape(path))


def with_code(text: str) -> str:
    """Escaped text with what stands between back quotes as code."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", text)


SHOWN = ("gpus", "cpus", "memory", "drives", "models", "families", "measurements", "quantizations", "sources")
"""Kinds that the contributor's page deals with one by one."""


def others(view: View) -> str:
    """Example and keys of the remaining kinds, folded."""
    return "".join(
        f"<details><summary><code>data/{kind}</code></summary>{example_html(view, kind)}{reference(view, kind)}</details>"
        for kind in WRITTEN_BY_HAND
        if kind not in SHOWN
    )


def example_html(view: View, kind: str) -> str:
    """The example as a block of code."""
    one_of("a kind of record", kind, WRITTEN_BY_HAND)
    text = escape(example(view.catalogue, kind, view.language))
    return f'<div class="highlight"><pre tabindex="0"><code class="language-yaml">{text}</code></pre></div>'


def example_id(catalogue: Catalogue, kind: str) -> str:
    """The record that shows the form of its kind."""
    if kind in EXAMPLES:
        return EXAMPLES[kind]
    files = {name: file for (of, name), file in catalogue.files.items() if of == kind}
    if kind in SINGLE_FILES:
        return min(files, key=lambda name: (-len(files[name].value[name]), name))
    return min(files, key=lambda name: (-len(TOP_KEY.findall(files[name].text)), name))


def example(catalogue: Catalogue, kind: str, language: str) -> str:
    """A real record with a word on each key, as YAML that the check accepts."""
    name = example_id(catalogue, kind)
    value = catalogue.files[kind, name].value
    words = {path: [meaning(field.meaning, language)] for path, field in fields(kind).items()}
    words[MORE] = ["……还有 {} 项" if language == "zh" else "… and {} more"]
    if kind in SINGLE_FILES:
        return "\n".join([f"{name}:", *_written(_shortened(value[name]), words, "", 2)]) + "\n"
    return "\n".join(_written(_shortened(value), words, "", 0)) + "\n"


MORE = "…"
"""Where the words of an example say what is left out."""
LONG, ENOUGH = 8, 3
"""Bare values of one form: from how many on an example shows only the first, and how many these are."""


def _shortened(value: Any) -> Any:
    """Of a long list of alike things, the first of each `kind`: enough to show the form."""
    if isinstance(value, dict):
        return {key: _shortened(item) for key, item in value.items()}
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        firsts: dict[object, Any] = {}
        for item in value:
            firsts.setdefault(item.get("kind"), item)
        return [_shortened(item) for item in firsts.values()]
    return value


def _written(value: Mapping[str, Any], words: dict[str, list[str]], at: str, indent: int) -> list[str]:
    """YAML of a mapping; above each key what it means, the first time that it stands there."""
    lines = []
    for key, item in value.items():
        path = f"{at}{key}"
        lines += [f"{' ' * indent}# {word}" for word in words.pop(path, []) if word]
        nested = isinstance(item, dict) and any(isinstance(one, dict | list) for one in item.values())
        if nested or (isinstance(item, dict) and any(known.startswith(path + ".") for known in words)):
            lines += [f"{' ' * indent}{key}:", *_written(item, words, path + ".", indent + 2)]
        elif isinstance(item, list) and item and all(isinstance(one, dict) for one in item):
            lines.append(f"{' ' * indent}{key}:")
            for one in item:
                inner = _written(one, words, path + "[].", indent + 4)
                first = next(index for index, line in enumerate(inner) if not line.lstrip().startswith("#"))
                inner[first] = f"{' ' * (indent + 2)}- {inner[first].lstrip()}"
                lines += inner
        else:
            lines += _bare(key, item, words[MORE][0], indent)
    return lines


def _bare(key: str, item: Any, more: str, indent: int) -> list[str]:
    """A key whose value has no keys of its own to explain; of a long one the first, and how many are left out."""
    at, inner = " " * indent, " " * (indent + 2)
    if not isinstance(item, dict | list) or len(item) < LONG:
        return [f"{at}{key}: {flow(item)}"]
    if isinstance(item, dict):
        shown = [f"{inner}{name}: {flow(one)}" for name, one in list(item.items())[:ENOUGH]]
    else:
        shown = [f"{inner}- {flow(one)}" for one in item[:ENOUGH]]
    return [f"{at}{key}:", *shown, f"{inner}# {more.format(len(item) - ENOUGH)}"]


def flow(value: Any) -> str:
    """A value on one line of YAML."""
    if value is None:
        return "null"
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10**6, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")


def blank(kind: str, schema: str, filled: Mapping[str, Any] | None = None) -> str:
    """A record to fill in: required keys empty, the others commented out, what is known already written; in both languages."""
    known = fields(kind)
    lines = [f"# yaml-language-server: $schema={schema}"]
    listed: set[str] = set()
    for path, field in known.items():
        *parents, name = path.split(".")
        above = [".".join(parents[: depth + 1]) for depth in range(len(parents))]
        given = _at(filled, path)
        wanted = field.required or given is not None or len(above) < 2
        if path == "sources" or "[]" in path or "*" in path or not wanted or not listed.issuperset(above):
            continue
        listed.add(path)
        open_above = all(known[parent].required or _at(filled, parent) is not None for parent in above)
        silent = "" if open_above and (field.required or given is not None) else "# "
        value = (
            f" {flow(given)}"
            if given is not None and not isinstance(given, Mapping)
            else " {zh: , en: }"
            if field.form == FORMS["text"]
            else ""
        )
        told = f"# {meaning(field.meaning, 'zh')} · {field.meaning} [{field.form[1]}]"
        lines += [f"{'  ' * len(above)}{told}", f"{silent}{'  ' * len(above)}{name}:{value}"]
    groups = list(KINDS[kind].SOURCE_GROUPS) or [path for path, field in known.items() if "number" in field.form[1] and "." not in path]
    cited = filled.get("sources", {}) if filled else {name: [] for name in groups}
    every = dict.fromkeys([*cited, *groups])
    lined = [f"  {name}: {flow(cited[name])}" if name in cited else f"#   {name}: []" for name in every]
    named = ["# data/sources.yaml 中的编号 · ids in data/sources.yaml", f"sources:{'' if cited else ' {}'}", *lined]
    return "\n".join([*lines, *(named if groups else ())]) + "\n"


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


WORDS_OF_NEW = {"gpus": ("新显卡", "a new device"), "cpus": ("新处理器", "a new processor"), "models": ("新模型", "a new model")}
"""Kinds that readers add -> what the link is called."""


def new_in_browser(view: View, kind: str) -> str:
    """A link to the repository's editor, with a new record of a kind to fill in.

    Args:
        view: the page
        kind: a folder of data/
    """
    one_of("a kind of record that readers add", kind, WORDS_OF_NEW)
    # Addresses have a limit: the words on the keys stay on the page of keys.
    lines = (line.split(" #", 1)[0].rstrip() for line in blank(kind, "").splitlines() if not line.lstrip().startswith("#"))
    text = "\n".join(line for line in lines if line) + "\n"
    asked = urlencode({"filename": f"data/{kind}/new-{kind.removesuffix('s')}.yaml", "value": text})
    return f'<a href="{escape(view.repository)}/new/main?{escape(asked)}" rel="nofollow noopener">{view.pick(*WORDS_OF_NEW[kind])}</a>'
