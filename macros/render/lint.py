"""What a machine can hold a page to: both languages alike, no figure typed by hand, one word for one thing, Chinese set as Chinese.

Reads the Markdown of docs/zh and docs/en and the texts of data/; knows nothing of how pages are built.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

import yaml
from pydantic import BaseModel

from macros.specs import Catalogue
from macros.specs.errors import SpecError, nearest, shown_path
from macros.specs.record import Text
from macros.tables import tables

HAN = r"[\u3400-\u9fff]"
LATIN = r"[A-Za-z0-9]"

HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*(?:\{\s*#([\w.-]+)\s*\})?\s*$")
CALL = re.compile(r"\{\{\s*(\w+)\((.*?)\)\s*\}\}")
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
FENCE = re.compile(r"^\s*(```|~~~)")
CODE = re.compile(r"`[^`]*`")
TAG = re.compile(r"<[^>]*>")
ATTRIBUTES = re.compile(r"\{\s*[#.:][^}]*\}")

UNITS = (
    r"(?:[KMGT]i?B(?:/s)?|bytes?|字节|MT/s|GT/s|[GTP]FLOPS?|TFLOP/s|TOPS|[kM]?W(?:h)?|瓦|千瓦时|度电|MHz|GHz|ms|毫秒|seconds?|秒|minutes?|分钟|小时|hours?"
    r"|tokens?(?:/s)?|个?词元(?:/s|每秒)?|%|per cent|percent|倍|times|USD|CNY|美元|元|bits? per weight)"
)
FIGURE = re.compile(rf"(?<![\w.-])\d[\d,.]*(?:\s*[–~-]\s*\d[\d,.]*)?\s*{UNITS}(?![A-Za-z])")
LABEL = re.compile(rf"[“\"]\s*{FIGURE.pattern}\s*[”\"]")
"""A figure in quotation marks: what a product is sold as, or what somebody printed."""
DOLLARS = re.compile(r"[$¥€]\s*\d")

NUMBER = re.compile(r"\d[\d,.]*\d|\d")
"""A number in a text; both languages have the same ones."""

SPACED_MACROS = {"value", "model", "device", "article"}
"""Macros whose text begins and ends with Latin letters or digits; Chinese keeps a space from them."""


@dataclass
class Page:
    """One Markdown file as the lint sees it."""

    path: Path
    shown: str
    front: dict[str, object] = field(default_factory=dict)
    lines: list[tuple[int, str]] = field(default_factory=list)
    """Number and text of each line that is prose: no front matter, no code block."""
    headings: list[tuple[int, str]] = field(default_factory=list)
    """Line, and level with anchor: `## why`."""
    calls: list[tuple[int, str]] = field(default_factory=list)
    """Line, and a macro call with its arguments; texts in one language only are left out."""
    links: list[tuple[int, str]] = field(default_factory=list)
    fences: list[tuple[int, str]] = field(default_factory=list)


def check(docs: Path, catalogue: Catalogue | None) -> list[SpecError]:
    """All that is wrong with the pages and with the texts of the data; without the records what is wrong with the pages alone."""
    pages = {language: {path.relative_to(docs / language).as_posix(): read(path, docs) for path in sorted((docs / language).rglob("*.md"))}
             for language in ("zh", "en")}  # fmt: skip
    errors: list[SpecError] = []
    errors += parity(pages["zh"], pages["en"], docs)
    for language, found in pages.items():
        avoided = {} if catalogue is None else banned(catalogue, language)
        for page in found.values():
            errors += front_matter(page)
            errors += anchors(page)
            errors += figures(page)
            for number, line in page.lines:
                errors += words(page.shown, number, "words", prose(line), avoided)
                if language == "zh":
                    errors += chinese(page.shown, number, "setting", setting(line))
                else:
                    errors += english(page.shown, number, prose(line))
    if catalogue is not None:
        errors += [*texts(catalogue), *headings(catalogue), *led_to(catalogue, pages["en"])]
    return errors


def led_to(catalogue: Catalogue, pages: Mapping[str, Page]) -> Iterator[SpecError]:
    """The pages that records name."""
    for record in catalogue.records.get("article", {}).values():
        if record.page not in pages:
            yield catalogue.error("article", record.id, ("page",), "a page below docs/en", f"'{record.page}'", nearest(record.page, pages))


def read(path: Path, docs: Path) -> Page:
    """Take a page apart."""
    page = Page(path, shown_path(path, docs))
    lines = path.read_text("utf-8").split("\n")
    start = 0
    if lines[0] == "---" and "---" in lines[1:]:
        end = lines.index("---", 1)
        with contextlib.suppress(yaml.YAMLError):  # told by who reads the head
            front = yaml.safe_load("\n".join(lines[1:end]))
            page.front = front if isinstance(front, dict) else {}
        start = end + 1
    fence = None
    for number, line in enumerate(lines[start:], start + 1):
        if mark := FENCE.match(line):
            if fence is None:
                fence = mark[1]
                page.fences.append((number, line.strip()))
            elif line.strip() == fence:
                fence = None
            continue
        if fence is not None:
            continue
        page.lines.append((number, line))
        if heading := HEADING.match(line):
            page.headings.append((number, f"{heading[1]} {heading[3] or ''}".rstrip()))
        page.calls += [(number, f"{call[1]}({untranslated(call[1], call[2])})") for call in CALL.finditer(line)]
        page.links += [(number, link[3]) for link in LINK.finditer(CODE.sub("", line))]
    return page


def untranslated(name: str, arguments: str) -> str:
    """The arguments of a call without the wording that belongs to one language.

    >>> untranslated("term", '"kv-cache", "caches"')
    '"kv-cache"'
    """
    return arguments.split(",")[0].strip() if name == "term" else re.sub(r"\s+", " ", arguments.strip())


def prose(line: str) -> str:
    """A line without code, macro calls, addresses and anchors."""
    line = CODE.sub(" ", line)
    line = CALL.sub(" ", line)
    line = LINK.sub(lambda link: link[2], line)
    return ATTRIBUTES.sub("", TAG.sub(" ", line))


def setting(line: str) -> str:
    """A line as it will be set: code and names as Latin, terms as Chinese, marks of emphasis gone.

    >>> setting('用 {{ value("gpus.rtx-3090.memory_gib") }} 的 **{{ term("vram") }}**')
    '用 X 的 术'
    """
    line = CALL.sub(lambda call: "X" if call[1] in SPACED_MACROS else "术" if call[1] == "term" else "", line)
    line = CODE.sub("X", line)
    line = LINK.sub(lambda link: link[2], line)
    return ATTRIBUTES.sub("", TAG.sub("", line)).replace("*", "").strip()


def error(path: str, line: int, key: str, expected: str, got: str, fix: str) -> SpecError:
    """A mistake in a page."""
    return SpecError(path, line, key, expected, got, fix)


def parity(zh: dict[str, Page], en: dict[str, Page], docs: Path) -> Iterator[SpecError]:
    """The two trees mirror each other: files, headings, anchors, macro calls, links, code blocks."""
    for name in sorted(zh.keys() ^ en.keys()):
        there, missing = (zh[name], "en") if name in zh else (en[name], "zh")
        yield error(there.shown, 1, "parity", f"its counterpart {docs.name}/{missing}/{name}", "none", "write the page in both languages")
    for name in sorted(zh.keys() & en.keys()):
        for what in ("headings", "calls", "links", "fences"):
            yield from _aligned(what, zh[name], en[name])


def _aligned(what: str, one: Page, other: Page) -> Iterator[SpecError]:
    """The first place where two pages part, told with both lines."""
    mine, theirs = getattr(one, what), getattr(other, what)
    if what == "calls":  # word order differs between languages: within a paragraph the order is free
        mine, theirs = sorted(mine, key=lambda item: item[1]), sorted(theirs, key=lambda item: item[1])
    if what == "links":
        mine, theirs = sorted(mine, key=lambda item: item[1]), sorted(theirs, key=lambda item: item[1])
    for left, right in zip_longest(mine, theirs):
        if left is None or right is None or left[1] != right[1]:
            line = left[0] if left else one.lines[-1][0] if one.lines else 1
            place = f"{other.shown}:{right[0]}" if right else other.shown
            expected = f"as in {place}: {right[1]}" if right else f"none, as in {place}"
            yield error(one.shown, line, f"parity of {what}", expected, left[1] if left else "none", "make both languages alike")
            return


def front_matter(page: Page) -> Iterator[SpecError]:
    """Each page has a title and a description of its own."""
    for key in ("title", "description"):
        if not str(page.front.get(key) or "").strip():
            yield error(page.shown, 1, key, f"`{key}:` in the front matter", "none", f"add `{key}:`")


def anchors(page: Page) -> Iterator[SpecError]:
    """Each heading below the first has an anchor that does not change with the language."""
    for number, heading in page.headings:
        if heading.startswith("##") and " " not in heading:
            yield error(page.shown, number, "anchor", "an explicit anchor, `{ #why }`", "none", "add one, the same in both languages")


def figures(page: Page) -> Iterator[SpecError]:
    """No figure with a unit is typed by hand: a macro writes it, or the paragraph cites where it comes from."""
    for paragraph in paragraphs(page.lines):
        if any("cite(" in line for _, line in paragraph):
            continue
        for number, line in paragraph:
            text = LABEL.sub("", prose(line))
            for found in (*FIGURE.finditer(text), *DOLLARS.finditer(text)):
                yield error(page.shown, number, "figure", "a figure with a unit from a macro or with a citation in its paragraph",
                            f"{found[0].strip()!r}", "write {{ value(…) }}, or add {{ cite(…) }}")  # fmt: skip


def paragraphs(lines: list[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """Lines between blank ones; in a list or a table each line stands for itself."""
    gathered: list[tuple[int, str]] = []
    for number, line in lines:
        alone = re.match(r"\s*([-*+|]|\d+\.)\s?", line)
        if (not line.strip() or alone) and gathered:
            yield gathered
            gathered = []
        if line.strip():
            gathered.append((number, line))
    if gathered:
        yield gathered


def banned(catalogue: Catalogue, language: str) -> dict[str, str]:
    """Names that the prose does not use -> the one it uses."""
    return {other: term.name[language] for term in catalogue.glossary.values() for other in term.also[language]}


def words(path: str, line: int, key: str, text: str, avoided: dict[str, str]) -> Iterator[SpecError]:
    """One word for one thing."""
    for other, name in avoided.items():
        edge = r"(?<![A-Za-z])", r"(?![A-Za-z])"
        pattern = re.escape(other) if re.search(HAN, other) else f"{edge[0]}{re.escape(other)}{edge[1]}"
        if re.search(pattern, text):
            yield error(path, line, key, f"'{name}'", f"'{other}'", f"write '{name}' (data/glossary)")


def chinese(path: str, line: int, key: str, text: str) -> Iterator[SpecError]:
    """A space between Chinese and Latin, full-width punctuation after Chinese."""
    for found in re.finditer(rf"{HAN}{LATIN}|{LATIN}{HAN}", text):
        yield error(path, line, key, "a space between Chinese and Latin letters or digits", f"'{around(text, found)}'", "add the space")
    for found in re.finditer(rf"{HAN}\s*[,;:?!)](?!\w+:)|{HAN}\.(?!\w)|[(]{HAN}|{HAN} ?[(]", text):
        yield error(path, line, key, "full-width punctuation in Chinese", f"'{around(text, found)}'", "write ，。；：？！（）")
    for found in re.finditer(rf"{HAN} [，。；：？！、（）]|[，。；：？！、（）] {HAN}", text):
        yield error(path, line, key, "no space beside full-width punctuation", f"'{around(text, found)}'", "remove the space")


def english(path: str, line: int, text: str) -> Iterator[SpecError]:
    """No Chinese letters or full-width punctuation in English, but for names of languages."""
    for found in re.finditer(r"[\u3000-\u303f\uff00-\uffef\u3400-\u9fff]+", text):
        if found[0] not in {"中文", "简体中文", "本地大模型硬件指南"}:
            yield error(path, line, "setting", "English", f"'{found[0]}'", "write it in English")


def around(text: str, found: re.Match[str]) -> str:
    """The place with a little of what surrounds it."""
    return text[max(0, found.start() - 8) : found.end() + 8].strip()


def headings(catalogue: Catalogue) -> Iterator[SpecError]:
    """The same for titles, columns and notes of the tables."""
    avoided = {language: banned(catalogue, language) for language in ("zh", "en")}
    for table in tables().values():
        module = table.compute.__module__.replace(".", "/") + ".py"
        told = {"title": table.title} | {column.id: column.title for column in table.columns}
        told |= {f"{column.id} (note)": column.note for column in table.columns if column.note}
        for name, words_of in told.items():
            key = f"table {table.id}: {name}"
            yield from chinese(module, 1, key, words_of["zh"])
            for language, text in words_of.items():
                yield from words(module, 1, key, text, avoided[language])


def texts(catalogue: Catalogue) -> Iterator[SpecError]:
    """The same for the texts of the data: they reach the same pages."""
    avoided = {language: banned(catalogue, language) for language in ("zh", "en")}
    for kind in ("glossary", "article"):
        for record in catalogue.records.get(kind, {}).values():
            file = catalogue.files[kind, record.id]
            for location, text in _texts(record, ()):
                if kind == "glossary" and "also" in location:
                    continue
                at = (*location, "zh")
                mine, theirs = sorted(NUMBER.findall(text.zh)), sorted(NUMBER.findall(text.en))
                if kind == "article" and mine != theirs:
                    name = ".".join(map(str, at))
                    yield error(
                        file.path, file.line(at), name, f"the numbers of the English, {theirs}", f"{mine}", "say them alike in both"
                    )
                yield from chinese(file.path, file.line(at), ".".join(map(str, at)), text.zh)
                if kind != "glossary" and location[-1] != "states":  # which may quote a wrong name
                    yield from words(file.path, file.line(at), ".".join(map(str, at)), text.zh, avoided["zh"])
                    yield from words(file.path, file.line(location), ".".join(map(str, location)), text.en, avoided["en"])


def _texts(value: object, at: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Text]]:
    if isinstance(value, Text):
        yield at, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _texts(getattr(value, name), (*at, name))
    elif isinstance(value, list | tuple):
        items: Iterable[object] = value
        for index, item in enumerate(items):
            yield from _texts(item, (*at, index))
