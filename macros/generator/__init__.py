"""All that knows the site generator. Here the names that pages may call; `build` makes a site, `server` shows one that is being edited.

A page calls a macro with two braces, `{{ table("ram-bandwidth") }}`; on a line of its own where it makes a table or a chart, inside a
sentence where it makes a number, a name or a citation. What a macro makes is finished HTML, escaped, that Markdown does not touch.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from macros.render.view import View
    from macros.specs import Catalogue, SpecError

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
CONFIGS = {"zh": "mkdocs.yml", "en": "mkdocs.en.yml"}

MACROS: dict[str, Callable[..., str]] = {}
"""Name -> macro: what pages may call."""


class Now:
    """What the pages of this moment are made from, and what was found wrong with them."""

    catalogue: Catalogue | None = None
    errors: list[SpecError]

    def __init__(self) -> None:
        self.errors = []

    def records(self) -> Catalogue:
        """The records; read on first use, so that the generator's own command line works too."""
        if self.catalogue is None:
            from macros.specs import load

            self.catalogue = load(ROOT / "data")
        return self.catalogue


now = Now()


def macro(function: Callable[..., str]) -> Callable[..., str]:
    """Let pages call a function; it is given a View first."""
    MACROS[function.__name__] = function
    return function


@macro
def table(view: View, id: str, columns: list[str] | None = None, **where: Any) -> str:
    """A table of macros/tables on a line of its own: `table("vram-4bit")`; some of its columns: `columns=["model", "vram"]`;
    some of its rows: `model="llama-1-7b"` or `model=["llama-1-7b", "llama-1-13b"]` (any column by its id)."""
    from macros.render import slots, tables

    return slots.block(tables.table(view, id, columns=columns, **where))


@macro
def chart(view: View, id: str) -> str:
    """A picture of macros/render/charts on a line of its own: `chart("bandwidth-tokens")`. Its numbers stand in a table under it."""
    from macros.render import charts, slots

    return slots.block(charts.chart(view, id))


@macro
def data(view: View, id: str) -> str:
    """Links to the files of a table that is too long for a page: `data("memory-plans")`."""
    from macros.render import slots, tables

    return slots.inline(tables.downloads(view, id))


@macro
def value(
    view: View, path: str | None = None, *, get: str | None = None, unit: str | None = None, digits: int | None = None, **of: Any
) -> str:
    """A number in a sentence, with its unit. A spec: `value("gpus.rtx-3090.memory_gib")`. A computed one, by the keys of the
    `estimate` command: `value(model="llama-1-30b", quant="q4_0", get="weights.bytes", unit="GiB")`. A cell of a table:
    `value(table="ram-bandwidth", memory="ddr4-3600", cpu="ryzen-5-3600", get="bandwidth")`."""
    from macros.render import slots, values

    return slots.inline(values.value(view, path, get=get, unit=unit, digits=digits, **of))


@macro
def formula(view: View, name: str) -> str:
    """The equation of a function in macros/formulas, from its syntax tree, with arguments and source: `formula("decode_seconds")`."""
    from macros.render import equations, slots

    return slots.block(equations.formula(view, name))


@macro
def cite(view: View, *ids: str) -> str:
    """Sources after a statement: `cite("llama-paper")`, links to data/sources.yaml's entries."""
    from macros.render import citations, slots

    return slots.inline(citations.cite(view, *ids))


@macro
def term(view: View, id: str, text: str | None = None) -> str:
    """A word of data/glossary, explained on hover: `term("kv-cache")`; `text` where the sentence needs another form."""
    from macros.render import glossary as words
    from macros.render import slots

    return slots.inline(words.term(view, id, text))


@macro
def glossary(view: View) -> str:
    """Every word of data/glossary, for the glossary page."""
    from macros.render import glossary as words
    from macros.render import slots

    return slots.block(words.glossary(view))


@macro
def model(view: View, id: str) -> str:
    """The name of a model, leading to its page: `model("llama-2-7b")`."""
    from macros.render import slots, tables
    from macros.render.view import one_of

    one_of("a model", id, view.catalogue.models)
    return slots.inline(tables.record_link(view, "models", id))


@macro
def device(view: View, id: str) -> str:
    """The name of a GPU or CPU, leading to its page: `device("rtx-3090")`."""
    from macros.render import slots, tables
    from macros.render.view import one_of

    one_of("a device", id, [*view.catalogue.gpus, *view.catalogue.cpus])
    return slots.inline(tables.record_link(view, "gpus" if id in view.catalogue.gpus else "cpus", id))


@macro
def question_keys(view: View) -> str:
    """The keys of a question to `estimate`: `question_keys()`."""
    from macros.render import question, slots

    return slots.block(question.keys(view))


@macro
def rooms(view: View) -> str:
    """The rooms of the code, each with its sentence: `rooms()`."""
    from macros.render import rooms as told
    from macros.render import slots

    return slots.block(told.tree(view))


@macro
def record_fields(view: View, kind: str) -> str:
    """The keys of a kind of record, from its schema: `record_fields("gpus")`."""
    from macros.render import annotated, slots

    return slots.block(annotated.reference(view, kind))


@macro
def record_example(view: View, kind: str) -> str:
    """A real record with a word on each key: `record_example("gpus")`."""
    from macros.render import annotated, slots

    return slots.block(annotated.example_html(view, kind))


@macro
def record_other_fields(view: View) -> str:
    """The keys of the kinds that change rarely, each folded away: those that no other call on the contributor's page shows."""
    from macros.render import annotated, slots

    return slots.block(annotated.others(view))


@macro
def new_record(view: View, kind: str) -> str:
    """A link that opens a new record in the browser, with every key and a word on it: `new_record("gpus")`."""
    from macros.render import annotated, slots

    return slots.inline(annotated.new_in_browser(view, kind))


@macro
def quick_answers(view: View) -> str:
    """The home page's question: a small form with its answer already there."""
    from macros.render import home, slots

    return slots.block(home.question(view))


@macro
def recommendations(view: View) -> str:
    """What to run, by memory: for cards, for unified memory, for RAM alone."""
    from macros.render import home, slots

    return slots.block(home.recommendations(view))


@macro
def whats_new(view: View) -> str:
    """Models and devices that came out last, and the feed of them."""
    from macros.render import news, slots

    return slots.block(news.listed(view))


@macro
def changelog(view: View) -> str:
    """What each release of the guide added and changed."""
    from macros.publish.releases import releases
    from macros.render import news, slots

    return slots.block(news.changes(view, releases(ROOT)))


@macro
def compare(view: View) -> str:
    """Two devices or two models side by side, and what a speed needs."""
    from macros.render import compare, slots

    return slots.block(compare.page(view))


@macro
def calculator(view: View) -> str:
    """The calculator: its form, and the scripts that answer it."""
    from macros.render import calculator, slots

    return slots.block(calculator.form(view))


def define_env(env: Any) -> None:
    """What the macros plugin calls: bind each macro to the page that calls it."""
    from macros.render import slots
    from macros.render.view import View

    extra = env.conf["extra"]

    def bound(function: Callable[..., str]) -> Callable[..., str]:
        @functools.wraps(function)
        def call(*arguments: Any, **named: Any) -> str:
            view = View(now.records(), extra["lang"], "../" * env.page.url.count("/"), extra["root"], env.conf["repo_url"] or "")
            try:
                return function(view, *arguments, **named)
            except Exception as error:  # whatever it was, it is a mistake in the page, told with its place
                call_text = f"{function.__name__}({', '.join([*map(repr, arguments), *(f'{k}={v!r}' for k, v in named.items())])})"
                now.errors.append(_placed(env.page, extra["lang"], call_text, error))
                return slots.inline("")

        return call

    for name, function in MACROS.items():
        env.macro(bound(function), name)


def on_pre_page_macros(env: Any) -> None:
    """What the macros plugin calls before each page."""
    from macros.render import slots

    slots.clear()


def _placed(page: Any, language: str, call: str, error: Exception) -> SpecError:
    """An exception of a macro as an error with the file and line of the call."""
    frame: Any = sys._getframe()
    while frame is not None and "__jinja_template__" not in frame.f_globals:
        frame = frame.f_back
    line = frame.f_globals["__jinja_template__"].get_corresponding_lineno(frame.f_lineno) if frame else 1
    source = Path(page.file.abs_src_path).read_text("utf-8")
    if front := re.match(r"---\n.*?\n---\n\s*", source, re.S):
        line += front[0].count("\n")
    return mistake(f"docs/{language}/{page.file.src_uri}", line, call, error)


def mistake(path: str, line: int, call: str, error: Exception) -> SpecError:
    """What a page asked for and could not have."""
    from macros.render.view import Mistake
    from macros.specs import SpecError

    if isinstance(error, Mistake):
        return SpecError(path, line, call, error.expected, error.got, error.fix)
    told = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
    return SpecError(path, line, call, "a call that can be answered", " ".join(told.split()), "correct the call")
