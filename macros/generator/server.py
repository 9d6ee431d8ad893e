"""The pages as they are being edited: each is made when it is asked for, and browsers load it again."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
from html import escape
from pathlib import Path
from typing import Any

from macros import generator
from macros.generator import CONFIGS, MACROS, now
from macros.generator.build import generator_warnings
from macros.generator.language import Language
from macros.publish import joined
from macros.render import pages


class Preview:
    """Pages made when they are asked for, from the files as they are at that moment: an edit costs one page, however many there are."""

    def __init__(self) -> None:
        from macros.publish import site
        from macros.specs import load

        self._site = site
        self._lock = threading.Lock()
        self._stamps = {name: _stamp(name) for name in ("data", "docs", "macros", *CONFIGS.values())}
        self.report = ""
        now.catalogue = load(generator.ROOT / "data")
        self._mistakes = list(site.page_errors(generator.ROOT, MACROS))
        self._read_pages()

    def _read_pages(self) -> None:
        self._languages = {language: Language(language) for language in CONFIGS}

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
            now.catalogue = load(generator.ROOT / "data")
            if "docs" in changed:
                self._mistakes = list(self._site.page_errors(generator.ROOT, MACROS))
            if self._mistakes:
                raise SpecErrors(self._mistakes)
            if "docs" in changed:
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
                file = (generator.ROOT / "site" / path).resolve()
                return (file.read_bytes(), path) if file.is_file() and file.is_relative_to(generator.ROOT / "site") else None
            language, path = ("en", path.removeprefix("en/")) if path.startswith("en/") else ("zh", path)
            return self._page(language, path)

    def _page(self, of: str, path: str) -> tuple[bytes, str] | None:
        language = self._languages[of]
        record = _record(path)
        file = language.addresses.get(path)
        if path in joined.ENTRIES:
            return joined.joined(self._site.THEME / path).encode(), path
        if file is not None and not file.is_documentation_page():
            return file.content_bytes, path
        now.errors = []
        with generator_warnings() as warnings:
            try:
                if file is not None:
                    html = language.framed(language.read(file))
                elif record is not None:
                    html = language.made(pages.page(language.view, *record))
                else:
                    return None
            except SystemExit:  # what the generator does about a template that cannot be read; why, the report says
                html = UNREAD
        errors = [*now.errors, *(self._site.generator_error(generator.ROOT, of, message) for message in warnings.messages)]
        told = "\n".join([*filter(None, [self.report]), *map(str, errors)])
        if errors:
            print(told, file=sys.stderr)
        if told:
            alert = f'<pre role="alert" style="margin:0;padding:1rem;background:#fff;color:#a00;white-space:pre-wrap">{escape(told)}</pre>'
            html = re.sub(r"(<body[^>]*>)", lambda match: match[1] + alert, html, count=1)
        return html.encode(), path


UNREAD = "<!doctype html><title>—</title><body></body>"
"""In place of a page whose template cannot be read."""


def _record(path: str) -> tuple[str, str] | None:
    """Kind and id of the record that the page at a path is made from; None where there is none."""
    folder, _, name = path.removesuffix("/index.html").partition("/")
    kinds = [kind for kind, of in pages.FOLDERS.items() if of == folder and name in now.records().records[kind]]
    return (kinds[0], name) if kinds else None


def _stamp(name: str) -> int:
    """Changes when a file below does."""
    top = generator.ROOT / name
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
    if subprocess.run([*command, "check"], cwd=generator.ROOT, check=False).returncode == 0:
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

    server = Server(lambda: None, host, port, str(generator.ROOT / "site"), polling_interval=0.2)
    server.build_delay = 0.05
    for name in ("data", "docs", "macros", *CONFIGS.values()):
        server.watch(str(generator.ROOT / name))
    print(f"http://{host}:{port}/  http://{host}:{port}/en/")
    print("Pages are made as they are asked for; the search knows them as they were at the last `make site`.")
    try:
        server.serve()  # type: ignore[no-untyped-call]
    except KeyboardInterrupt:
        pass
    finally:
        server.shutdown()
