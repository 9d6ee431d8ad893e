"""Previews of closed pull requests go away, and nothing else does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from macros.publish import previews
from tests.publish.stand_in import REPOSITORY, TOKEN, State, pull, serving

PATH = "/accounts/acc-1/pages/projects/guide/deployments"


class Host(BaseHTTPRequestHandler):
    """The host's API, as documented: 25 a page, newest first, deletion of an aliased one only with force."""

    there: dict[str, str]
    """Id -> branch."""

    def log_message(self, *arguments: object) -> None:
        """Silent."""

    def _answer(self, status: int, result: object) -> None:
        raw = json.dumps({"success": status < 400, "result": result}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def do_GET(self) -> None:
        url, query = urlsplit(self.path), parse_qs(urlsplit(self.path).query)
        if self.headers["Authorization"] != "Bearer host-token" or url.path != PATH:
            return self._answer(403, None)
        if int(query["per_page"][0]) > 25 or query["env"] != ["preview"]:
            return self._answer(400, None)
        start = 25 * (int(query["page"][0]) - 1)
        page = list(self.there.items())[start : start + 25]
        return self._answer(200, [{"id": name, "deployment_trigger": {"metadata": {"branch": branch}}} for name, branch in page])

    def do_DELETE(self) -> None:
        url = urlsplit(self.path)
        name = url.path.removeprefix(PATH + "/")
        if name not in self.there or url.query != "force=true":
            return self._answer(404, None)
        del self.there[name]
        return self._answer(200, None)


@pytest.fixture
def host() -> Iterator[tuple[str, dict[str, str]]]:
    there: dict[str, str] = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Host,), {"there": there}))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", there
    server.shutdown()
    server.server_close()


def sweep(address: str, api: str, **changes: str) -> int:
    return previews.main(
        {
            "GITHUB_API_URL": api,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_TOKEN": TOKEN,
            "PREVIEW_API": address,
            "PREVIEW_ACCOUNT": "acc-1",
            "PREVIEW_PROJECT": "guide",
            "PREVIEW_TOKEN": "host-token",
            **changes,
        }
    )


def test_closed_ones_go_and_open_ones_stay(host: tuple[str, dict[str, str]]):
    """Over several pages; what is not a preview of a pull request is not ours to remove."""
    address, there = host
    there.update({f"{n:08x}": f"pr-{n}" for n in range(1, 61)})
    there.update({"aaaaaaaa": "main", "bbbbbbbb": "pr-x", "cccccccc": "pr-1-fix"})
    with serving(State(pulls=[pull(7, "a" * 40), pull(60, "b" * 40), pull(9, "c" * 40, state="closed")])) as api:
        assert sweep(address, api) == 0
    assert sorted(there.values()) == ["main", "pr-1-fix", "pr-60", "pr-7", "pr-x"]


REFUSED = [{"PREVIEW_TOKEN": "wrong"}, {"PREVIEW_ACCOUNT": "a/b"}, {"PREVIEW_API": "http://127.0.0.1:9"}, {"GITHUB_TOKEN": "wrong"}]


@pytest.mark.parametrize("changes", REFUSED, ids=["host's token", "account", "no host", "token"])
def test_nothing_goes_when_something_is_refused(
    host: tuple[str, dict[str, str]], changes: dict[str, str], capsys: pytest.CaptureFixture[str]
):
    """One line, no traceback, no token."""
    address, there = host
    there["aaaaaaaa"] = "pr-1"
    with serving(State()) as api:
        assert sweep(address, api, **changes) == 1
    assert there == {"aaaaaaaa": "pr-1"}
    said = capsys.readouterr().out
    assert said.startswith("::error::")
    assert "host-token" not in said
