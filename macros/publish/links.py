"""Are the sources still where the data says? A list in Markdown, and one issue that holds it. Asked weekly, never on a pull request."""

from __future__ import annotations

import http.client
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from macros.publish.diff import shown
from macros.publish.github import ApiError, GitHub

MARKER = "<!-- links -->"
TITLE = "Sources that cannot be opened · 打不开的来源"
ISSUES = {
    MARKER: (TITLE, "### Gone"),
    "<!-- watch -->": ("Locked packages that need a look · 需要处理的锁定软件包", "### "),
}
"""First line of a list -> title of its issue, and what in it opens one. The other list is that of macros/publish/watch.py."""
GONE = {404, 410}
SECONDS = 30
PAUSE = 1.0
"""Seconds between two questions to one host."""
HOSTS_AT_ONCE = 8


@dataclass(frozen=True)
class Answer:
    """What became of one source."""

    id: str
    url: str
    state: str
    """ok, gone (the server says so, or there is no such server), or unsure (refused, busy, slow: a person has to look)."""
    told: str


def ask(id: str, url: str) -> Answer:
    """One source: does its address still lead to something?"""
    request = urllib.request.Request(url, headers={"User-Agent": "Mozilla/5.0 (weekly link check)", "Range": "bytes=0-1023"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310  (the schema of sources allows https only)
            return Answer(id, url, "ok", f"status {answer.status}")
    except urllib.error.HTTPError as error:
        if error.code == 416:  # shorter than the piece that was asked for
            return Answer(id, url, "ok", "status 416")
        return Answer(id, url, "gone" if error.code in GONE else "unsure", f"status {error.code}")
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        missing = "gaierror" in type(reason).__name__
        return Answer(id, url, "gone" if missing else "unsure", "no such server" if missing else type(reason).__name__)


def look(sources: Mapping[str, str], pause: float = PAUSE) -> list[Answer]:
    """All sources (id -> address), several hosts at a time, each host politely."""
    hosts: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, url in sorted(sources.items()):
        hosts[urllib.parse.urlsplit(url).netloc].append((name, url))

    def one_host(questions: list[tuple[str, str]]) -> list[Answer]:
        answers = []
        for index, question in enumerate(questions):
            time.sleep(pause if index else 0)
            answers.append(ask(*question))
        return answers

    with ThreadPoolExecutor(HOSTS_AT_ONCE) as pool:
        return sorted((answer for answers in pool.map(one_host, hosts.values()) for answer in answers), key=lambda answer: answer.id)


def markdown(answers: Sequence[Answer]) -> str:
    """The list: gone first, then what a person has to look at."""
    lines = [MARKER, f"{len(answers)} sources asked · 共检查 {len(answers)} 个来源", ""]
    for state, title in (("gone", "Gone · 已失效"), ("unsure", "Refused or not answered: please look · 被拒绝或无应答，请人工查看")):
        found = [answer for answer in answers if answer.state == state]
        if found:
            lines += [f"### {title} ({len(found)})", ""]
            lines += [f"- {shown(answer.id)} {shown(answer.url, 200)}: {answer.told}" for answer in found[:150]]
            lines += ["- …", ""] if len(found) > 150 else [""]
    lines += ["Mend in `data/sources.yaml` · 请在 `data/sources.yaml` 中修正。"] if len(lines) > 3 else ["All of them answer · 全部有效。"]
    return "\n".join(lines) + "\n"


def tell(api: GitHub, text: str, bot: str) -> str:
    """Keep one issue for a list: filed when something in it is urgent, edited while it is, closed when nothing is."""
    marker = text.partition("\n")[0]
    title, urgent = ISSUES.get(marker, ISSUES[MARKER])
    gone = urgent in text
    for issue in api.pages("issues", state="open", creator=bot):
        if (issue["body"] or "").startswith(marker) and "pull_request" not in issue:
            api.send("PATCH", f"issues/{int(issue['number'])}", {"body": text, "state": "open" if gone else "closed"})
            return "edited" if gone else "closed"
    if gone:
        api.send("POST", "issues", {"title": title, "body": text})
        return "filed"
    return "nothing to tell"


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    """`tell FILE`: standard library only, since it runs with a token."""
    _, path = arguments
    api = GitHub(environment["GITHUB_API_URL"], environment["GITHUB_REPOSITORY"], environment["GITHUB_TOKEN"])
    try:
        print(tell(api, Path(path).read_text("utf-8"), environment.get("BOT_LOGIN", "github-actions[bot]")))
    except ApiError as error:
        print(f"::error::GitHub's API: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
