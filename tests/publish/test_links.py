"""The weekly look at the sources: gone, unsure, and one issue."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from macros.publish import links
from macros.publish.github import GitHub
from tests.publish.stand_in import REPOSITORY, TOKEN, State, serving


class Publisher(BaseHTTPRequestHandler):
    """Answers with the status that the path names."""

    def log_message(self, *arguments: object) -> None:
        """Silent."""

    def do_GET(self) -> None:
        status = int(self.path.strip("/"))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/200")
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def publisher() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Publisher)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


MEANING = {"ok": (200, 206, 302, 416), "gone": (404, 410), "unsure": (403, 429, 503)}


@pytest.mark.parametrize(("status", "state"), [(status, state) for state, numbers in MEANING.items() for status in numbers])
def test_what_an_answer_means(publisher: str, status: int, state: str):
    """Only what the server itself calls gone is gone; a refusal may be meant for machines alone."""
    assert links.ask("a", f"{publisher}/{status}").state == state


def test_no_answer_is_unsure_and_no_such_server_is_gone():
    """A dead name differs from a closed door."""
    assert links.ask("a", "http://127.0.0.1:9/").state == "unsure"
    assert links.ask("a", "http://no-such-server.invalid/").state == "gone"


def test_the_list_names_what_to_mend(publisher: str):
    """Gone first; nothing of an address is markup."""
    sources = {"fine": f"{publisher}/200", "dead": f"{publisher}/404", "shy": f"{publisher}/403", "bad": f"{publisher}/410"}
    text = links.markdown(links.look(sources, pause=0))
    assert text.index("### Gone · 已失效 (2)") < text.index("- `dead`") < text.index("### Refused") < text.index("- `shy`")
    assert "`fine`" not in text
    assert links.markdown(links.look({"fine": f"{publisher}/200"}, pause=0)).endswith("All of them answer · 全部有效。\n")


def test_one_issue_is_filed_edited_and_closed(tmp_path: Path):
    """Fifty weeks of one dead link are one issue."""
    state = State()
    gone = links.markdown([links.Answer("a", "https://x.example", "gone", "status 404")])
    unsure = links.markdown([links.Answer("a", "https://x.example", "unsure", "status 403")])
    with serving(state) as address:
        api = GitHub(address, REPOSITORY, TOKEN)
        said = [links.tell(api, text, "github-actions[bot]") for text in (unsure, gone, gone, unsure, unsure)]
        assert said == ["nothing to tell", "filed", "edited", "closed", "nothing to tell"]
        state.issues[0]["state"] = "open"
        (tmp_path / "links.md").write_text(gone)
        environment = {"GITHUB_API_URL": address, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_TOKEN": TOKEN}
        assert links.main(["tell", str(tmp_path / "links.md")], environment) == 0
        assert links.main(["tell", str(tmp_path / "links.md")], {**environment, "GITHUB_TOKEN": "wrong"}) == 1
    assert len(state.issues) == 1
