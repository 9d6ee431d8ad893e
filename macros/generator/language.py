"""The pages of one language: those that somebody wrote, by way of the generator, and those made from records, in the same frame.

A page of a record is headings and finished HTML. The generator renders its frame (all that stands around them) once for each outline,
with marks in the place of what differs; a thousand pages then cost the joining of texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from markdown.extensions.toc import slugify, unique
from markupsafe import Markup, escape

from macros import generator
from macros.generator import CONFIGS, now
from macros.render import pages, slots
from macros.render.pages import Page
from macros.render.view import View
from macros.specs import SpecError

MARK = re.compile(r"<h1 qx7content7xq>|qx7(title|description|anchor|id|record|day)7xq")
EMPTY = "<!doctype html><html><body></body></html>"
HEADING = re.compile(r"(#+) (.*?)(?: \{#([\w.-]+)\})?")


def configuration(language: str, **changed: Any) -> Any:
    """The configuration of a language; one address for both."""
    from mkdocs.config import load_config

    from macros.publish.changed import last_changed
    from macros.publish.policy import policy

    chinese = load_config(str(generator.ROOT / CONFIGS["zh"]))
    address = (chinese.site_url or "/") + ("" if language == "zh" else f"{language}/")
    config = load_config(str(generator.ROOT / CONFIGS[language]), site_url=address, **changed)
    config.extra["address"] = chinese.site_url or "/"
    config.extra["changed"] = dict(last_changed(generator.ROOT))
    config.extra["policy"] = policy(generator.ROOT / "docs" / "theme") if "site_dir" in changed else None  # a server adds its own script
    return config


class Language:
    """The generator's reading of one language: configuration, files, navigation, templates."""

    def __init__(self, language: str, **changed: Any) -> None:
        from mkdocs.structure.files import get_files
        from mkdocs.structure.nav import get_navigation

        self.language = language
        config = configuration(language, **changed)
        config.plugins.on_startup(command="build", dirty=False)
        self.config = config.plugins.on_config(config)
        self.config.plugins.on_pre_build(config=self.config)
        self.files = get_files(self.config)
        self.environment = self.config.theme.get_env()
        self.files.add_files_from_theme(self.environment, self.config)
        self.navigation = self.config.plugins.on_nav(get_navigation(self.files, self.config), config=self.config, files=self.files)
        self._frames: dict[Any, list[str]] = {}

    @property
    def view(self) -> View:
        """The records as a page of a record sees them."""
        return View(now.records(), self.language, "../../", self.config.extra["root"])

    def authored(self) -> list[Any]:
        """The files that somebody wrote."""
        return list(self.files.documentation_pages())

    def read(self, file: Any) -> Any:
        """The page of a file, its Markdown read."""
        from mkdocs.commands.build import _populate_page
        from mkdocs.structure.pages import Page as Authored

        page = file.page or Authored(None, file, self.config)
        _populate_page(page, self.config, self.files)
        return page

    def framed(self, page: Any) -> str:
        """A page with all that stands around it."""
        from mkdocs.commands.build import get_context

        page.active = True
        context = get_context(self.navigation, self.authored(), self.config, page)
        html: str = self.environment.get_template("main.html").render(context)
        page.active = False
        return html

    def made(self, page: Page) -> str:
        """The page of a record; where it cannot be made, an empty one and a mistake in `now.errors`."""
        kind, name = Path(page.record).parent.name, Path(page.record).stem
        slots.clear()
        try:
            parts = [part for part in pages.body(self.view, kind, name).split("\n\n") if part.strip()]
        except Exception as error:  # whatever it was, it is a mistake in the record, told with its place
            now.errors.append(generator.mistake(page.record, 1, f"record_page({kind!r}, {name!r})", error))
            return EMPTY
        ids: set[str] = set()
        outline: list[tuple[int, str, str]] = []
        lines = []
        for part in parts:
            if found := HEADING.fullmatch(part):
                level, title = len(found[1]), slots.fill(found[2])
                # Both languages have the same anchors: a name that is another in Chinese has that of the English one.
                own = View(self.view.catalogue, "en").called(self.view.catalogue.records[kind][name]) if level == 1 else _text(title)
                anchor = unique(found[3] or slugify(own, "-"), ids)
                outline.append((level, anchor, title))
                lines.append(self._heading(level, anchor, title))
            else:
                lines.append(slots.fill(part.strip()))
        day = self.config.extra["changed"].get(page.record, "")
        filled = {"title": str(escape(_text(page.title))), "description": str(escape(page.description))}
        filled |= {"id": name, "anchor": outline[0][1], "record": page.record, "day": day, "": "\n".join(lines)}
        folder = Path(page.path).parent.name
        frame = self._frame(folder, bool(day), tuple(outline[1:]))
        return "".join(text if index % 2 == 0 else filled[text] for index, text in enumerate(frame))

    def _heading(self, level: int, anchor: str, title: str) -> str:
        told = self.config.mdx_configs["toc"]
        link = f'<a class="headerlink" href="#{anchor}" title="{told["permalink_title"]}">{told["permalink"]}</a>'
        return f'<h{level} id="{anchor}">{title}{link}</h{level}>'

    def _frame(self, folder: str, dated: bool, outline: tuple[tuple[int, str, str], ...]) -> list[str]:
        """What stands around pages of one outline: texts, and between them the names of what differs ("" is the page itself)."""
        from mkdocs.structure.files import File
        from mkdocs.structure.pages import Page as Authored
        from mkdocs.structure.toc import get_toc

        key = (folder, dated, outline)
        if key not in self._frames:
            file = File.generated(self.config, f"{folder}/qx7id7xq.md", content="")
            page = Authored("qx7title7xq", file, self.config)
            page.meta = {"title": "qx7title7xq", "description": "qx7description7xq", "record": "qx7record7xq"}
            page.content = "<h1 qx7content7xq>"
            page.toc = get_toc([{"level": 1, "id": "qx7anchor7xq", "name": "", "children": _nested(outline)}])  # type: ignore[typeddict-item]
            changed = self.config.extra["changed"]
            self.config.extra["changed"] = changed | ({"qx7record7xq": "qx7day7xq"} if dated else {})
            try:
                self._frames[key] = [text or "" for text in MARK.split(self.framed(page))]
            finally:
                self.config.extra["changed"] = changed
        return self._frames[key]

    @cached_property
    def addresses(self) -> dict[str, Any]:
        """Path below the root of the language -> the file that lies there."""
        return {file.dest_uri: file for file in self.files}

    def sitemap(self, records: list[Page]) -> str:
        """The map of all pages, for search engines."""
        from mkdocs.commands.build import get_context
        from mkdocs.structure.files import File
        from mkdocs.structure.pages import Page as Authored

        files = [File.generated(self.config, page.path, content="") for page in records]
        for file in files:
            Authored("", file, self.config)
        context = get_context(self.navigation, [*self.authored(), *files], self.config)
        html: str = self.environment.get_template("sitemap.xml").render(context)
        return html


def _text(html: str) -> str:
    """What a reader reads of finished HTML."""
    return Markup(html).striptags()  # noqa: S704  (only to be taken apart)


def _nested(outline: tuple[tuple[int, str, str], ...]) -> list[dict[str, Any]]:
    """Headings under those that they belong to."""
    top: list[dict[str, Any]] = []
    open_: list[dict[str, Any]] = []
    for level, anchor, title in outline:
        entry: dict[str, Any] = {"level": level, "id": anchor, "name": title, "children": []}
        while open_ and open_[-1]["level"] >= level:
            open_.pop()
        (open_[-1]["children"] if open_ else top).append(entry)
        open_.append(entry)
    return top


def records(view: View) -> list[Page]:
    """The pages made from records, in the order of their addresses."""
    return sorted(pages.generated(view), key=lambda page: page.path)


def mistakes() -> Iterator[SpecError]:
    """What was found wrong since the last call."""
    yield from now.errors
    now.errors = []
