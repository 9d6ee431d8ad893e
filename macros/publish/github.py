"""What the reporter asks of GitHub's API, and no more. Standard library only; the address is given, so that tests stand in for it.

Source: GitHub REST API, version 2022-11-28 (pulls, pull files, workflow runs, artifacts, issue comments).
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any, NoReturn

PER_PAGE = 100
ANSWER_BYTES = 32 * 2**20
SECONDS = 60
ATTEMPTS = 3


class ApiError(Exception):
    """GitHub refused or failed; the status and the path, nothing that a stranger wrote."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """An artifact is served from a storage host: the token must not follow it there, so the redirect is taken by hand."""

    def redirect_request(self, *arguments: Any) -> None:
        """Never by itself."""


class GitHub:
    """One repository, with one token."""

    def __init__(self, api: str, repository: str, token: str) -> None:
        self.api = api.rstrip("/")
        self.repository = repository
        self._token = token
        self._open = urllib.request.build_opener(_NoRedirect).open

    def get(self, path: str, **query: Any) -> Any:
        """The JSON answer to a question about the repository."""
        return self._json("GET", path + ("?" + urllib.parse.urlencode(query) if query else ""))

    def pages(self, path: str, key: str | None = None, limit: int = 30, **query: Any) -> Iterator[dict[str, Any]]:
        """Each item of a list that comes in pages (at most `limit` of them); `key` where the list stands inside an object."""
        for page in range(1, limit + 1):
            answer = self.get(path, per_page=PER_PAGE, page=page, **query)
            items = answer[key] if key else answer
            yield from items
            if len(items) < PER_PAGE:
                return

    def send(self, method: str, path: str, body: dict[str, Any]) -> Any:
        """Write; the JSON answer."""
        return self._json(method, path, json.dumps(body).encode())

    def download(self, path: str, limit: int) -> bytes | None:
        """The bytes behind a path that redirects to storage, at most `limit` of them; None when there are more, or none any more."""
        try:
            with self._open(self._request("GET", path), timeout=SECONDS) as answer:
                return _bounded(answer, limit)
        except urllib.error.HTTPError as error:
            if error.code == 410:
                return None
            if error.code not in (301, 302, 303, 307, 308):
                self._fail("GET", path, error)
            target = error.headers.get("Location", "")
        scheme = urllib.parse.urlsplit(self.api).scheme
        if urllib.parse.urlsplit(target).scheme not in {"https", scheme}:
            raise ApiError(f"GET {path}: redirected to something that is no {scheme} address")
        try:
            with self._open(urllib.request.Request(target), timeout=SECONDS) as answer:  # noqa: S310  (the scheme is checked above)
                return _bounded(answer, limit)
        except urllib.error.HTTPError as error:
            self._fail("GET", f"{path} (its storage)", error)
        except OSError as error:
            raise ApiError(f"GET {path} (its storage): {type(error).__name__}") from None

    def _request(self, method: str, path: str, body: bytes | None = None) -> urllib.request.Request:
        request = urllib.request.Request(f"{self.api}/repos/{self.repository}/{path}", data=body, method=method)  # noqa: S310  (given by the workflow)
        request.add_header("Accept", "application/vnd.github+json")
        request.add_header("X-GitHub-Api-Version", "2022-11-28")
        request.add_header("User-Agent", "pull-request-report")
        request.add_header("Authorization", f"Bearer {self._token}")
        if body is not None:
            request.add_header("Content-Type", "application/json")
        return request

    def _json(self, method: str, path: str, body: bytes | None = None) -> Any:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._open(self._request(method, path, body), timeout=SECONDS) as answer:
                    raw = _bounded(answer, ANSWER_BYTES)
                    return json.loads(raw) if raw is not None else self._fail(method, path, "the answer is too long")
            except urllib.error.HTTPError as error:
                if method != "GET" or error.code < 500 or attempt == ATTEMPTS:
                    self._fail(method, path, error)
            except ValueError:
                self._fail(method, path, "the answer is no JSON")
            except OSError as error:
                self._fail(method, path, type(error).__name__)
        raise AssertionError("unreachable")

    def _fail(self, method: str, path: str, why: urllib.error.HTTPError | str) -> NoReturn:
        told = why if isinstance(why, str) else f"status {why.code}"
        raise ApiError(f"{method} {path.partition('?')[0]}: {told}") from None


def _bounded(answer: Any, limit: int) -> bytes | None:
    raw: bytes = answer.read(limit + 1)
    return raw if len(raw) <= limit else None
