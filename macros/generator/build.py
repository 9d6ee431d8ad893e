"""The site of both languages: built aside, then put in place of the one before."""

from __future__ import annotations

import contextlib
import gc
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from macros import generator
from macros.generator import CONFIGS, MACROS, now


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


def configuration(language: str, staged: Path, **changed: Any) -> Any:
    """The configuration of a language, reading the staged pages; one address for both."""

    from mkdocs.config import load_config

    from macros.publish.changed import last_changed
    from macros.publish.policy import policy

    chinese = load_config(str(generator.ROOT / CONFIGS["zh"]))
    address = (chinese.site_url or "/") + ("" if language == "zh" else f"{language}/")
    config = load_config(str(generator.ROOT / CONFIGS[language]), docs_dir=str(staged / language), site_url=address, **changed)
    config.extra["address"] = chinese.site_url or "/"
    config.extra["changed"] = last_changed(generator.ROOT)
    config.extra["policy"] = policy(generator.ROOT / "docs" / "theme") if "site_dir" in changed else None  # a server adds its own script
    return config


def build(into: Path) -> None:
    """Build both languages aside, then swap; raises SpecErrors with everything that is wrong, and leaves the site before as it was."""
    from mkdocs.commands.build import build as generate
    from mkdocs.exceptions import Abort, ConfigurationError

    from macros.publish import site
    from macros.specs import SpecErrors, load

    now.errors = list(site.page_errors(generator.ROOT, MACROS))
    try:
        now.catalogue = load(generator.ROOT / "data")
    except SpecErrors as found:
        raise SpecErrors([*now.errors, *found.errors]) from None
    if now.errors:
        raise SpecErrors(now.errors)
    with site.workshop(into) as aside:
        new, staged = aside / "site", aside / "docs"
        site.stage(now.catalogue, generator.ROOT / "docs", staged)
        published: dict[str, tuple[str, str]] = {}
        for language, folder in (("zh", new), ("en", new / "en")):
            with generator_warnings() as warnings:
                try:
                    config = configuration(language, staged, site_dir=str(folder))
                    published[language] = (config.site_name, config.site_url or "/")
                    config.plugins.on_startup(command="build", dirty=False)
                    generate(config)
                    config.plugins.on_shutdown()
                except (Abort, ConfigurationError, SystemExit) as stopped:
                    if not warnings.messages:
                        warnings.messages.append(str(stopped))
            now.errors += [site.generator_error(generator.ROOT, language, message) for message in warnings.messages]
            del config
            gc.collect()  # the pages of a language refer to one another, and the next language needs their room
        if now.errors:
            raise SpecErrors(now.errors)
        site.beside(now.catalogue, new, published)
        site.swap(new, into)
