"""GitHub's API as far as the reporter uses it, on this machine: it behaves as documented, and remembers what was written."""

from __future__ import annotations

import json
import re
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "stand-in-token"
REPOSITORY = "guide/guide"
BOT = "github-actions[bot]"


@dataclass
class State:
    """What there is, and what was done."""

    pulls: list[dict[str, Any]] = field(default_factory=list)
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    files: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    jobs: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    zips: dict[int, bytes] = field(default_factory=dict)
    environments: dict[str, Any] = field(default_factory=dict)
    main_runs: list[dict[str, Any]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    broken: dict[str, int] = field(default_factory=dict)
    """Path -> status that it answers with instead."""
    storage_location: str | None = None
    """Where an artifact's download redirects to, if not to the storage."""
    stored: int = 0


class _Handler(BaseHTTPRequestHandler):
    state: State
    storage: str

    def log_message(self, *arguments: Any) -> None:
        """Silent."""

    def _answer(self, status: int, body: Any = None, location: str | None = None) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


class _Storage(_Handler):
    def do_GET(self) -> None:
        # As the real storage does: a request that carries a token of another service is refused.
        if "Authorization" in self.headers:
            return self._answer(403, {"message": "a token came along"})
        self.state.stored += 1
        return self._answer(200, self.state.zips[int(self.path.rpartition("/")[2])])


class _Api(_Handler):
    def _route(self, method: str) -> None:
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        path = url.path.removeprefix(f"/repos/{REPOSITORY}/")
        self.state.requests.append(f"{method} {path}")
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._answer(401, {"message": "Bad credentials"})
        if path in self.state.broken:
            return self._answer(self.state.broken[path], {"message": "no"})
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        if method != "GET" and len(body.get("body", "")) > 65_536:
            return self._answer(422, {"message": "Validation Failed"})
        for pattern, answer in (
            (r"pulls", self._pulls),
            (r"pulls/(\d+)/files", lambda n: self._page(self.state.files.get(n, []), query)),
            (r"environments/preview", lambda query: self._answer(200, self.state.environments.get("preview", {}))),
            (r"actions/workflows/ci\.yml/runs", lambda query: self._page(self.state.main_runs, query, "workflow_runs")),
            (r"actions/runs/(\d+)/artifacts", lambda n: self._page(self._artifacts(n), query, "artifacts")),
            (r"actions/runs/(\d+)/jobs", lambda n: self._page(self.state.jobs, query, "jobs")),
            (r"actions/artifacts/(\d+)/zip", self._zip),
            (r"issues/(\d+)/comments", lambda n: self._comments(n, method, query, body)),
            (r"issues", lambda query: self._issues(method, query, body)),
            (r"issues/(\d+)", lambda n: self._edit_issue(n, body)),
            (r"issues/comments/(\d+)", lambda n: self._edit(n, body)),
        ):
            if match := re.fullmatch(pattern, path):
                return answer(*map(int, match.groups())) if match.groups() else answer(query)
        return self._answer(404, {"message": "Not Found"})

    def _page(self, items: list[Any], query: dict[str, str], key: str | None = None) -> None:
        size = min(int(query.get("per_page", 30)), 100)
        page = items[(int(query.get("page", 1)) - 1) * size :][:size]
        self._answer(200, {"total_count": len(items), key: page} if key else page)

    def _artifacts(self, run: int) -> list[dict[str, Any]]:
        """Those of a run of main, or of the pull request's."""
        of_main = {found["id"]: found["head_sha"] for found in self.state.main_runs}
        shas = set(of_main.values())
        if run in of_main:
            return [item for item in self.state.artifacts if (item.get("workflow_run") or {}).get("head_sha") == of_main[run]]
        return [item for item in self.state.artifacts if (item.get("workflow_run") or {}).get("head_sha") not in shas]

    def _pulls(self, query: dict[str, str]) -> None:
        self._page([pull for pull in self.state.pulls if query.get("state", "open") in (pull["state"], "all")], query)

    def _zip(self, number: int) -> None:
        if number not in self.state.zips:
            return self._answer(410, {"message": "Artifact has expired"})
        return self._answer(302, b"", self.state.storage_location or f"{self.storage}/zips/{number}")

    def _comments(self, number: int, method: str, query: dict[str, str], body: dict[str, Any]) -> None:
        comments = self.state.comments.setdefault(number, [])
        if method == "GET":
            return self._page(comments, query)
        comments.append({"id": 9000 + len(comments), "user": {"login": BOT}, "body": body["body"]})
        return self._answer(201, comments[-1])

    def _edit(self, number: int, body: dict[str, Any]) -> None:
        for comment in (comment for comments in self.state.comments.values() for comment in comments):
            if comment["id"] == number:
                comment["body"] = body["body"]
                return self._answer(200, comment)
        return self._answer(404, {"message": "Not Found"})

    def _issues(self, method: str, query: dict[str, str], body: dict[str, Any]) -> None:
        if method == "GET":
            return self._page([issue for issue in self.state.issues if issue["state"] == query["state"]], query)
        self.state.issues.append({"number": 1 + len(self.state.issues), "state": "open", **body})
        return self._answer(201, self.state.issues[-1])

    def _edit_issue(self, number: int, body: dict[str, Any]) -> None:
        self.state.issues[number - 1].update(body)
        self._answer(200, self.state.issues[number - 1])

    def do_GET(self) -> None:
        self._route("GET")

    def do_POST(self) -> None:
        self._route("POST")

    def do_PATCH(self) -> None:
        self._route("PATCH")


@contextmanager
def serving(state: State) -> Iterator[str]:
    """The address of the API while it is served; its artifacts lie behind another one."""
    storage = ThreadingHTTPServer(("127.0.0.1", 0), type("Storage", (_Storage,), {"state": state}))
    place = f"http://127.0.0.1:{storage.server_port}"
    api = ThreadingHTTPServer(("127.0.0.1", 0), type("Api", (_Api,), {"state": state, "storage": place}))
    threads = [threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True) for server in (storage, api)]
    for thread in threads:
        thread.start()
    try:
        yield f"http://127.0.0.1:{api.server_port}"
    finally:
        for server in (storage, api):
            server.shutdown()
            server.server_close()


def pull(number: int, sha: str, **changes: Any) -> dict[str, Any]:
    """A pull request as the API lists it."""
    made = {
        "number": number,
        "state": "open",
        "head": {"sha": sha, "ref": "patch-1", "repo": {"full_name": "stranger/guide"}},
        "base": {"ref": "main", "repo": {"full_name": REPOSITORY}},
    }
    return {**made, **changes}


def event(sha: str, conclusion: str = "success", **changes: Any) -> dict[str, Any]:
    """The event that starts the reporter."""
    run = {
        "id": 4242,
        "event": "pull_request",
        "path": ".github/workflows/ci.yml",
        "head_sha": sha,
        "head_branch": "patch-1",
        "head_repository": {"full_name": "stranger/guide"},
        "conclusion": conclusion,
        "pull_requests": [],
        **changes,
    }
    return {"action": "completed", "repository": {"full_name": REPOSITORY}, "workflow_run": run}
