"""The site around the generator: what it is given to read, what stands beside its pages, and the swap that puts it in place."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import lightningcss
import minify

from macros.publish import api, joined, pictures, plain, policy, prose, search_files
from macros.publish.releases import releases
from macros.render import news
from macros.render.view import View
from macros.specs import Catalogue, SpecError, SpecErrors


@contextlib.contextmanager
def workshop(into: Path) -> Iterator[Path]:
    """A folder beside the site to build in: one build at a time, nothing left behind however it ends, the site before as it was.

    Args:
        into: where the site will stand

    Yields:
        An empty folder.
    """
    aside, lock = into.with_name(f".{into.name}-building"), into.with_name(f".{into.name}-building.lock")
    interrupts = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, interrupts)  # until the lock is held, and known to be
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            mine = os.fstat(held.fileno()).st_ino == lock.stat().st_ino  # else the build before has just taken its lock away
        except OSError:
            mine = False
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, interrupts)
            if not mine:
                got, fix = "another one at work", "wait for it, or stop it"
                raise SpecErrors([SpecError(into.name, 1, "build", "one build of a folder at a time", got, fix)])
            _put_back(aside, into)
            aside.mkdir()
            yield aside
        finally:
            try:
                _leave(mine, aside, into, lock)
            finally:  # an interrupt may come in the middle of tidying up
                _leave(mine, aside, into, lock)


def _leave(mine: bool, aside: Path, into: Path, lock: Path) -> None:
    if mine:
        _put_back(aside, into)
        lock.unlink(missing_ok=True)


def _put_back(aside: Path, into: Path) -> None:
    """Clear a workshop; a site that was taken away, and not yet replaced when its build was killed, goes back to its place."""
    if (before := aside / "before").exists() and not into.exists():
        before.rename(into)
    shutil.rmtree(aside, ignore_errors=True)


THEME = Path(__file__).resolve().parents[2] / "docs" / "theme"
"""The theme's own files."""


def page_errors(root: Path, macros: Mapping[str, object]) -> Iterator[SpecError]:
    """Mistakes in the pages that can be seen without rendering them: what is no Markdown and no call of a macro."""
    yield from prose.errors(root, macros)
    yield from prose.links(root)
    yield from _titles(root)


def _titles(root: Path) -> Iterator[SpecError]:
    """The navigation's titles stand on every page as they are written: markup and templates have no place in them."""
    for path in (root / "mkdocs.yml", root / "mkdocs.en.yml"):
        text = path.read_text("utf-8") if path.is_file() else ""
        for number, line in enumerate(text.splitlines(), 1):
            title = re.match(r"\s*- (.*):(\s+\S+\.md)?\s*$", line)
            if title and (mark := re.search(r"[<>{}`]|&#?\w+;", title[1])):
                yield SpecError(path.name, number, "nav", "a title in plain text", f"{mark[0]!r} in it", "say it without markup")


def line_of(path: Path, text: str) -> int:
    """The first line of a file that contains a text; 1 where none does."""
    if path.is_file():
        for index, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
            if text in line:
                return index
    return 1


def generator_error(root: Path, language: str, message: str) -> SpecError:
    """A warning of the generator in the form of this project."""
    about = re.search(r"'([^']+\.md)'", message)
    name = about[1] if about else ""
    path = root / "docs" / language / name
    if not path.is_file():
        path = root / ("mkdocs.yml" if language == "zh" else "mkdocs.en.yml")
    links = [part for part in re.findall(r"'([^']+)'", message) if part != name]
    line = line_of(path, links[0] if links else name)
    key = links[0] if links else "page"
    return SpecError(path.relative_to(root).as_posix(), line, key, "a build without warnings", " ".join(message.split()), "correct it")


Published = Mapping[str, tuple[str, str]]
"""Language -> the site's name, and the address of its root."""


def data(catalogue: Catalogue, site: Path) -> None:
    """Data files, the calculator's scripts among them."""
    for name, content in api.files(catalogue).items():
        path = site / "api" / "v1" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content())


def _for_other_programs(catalogue: Catalogue, site: Path, published: Published) -> None:
    """Pictures for links, feeds and Markdown twins of the pages."""
    for name, drawn in pictures.pictures(catalogue):
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_bytes(drawn)
    for language, (name, address) in published.items():
        folder = site if language == "zh" else site / language
        (folder / "feed.xml").write_text(news.feed(View(catalogue, language), name, address, releases(THEME.parents[1])), "utf-8")
    plain.twins(site, published["zh"][1])


def _search(catalogue: Catalogue, site: Path, published: Published) -> None:
    """The search index, beside the site."""
    index(site, site.with_name(SEARCH))


BESIDE = (_search, _for_other_programs)
"""What stands beside the pages and needs nothing but them."""
SEARCH = "pagefind"
"""The folder of the search index."""


def shrink(site: Path) -> None:
    """Leave out what no page uses of the theme, its files and its styles by class, and what only authors read of all scripts and styles."""
    known = {policy.digest(script) for script in policy.inline_scripts((THEME / policy.INLINE).read_text("utf-8"))}
    runs: list[tuple[str, str]] = []
    named: set[str] = set()
    worn: set[str] = set()
    for page in site.rglob("*.html"):
        text = page.read_text("utf-8")
        runs += [(page.relative_to(site).as_posix(), what) for what in policy.strangers(text, known)]
        named.update(re.findall(r"assets/[^\"]*?([^\"/]+)\"", text))
        worn.update(name for names in set(re.findall(r'class="([^"]*)"', text)) for name in names.split())
    if runs:
        expected, fix = "no script but the theme's own", "see what the page is made of"
        raise SpecErrors(SpecError(name, 1, "page", expected, what, fix) for name, what in runs)
    for entry in [path for name in joined.ENTRIES for path in (site / name, site / "en" / name) if path.is_file()]:
        entry.write_text(joined.joined(entry), "utf-8")
        shutil.rmtree(entry.with_suffix(""))
    for path in [path for path in site.rglob("*") if path.is_file()]:
        theme = "assets" in path.parts
        if theme and path.name not in named:
            path.unlink()
        elif path.suffix == ".js":
            path.write_text(minify.string("application/javascript", path.read_text("utf-8")), "utf-8")
        elif path.suffix == ".css":
            path.write_text(_styles(path.read_text("utf-8"), worn if theme else None), "utf-8")


def _styles(text: str, worn: set[str] | None) -> str:
    """A style sheet without its white space; where the classes that pages wear are given, only what can style them."""
    if worn is None:
        return lightningcss.process_stylesheet(text)
    left = lightningcss.process_stylesheet(text, unused_symbols=set(re.findall(r"\.([A-Za-z_][\w-]*)", text)) - worn)
    unread = set(re.findall(r"(--[\w-]+)\s*:", left)) - set(re.findall(r"var\((--[\w-]+)", left))
    return lightningcss.process_stylesheet(left, unused_symbols=unread)


ARTICLE = re.compile(r"<article.*</article>", re.DOTALL)
FORMS = re.compile(r"<(/?)(?:form|label)\b")
"""Elements that the engine leaves out, but readers see."""
TITLE = re.compile(r'data-pagefind-meta="title:([^"]*)"')
"""What search engines are told a page is called; readers search for its words."""
ALSO = re.compile(r'<p class="also[^"]*">[^<：:]*[：:] ?([^<]*)</p>')
"""What else readers call it."""
TODAY = '<p class="lead" data-today>'
"""Begins the lead of what people run today."""
SIZES = re.compile(r'<p class="lead"[^>]*>[^<]*?((?:\d+(?:、|, ))*\d+) GiB')
"""How much memory a device is sold with."""
HEADING = re.compile(r"<h1[^>]*>(.*?)(?:<a class=\"headerlink|</h1>)", re.DOTALL)
BETWEEN_HAN = re.compile(r"(?<=[\u3400-\u9fff])(?=[\u3400-\u9fff])")


UNUSED = [
    f"pagefind-{part}"
    for part in ("ui.js", "ui.css", "modular-ui.js", "modular-ui.css", "component-ui.js", "component-ui.css", "highlight.js")
]
"""Search interfaces of the engine that no page uses: js/search.js is ours."""


def _words(html: str) -> str:
    """What a reader sees of a piece of a page, as the text of an attribute."""
    return " ".join(re.sub(r"<[^>]+>", "", html).replace('"', "").split())


def _heading(html: str) -> str:
    found = HEADING.search(html)
    return _words(found[1]) if found else ""


def _kind(folder: Path) -> str:
    """Whether a page is a chapter, or that of one device or model."""
    return folder.parent.name if folder.parent.name in ("devices", "models") else "chapter"


def _other(site: Path, page: Path, tag: str) -> str:
    """The same chapter in the other language: readers of one type words of both. Names of devices and models are alike."""
    path = page.relative_to(site)
    other = site / "en" / path if tag.startswith("zh") else site / path.relative_to("en")
    return other.read_text("utf-8") if _kind(page.parent) == "chapter" and other.is_file() else ""


def index(site: Path, into: Path) -> None:
    """Index the built pages for the search, each language its own.

    The engine finds words by how they begin, and cuts Chinese into words as it thinks best, which is not always as a reader does:
    so each character is given to it as a word, and js/search.js asks for characters that stand side by side.
    """
    pages = site.with_name("pages-for-search")
    for path in site.rglob("index.html"):
        html = path.read_text("utf-8")
        article, language = ARTICLE.search(html), re.search(r'<html lang="([^"]+)"', html)
        if article and language:
            page = pages / path.relative_to(site)
            page.parent.mkdir(parents=True, exist_ok=True)
            text = FORMS.sub(r"<\1div", article[0]).replace("><", "> <")  # a term and what it means are not one word
            if title := TITLE.search(article[0]):
                other = _other(site, path, language[1])
                also = [_words(also) for page in (text, other) for also in ALSO.findall(page)]
                name = " · ".join([f"{_kind(path.parent)}: {_heading(text)}", *dict.fromkeys(also)])
                sizes = SIZES.search(text) if _kind(path.parent) == "devices" else None
                marks = [f"{size}gb" for size in re.findall(r"\d+", sizes[1])] if sizes else []
                if marks := [*marks, *(["*"] if TODAY in text else [])]:
                    name += " | " + " ".join(marks)
                hidden = f'<p data-pagefind-weight="5" data-pagefind-filter="name[data-name]" data-name="{name}">{title[1]}</p>'
                text = text.replace("</article>", f'{hidden}<p data-pagefind-filter="kind:{_kind(path.parent)}"></p></article>')
            text = BETWEEN_HAN.sub("\u200b", text) if language[1].startswith("zh") else text
            page.write_text(f'<html lang="{language[1]}"><body>{text}</body></html>', "utf-8")
    command = [sys.executable, "-m", "pagefind", "--site", str(pages), "--output-path", str(into)]
    command += ["--quiet", "--exclude-selectors", ".headerlink"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    shutil.rmtree(pages)
    if ran.returncode:
        told = (ran.stdout + ran.stderr).strip().splitlines()
        raise SpecErrors([SpecError("site", 1, "search", "an index of the pages", told[-1] if told else "nothing", "see the log above")])
    for unused in UNUSED:
        (into / unused).unlink(missing_ok=True)
    search_files.settled(into)


def swap(new: Path, site: Path) -> None:
    """Put a finished site in place of the one before, which stays as it is until this moment and then lies beside where the new one lay."""
    if site.exists():
        site.rename(new.with_name("before"))
    new.rename(site)
