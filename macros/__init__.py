"""The guide's own package. This module alone knows the site generator: the names that pages may call, and how a site is built.

A page calls a macro with two braces, `{{ table("ram-bandwidth") }}`; on a line of its own where it makes a table or a chart, inside a
sentence where it makes a number, a name or a citation. What a macro makes is finished HTML, escaped, that Markdown does not touch.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import logging
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from macros.render.view import View
    from macros.specs import Catalogue, SpecError

ROOT = Path(__file__).resolve().parent.parent
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
    """A picture of macros/render/charts.py on a line of its own: `chart("bandwidth-tokens")`. Its numbers stand in a table under it."""
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
def record_page(view: View, kind: str, id: str) -> str:
    """The generated page of a model, a GPU or a CPU: what the pages that no one writes hold."""
    from macros.render import pages

    return pages.body(view, kind, id)


@macro
def quick_answers(view: View) -> str:
    """The home page's two questions (my card runs …, this model needs …) as plain tables behind two clicks."""
    from macros.render import quick, slots

    return slots.block(quick.answers(view))


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
            view = View(now.records(), extra["lang"], "../" * env.page.url.count("/"), extra["root"])
            try:
                return function(view, *arguments, **named)
            except Exception as error:  # whatever it was, it is a mistake in the page, told with its place
                call_text = f"{function.__name__}({', '.join([*map(repr, arguments), *(f'{k}={v!r}' for k, v in named.items())])})"
                now.errors.append(_mistake(env.page, extra["lang"], call_text, error))
                return slots.inline("")

        return call

    for name, function in MACROS.items():
        env.macro(bound(function), name)


def on_pre_page_macros(env: Any) -> None:
    """What the macros plugin calls before each page. A generated page is one call: there is no template to read for it."""
    from macros.render import slots

    slots.clear()
    if record := env.page.meta.get("record"):
        env.markdown = env.macros["record_page"](Path(record).parent.name, Path(record).stem)
        env.page.meta["render_macros"] = False


def _mistake(page: Any, language: str, call: str, error: Exception) -> SpecError:
    """An exception of a macro as an error with the file and line of the call."""
    from macros.render.view import Mistake
    from macros.specs import SpecError

    frame: Any = sys._getframe()
    while frame is not None and "__jinja_template__" not in frame.f_globals:
        frame = frame.f_back
    line = frame.f_globals["__jinja_template__"].get_corresponding_lineno(frame.f_lineno) if frame else 1
    source = Path(page.file.abs_src_path).read_text("utf-8")
    if front := re.match(r"---\n.*?\n---\n\s*", source, re.S):
        line += front[0].count("\n")
    path = page.meta.get("record") or f"docs/{language}/{page.file.src_uri}"
    if isinstance(error, Mistake):
        return SpecError(path, 1 if "record" in page.meta else line, call, error.expected, error.got, error.fix)
    told = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
    return SpecError(path, line, call, "a call that can be answered", " ".join(told.split()), "correct the call")


class _Warnings(logging.Handler):
    """Gathers what the generator warns of, instead of printing it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@contextlib.contextmanager
def _generator_warnings() -> Iterator[_Warnings]:
    log, gathered = logging.getLogger("mkdocs"), _Warnings()
    log.propagate, before = False, log.propagate
    log.addHandler(gathered)
    try:
        yield gathered
    finally:
        log.removeHandler(gathered)
        log.propagate = before


def _config(language: str, staged: Path, **changed: Any) -> Any:
    """The configuration of a language, reading the staged pages; one address for both."""
    from mkdocs.config import load_config

    from macros.publish.changed import last_changed

    chinese = load_config(str(ROOT / CONFIGS["zh"]))
    address = (chinese.site_url or "/") + ("" if language == "zh" else f"{language}/")
    config = load_config(str(ROOT / CONFIGS[language]), docs_dir=str(staged / language), site_url=address, **changed)
    config.extra["address"] = chinese.site_url or "/"
    config.extra["changed"] = last_changed(ROOT)
    return config


def build(into: Path = ROOT / "site") -> None:
    """Build both languages aside, then swap; raises SpecErrors with everything that is wrong, and leaves the site before as it was."""
    from mkdocs.commands.build import build as generate
    from mkdocs.exceptions import Abort, ConfigurationError

    from macros.publish import site
    from macros.specs import SpecErrors, load

    now.errors = list(site.page_errors(ROOT, MACROS))
    try:
        now.catalogue = load(ROOT / "data")
    except SpecErrors as found:
        raise SpecErrors([*now.errors, *found.errors]) from None
    if now.errors:
        raise SpecErrors(now.errors)
    aside = into.with_name(f".{into.name}-building")
    shutil.rmtree(aside, ignore_errors=True)
    new, staged = aside / "site", aside / "docs"
    site.stage(now.catalogue, ROOT / "docs", staged)
    for language, folder in (("zh", new), ("en", new / "en")):
        with _generator_warnings() as warnings:
            try:
                config = _config(language, staged, site_dir=str(folder))
                config.plugins.on_startup(command="build", dirty=False)
                generate(config)
                config.plugins.on_shutdown()
            except (Abort, ConfigurationError, SystemExit) as stopped:
                if not warnings.messages:
                    warnings.messages.append(str(stopped))
        now.errors += [site.generator_error(ROOT, language, message) for message in warnings.messages]
        del config
        gc.collect()  # the pages of a language refer to one another, and the next language needs their room
    if now.errors:
        shutil.rmtree(aside)
        raise SpecErrors(now.errors)
    site.beside(now.catalogue, new)
    site.swap(new, into)
    shutil.rmtree(aside)


class Preview:
    """Pages made when they are asked for, from the files as they are at that moment: an edit costs one page, however many there are."""

    def __init__(self) -> None:
        from macros.publish import site
        from macros.specs import load

        self._site = site
        self._lock = threading.Lock()
        self._stamps = {name: _stamp(name) for name in ("data", "docs", "macros", *CONFIGS.values())}
        self.report = ""
        now.catalogue = load(ROOT / "data")
        self._mistakes = list(site.page_errors(ROOT, MACROS))
        self._stage()
        self._read_pages()

    def _stage(self) -> bool:
        return self._site.stage(now.records(), ROOT / "docs", CACHE / "stage")

    def _read_pages(self) -> None:
        from mkdocs.structure.files import get_files
        from mkdocs.structure.nav import get_navigation

        self._languages = {}
        for language in CONFIGS:
            config = _config(language, CACHE / "stage")
            config.plugins.on_startup(command="serve", dirty=False)
            config = config.plugins.on_config(config)
            files = get_files(config)
            environment = config.theme.get_env()
            files.add_files_from_theme(environment, config)
            navigation = config.plugins.on_nav(get_navigation(files, config), config=config, files=files)
            self._languages[language] = (config, files, navigation, environment, {file.dest_uri: file for file in files})

    def _refresh(self) -> None:
        """See what changed since the last request."""
        from macros.specs import SpecErrors, load

        stamps = {name: _stamp(name) for name in self._stamps}
        changed = {name for name in stamps if stamps[name] != self._stamps[name]}
        self._stamps = stamps
        if not changed:
            return
        if changed & {"macros", *CONFIGS.values()}:
            _restart_if_sound()
        try:
            self.report = ""
            now.catalogue = load(ROOT / "data")
            if "docs" in changed:
                self._mistakes = list(self._site.page_errors(ROOT, MACROS))
            if self._mistakes:
                raise SpecErrors(self._mistakes)
            if self._stage() or "docs" in changed:
                self._read_pages()
        except SpecErrors as found:
            self.report = found.report()
            print(self.report, file=sys.stderr)

    def answer(self, path: str) -> tuple[bytes, str] | None:
        """The content at a path of the site and the name of the file that it would be."""
        with self._lock:
            self._refresh()
            path = path.lstrip("/")
            path += "index.html" if path == "" or path.endswith("/") else ""
            if path.startswith("api/v1/"):
                from macros.publish import api

                made = api.files(now.records()).get(path.removeprefix("api/v1/"))
                return (made(), path) if made else None
            if path.startswith("pagefind/"):
                file = (ROOT / "site" / path).resolve()
                return (file.read_bytes(), path) if file.is_file() and file.is_relative_to(ROOT / "site") else None
            language, path = ("en", path.removeprefix("en/")) if path.startswith("en/") else ("zh", path)
            return self._page(language, path)

    def _page(self, language: str, path: str) -> tuple[bytes, str] | None:
        from mkdocs.commands.build import _populate_page, get_context
        from mkdocs.structure.pages import Page

        config, files, navigation, environment, by_address = self._languages[language]
        file = by_address.get(path)
        if file is None:
            return None
        if not file.is_documentation_page():
            return file.content_bytes, path
        page = file.page or Page(None, file, config)
        now.errors = []
        with _generator_warnings() as warnings:
            _populate_page(page, config, files)
        page.active = True
        html = environment.get_template("main.html").render(get_context(navigation, files.documentation_pages(), config, page))
        page.active = False
        errors = [*now.errors, *(self._site.generator_error(ROOT, language, message) for message in warnings.messages)]
        told = "\n".join([*filter(None, [self.report]), *map(str, errors)])
        if errors:
            print(told, file=sys.stderr)
        if told:
            alert = f'<pre role="alert" style="margin:0;padding:1rem;background:#fff;color:#a00;white-space:pre-wrap">{escape(told)}</pre>'
            html = re.sub(r"(<body[^>]*>)", lambda match: match[1] + alert, html, count=1)
        return html.encode(), path


def _stamp(name: str) -> int:
    """Changes when a file below does."""
    top = ROOT / name
    paths = [top] if top.is_file() else [Path(at, file) for at, _, names in os.walk(top) for file in names if not file.endswith(".pyc")]
    found = []
    for path in paths:
        with contextlib.suppress(FileNotFoundError):  # an editor's own file, gone again
            status = path.stat()
            found.append((path, status.st_mtime_ns, status.st_size))
    return hash(tuple(sorted(found)))


def _restart_if_sound() -> None:
    """Code or configuration changed: begin anew, unless it cannot be read as it stands."""
    command = [sys.executable, "-m", "macros"]
    if subprocess.run([*command, "check"], cwd=ROOT, check=False).returncode == 0:
        os.execv(sys.executable, [*command, *sys.argv[1:]])  # noqa: S606


def serve(host: str = "127.0.0.1", port: int = 8000) -> None:
    """Both languages with live reload; a mistake is shown on the page and the last good state stays."""
    from mkdocs.livereload import LiveReloadServer

    preview = Preview()

    class Server(LiveReloadServer):
        """The generator's reload of browsers, with pages made on demand."""

        def _serve_request(self, environ: Any, start_response: Any) -> Any:
            path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "ignore")
            if path.startswith("/livereload/"):
                return super()._serve_request(environ, start_response)
            found = preview.answer(path)
            if found is None and "." not in path.rsplit("/", 1)[-1] and preview.answer(path + "/"):
                start_response("302 Found", [("Location", path + "/")])
                return []
            if found is None:
                return None
            content, name = found
            if name.endswith(".html"):
                content = self._inject_js_into_html(content, self._visible_epoch)  # type: ignore[no-untyped-call]
            kind = self._guess_type(name)  # type: ignore[no-untyped-call]
            start_response("200 OK", [("Content-Type", kind), ("Cache-Control", "no-store")])
            return [content]

    server = Server(lambda: None, host, port, str(ROOT / "site"), polling_interval=0.2)
    server.build_delay = 0.05
    for name in ("data", "docs", "macros", *CONFIGS.values()):
        server.watch(str(ROOT / name))
    print(f"http://{host}:{port}/  http://{host}:{port}/en/")
    print("Pages are made as they are asked for; the search knows them as they were at the last `make site`.")
    try:
        server.serve()  # type: ignore[no-untyped-call]
    except KeyboardInterrupt:
        pass
    finally:
        server.shutdown()
