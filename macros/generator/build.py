"""The site of both languages: built aside, then put in place of the one before."""

from __future__ import annotations

import contextlib
import gzip
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from macros import generator
from macros.generator import CONFIGS, MACROS, now, numbers
from macros.generator.language import Language, records
from macros.publish.beside import beside
from macros.render import pages
from macros.render.view import View
from macros.specs import SpecError, SpecErrors

SITEMAP = "sitemap.xml"
"""A template of its own: it names the pages that are made from records too."""


class _Warnings(logging.Handler):
    """Gathers what the generator warns of, instead of printing it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@contextlib.contextmanager
def generator_warnings() -> Iterator[_Warnings]:
    """Gathers warnings while the block runs."""
    log, gathered = logging.getLogger("mkdocs"), _Warnings()
    log.propagate, before = False, log.propagate
    log.addHandler(gathered)
    try:
        yield gathered
    finally:
        log.removeHandler(gathered)
        log.propagate = before


MADE_FROM = ("data", "docs", "macros", "requirements.txt", *CONFIGS.values())
"""Files and folders that a site is made from."""
SAID = ("SITE_URL", "REPOSITORY_URL", "SOURCE_DATE_EPOCH")
"""What the environment says of it."""


def renewed() -> None:
    """Build the checkout's own site, unless it stands as it was built, from the same files; raises as `build` does."""
    from macros.publish.changed import last_changed
    from macros.publish.remembered import remembered, state

    site = generator.ROOT / "site"
    built = []

    def make() -> str:
        build(site)
        built.append(site)
        return state(site)

    also = ([os.environ.get(name) for name in SAID], sorted(last_changed(generator.ROOT).items()))
    made_from = [generator.ROOT / name for name in MADE_FROM]
    stood = remembered(generator.CACHE, "site", made_from, make, also=also)
    if not built and stood != state(site):
        (generator.CACHE / "site.json").unlink()
        remembered(generator.CACHE, "site", made_from, make, also=also)


def build(into: Path) -> None:
    """Build both languages aside, then swap; raises SpecErrors with everything that is wrong, and leaves the site before as it was."""
    from macros.publish import site
    from macros.specs import load

    behind = numbers.behind(generator.ROOT)
    errors = list(site.page_errors(generator.ROOT, MACROS))
    try:
        now.catalogue = load(generator.ROOT / "data")
    except SpecErrors as found:
        raise SpecErrors([*errors, *found.errors]) from None
    if errors:
        raise SpecErrors(errors)
    with site.workshop(into) as aside:
        new = aside / "site"
        if any(True for _ in pages.generated(View(now.catalogue, "zh"))):
            numbers.compute(now.catalogue, behind)
        with beside(len(CONFIGS)) as pool:
            written = {language: pool.submit(_write, language, new if language == "zh" else new / language) for language in CONFIGS}
            if errors := [error for one in written.values() for error in one.result()[0]]:
                raise SpecErrors(errors)
        published = {language: one.result()[1] for language, one in written.items()}
        with beside(len(CONFIGS)) as pool:
            made = [pool.submit(_made_beside, make, new, published) for make in site.BESIDE]
            site.data(now.catalogue, new)
            site.shrink(new)  # in this process: the library that does it stands still in a copy
            for one in made:
                one.result()
        (aside / site.SEARCH).rename(new / site.SEARCH)
        site.swap(new, into)


def _made_beside(make: Callable[..., None], into: Path, published: Mapping[str, tuple[str, str]]) -> None:
    make(now.catalogue, into, published)


def _write(language: str, into: Path) -> tuple[list[SpecError], tuple[str, str]]:
    """Write the pages of a language; the mistakes in them, and the site's name with the address of its root."""
    from mkdocs.exceptions import Abort, ConfigurationError

    from macros.publish import site

    now.errors = []
    published = ("", "/")
    with generator_warnings() as told:
        try:
            reading = Language(language, site_dir=str(into))
            published = (reading.config.site_name, reading.config.site_url or "/")
            _pages(reading, into)
        except (Abort, ConfigurationError, SystemExit) as stopped:
            if not told.messages:
                told.messages.append(str(stopped))
    return [*now.errors, *(site.generator_error(generator.ROOT, language, message) for message in told.messages)], published


def _pages(language: Language, into: Path) -> None:
    from mkdocs.commands.build import _build_theme_template
    from mkdocs.utils import get_build_timestamp

    config = language.config
    authored = [language.read(file) for file in language.authored()]
    language.environment = config.plugins.on_env(language.environment, config=config, files=language.files)
    language.files.copy_static_files()
    for template in config.theme.static_templates - {SITEMAP}:
        _build_theme_template(template, language.environment, language.files, config, language.navigation)
    for page in authored:
        _put(into / page.file.dest_uri, language.framed(page))
    for page in authored:
        page.validate_anchor_links(files=language.files, log_level=config.validation.links.anchors)
    made = records(language.view)
    sitemap = language.sitemap(made)
    _put(into / SITEMAP, sitemap)
    packed = gzip.compress(sitemap.encode(), mtime=get_build_timestamp(pages=authored))
    (into / f"{SITEMAP}.gz").write_bytes(packed)
    for page in made:
        _put(into / page.path.removesuffix(".md") / "index.html", language.made(page))
    config.plugins.on_post_build(config=config)


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8", "xmlcharrefreplace"))
