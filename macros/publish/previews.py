"""Previews of closed pull requests go away: a stranger's pages are not kept longer than somebody reads them.

Standard library only: it runs with the host's token.
Source: Cloudflare's API for Pages (deployments: list, delete), 25 of them a page at most.
"""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Set
from typing import Any

from macros.publish.github import ApiError, GitHub

PER_PAGE = 25
PAGES = 100


class Pages:
    """One project on the host of previews."""

    def __init__(self, api: str, account: str, project: str, token: str) -> None:
        for name in (account, project):
            if not re.fullmatch(r"[A-Za-z0-9-]+", name):
                raise ApiError("the names of account and project are letters, digits and hyphens")
        self._address = f"{api.rstrip('/')}/accounts/{account}/pages/projects/{project}/deployments"
        self._token = token

    def deployments(self) -> Iterator[tuple[str, int]]:
        """(id, number of the pull request) of each preview of ours; others of the project are left alone."""
        for page in range(1, PAGES + 1):
            found = self._ask("GET", f"?env=preview&page={page}&per_page={PER_PAGE}")
            for one in found:
                branch = str(one.get("deployment_trigger", {}).get("metadata", {}).get("branch"))
                if (match := re.fullmatch(r"pr-(\d{1,9})", branch)) and re.fullmatch(r"[0-9a-f-]{8,40}", str(one.get("id"))):
                    yield one["id"], int(match[1])
            if len(found) < PER_PAGE:
                return

    def remove(self, deployment: str) -> None:
        """Take one down, with the address that names its pull request."""
        self._ask("DELETE", f"/{deployment}?force=true")

    def _ask(self, method: str, path: str) -> Any:
        request = urllib.request.Request(self._address + path, method=method)  # noqa: S310  (the address is the workflow's own)
        request.add_header("Authorization", f"Bearer {self._token}")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return json.loads(answer.read())["result"]
        except urllib.error.HTTPError as error:
            raise ApiError(f"{method} deployments: status {error.code}") from None
        except (OSError, ValueError, LookupError) as error:
            raise ApiError(f"{method} deployments: {type(error).__name__}") from None


def sweep(host: Pages, still_open: Set[int]) -> int:
    """Remove the previews of every pull request that is not open; how many there were."""
    closed = [deployment for deployment, number in host.deployments() if number not in still_open]
    for deployment in closed:
        host.remove(deployment)
    return len(closed)


def main(environment: Mapping[str, str] = os.environ) -> int:
    """One sweep."""
    api = GitHub(environment["GITHUB_API_URL"], environment["GITHUB_REPOSITORY"], environment["GITHUB_TOKEN"])
    try:
        host = Pages(
            environment["PREVIEW_API"], environment["PREVIEW_ACCOUNT"], environment["PREVIEW_PROJECT"], environment["PREVIEW_TOKEN"]
        )
        print(f"{sweep(host, {pull['number'] for pull in api.pages('pulls', state='open')})} previews removed")
    except ApiError as error:
        print(f"::error::{error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
