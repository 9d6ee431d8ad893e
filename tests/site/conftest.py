"""One built site for all tests of this folder, served from a folder below the root, as a project page is; one browser."""

from __future__ import annotations

import fcntl
import functools
import http.server
import os
import shutil
import socketserver
import threading
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from macros.generator import now
from macros.generator.build import build
from macros.publish import dump
from macros.specs import load

ROOT = Path(__file__).resolve().parents[2]
DUMP = "dump.json"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *told):
        pass

    def send_error(self, code, *told):
        if code != 404:
            return super().send_error(code, *told)
        page = (Path(self.directory) / "guide" / "404.html").read_bytes()
        self.send_response(404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)
        return None


@pytest.fixture(scope="session")
def catalogue():
    return load(ROOT / "data")


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of a fresh build: one for all processes of a run, made by the first that asks."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    built = shared / "served" / "guide"
    built.parent.mkdir(exist_ok=True)
    with (shared / "site.lock").open("w") as lock, pytest.MonkeyPatch.context() as patch:
        fcntl.flock(lock, fcntl.LOCK_EX)
        patch.setenv("SITE_URL", "https://example.org/guide/")
        if not built.exists():
            build(built)
            (built.parent / DUMP).write_text(dump.text(dump.dump(now.catalogue)), "utf-8")
    return built


@pytest.fixture(scope="session")
def dumped(site):
    """What two revisions are compared by, of the same build."""
    return (site.parent / DUMP).read_text("utf-8")


@pytest.fixture(scope="session")
def address(site):
    """Where the site is served, with a slash at the end."""
    handler = functools.partial(Quiet, directory=str(site.parent))
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/guide/"
        server.shutdown()


@pytest.fixture(scope="session")
def browser():
    path = shutil.which("chromium")
    assert path, "expected the browser `chromium`, got none. Fix: make browser"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def page(browser, address):
    """A page that fails the test when the site asks another host, misses a file or throws.

    Its policy is set aside: what tests wait for and measure with is script of their own. `guarded` keeps it.
    """
    yield from watched(browser, address, bypass_csp=True)


@pytest.fixture
def guarded(browser, address):
    """The same under the policy of the pages, as a reader has them."""
    yield from watched(browser, address, bypass_csp=False)


def watched(browser, address, *, bypass_csp):
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, base_url=address, bypass_csp=bypass_csp, permissions=["clipboard-read", "clipboard-write"]
    )
    opened = context.new_page()
    wrong = []
    opened.on("request", lambda request: request.url.startswith((address, "data:")) or wrong.append(f"asked {request.url}"))
    opened.on("pageerror", lambda error: wrong.append(f"threw {error}"))
    opened.on(
        "response",
        lambda response: response.status >= 400 and "missing" not in response.url and wrong.append(f"{response.status} {response.url}"),
    )
    yield opened
    context.close()
    assert not wrong, wrong
