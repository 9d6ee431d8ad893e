"""The report under a pull request: one comment, edited in place. Runs with a token, so: this repository's code, standard library only.

Everything about *which* pull request and *which* run comes from GitHub's event and API; from the pull request's own build come
only two dumps and a site, which `untrusted` reads as hostile. See .github/workflows/pr-report.yml for the three steps below.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from macros.publish import diff, read_first, untrusted
from macros.publish.diff import shown
from macros.publish.github import ApiError, GitHub
from macros.publish.untrusted import Refused

MARKER = "<!-- pr-report -->"
BODY_LENGTH = 65_000
"""Characters; GitHub refuses a comment of more than 65,536."""
WORKFLOW = ".github/workflows/ci.yml"
SILENT = {"cancelled", "skipped", "action_required", "stale", "neutral"}
"""Conclusions of runs that say nothing about the change: a newer run took over, or none ran."""
MAX_PAGES = 30
MAX_JOBS = 20
MAX_FILES = 60
MOST_LISTED = 3000
"""Files of a change that GitHub lists; it says nothing of more."""

RECORD_PAGES = {"cpus": "devices", "gpus": "devices", "models": "models"}
"""Folder of data/ whose records have pages of their own -> the folder of those pages."""

ADVICE = {
    "check": ("make check", "data, style or types", "数据、格式或类型"),
    "test": ("make test", "a test", "测试"),
    "site": ("make site", "the site does not build", "站点无法构建"),
    "tables": ("make diff BASE=main", "the tables cannot be computed", "表格无法计算"),
}
"""Job of ci.yml -> the command that shows the same on one's own machine, and what it is about."""


@dataclass(frozen=True)
class Run:
    """A finished run of CI, as GitHub's event tells it."""

    id: int
    repository: str
    head_repository: str
    head_sha: str
    conclusion: str

    @property
    def passed(self) -> bool:
        """Whether every job that had to pass did."""
        return self.conclusion == "success"


@dataclass(frozen=True)
class Preview:
    """Where the pages can be seen as they would be."""

    url: str | None = None
    commit: str = ""

    @property
    def mark(self) -> str:
        """A hidden line by which the next report finds the last good preview."""
        return f"<!-- preview {self.url} {self.commit} -->" if self.url else ""


@dataclass(frozen=True)
class Findings:
    """All that a comment tells."""

    run: Run
    server: str
    site_url: str | None
    jobs: list[tuple[str, str, int]] = field(default_factory=list)
    """(name, conclusion, id) of each job that did not pass."""
    files: list[tuple[str, str]] = field(default_factory=list)
    """(path, status) of each changed file."""
    dumps: tuple[dict[str, Any], dict[str, Any]] | None = None
    refused: str | None = None
    """Why the dumps are not used."""
    site_artifact: int | None = None
    preview: Preview = Preview()
    own: tuple[dict[str, Any], str] | None = None
    """The tables of main as its own run computed them, and the commit; None: no such run is kept."""
    unlisted: bool = False
    """Whether more files may have changed than are listed."""

    @property
    def run_url(self) -> str:
        """The run's page."""
        return f"{self.server}/{self.run.repository}/actions/runs/{self.run.id}"


def run_of(event: Mapping[str, Any], repository: str) -> Run:
    """The run that an event tells of; Refused for any event that is not the end of CI on a pull request of this repository."""
    run = event.get("workflow_run") or {}
    head = str(run.get("head_sha"))
    head_repository = str((run.get("head_repository") or {}).get("full_name"))
    if (event.get("repository") or {}).get("full_name") != repository:
        raise Refused("the event is about another repository")
    if event.get("action") != "completed" or run.get("event") != "pull_request":
        raise Refused("the event is not the end of a run on a pull request")
    if str(run.get("path")).partition("@")[0] != WORKFLOW:
        raise Refused("the event is about another workflow")
    if not re.fullmatch(r"[0-9a-f]{40}", head) or not re.fullmatch(r"[\w.-]+/[\w.-]+", head_repository, re.ASCII):
        raise Refused("the event names no commit of a repository")
    if type(run.get("id")) is not int:
        raise Refused("the event names no run")
    return Run(run["id"], repository, head_repository, head, str(run.get("conclusion")))


def pull_of(api: GitHub, run: Run) -> int:
    """The number of the one open pull request whose head is the run's commit now; Refused when there is none, or more than one.

    Neither the event's own list (empty for forks) nor anything in an artifact is asked.
    """
    found = [pull["number"] for pull in api.pages("pulls", limit=10, state="open", sort="updated", direction="desc") if _is_head(pull, run)]
    if not found:
        raise Refused("no open pull request has this commit as its head: the run is out of date")
    if len(found) > 1:
        raise Refused(f"{len(found)} open pull requests have this commit as their head: which one is meant cannot be told")
    return int(found[0])


def _is_head(pull: Mapping[str, Any], run: Run) -> bool:
    """Whether an open pull request into this repository stands at the run's commit."""
    head, base = pull["head"], pull["base"]
    return (
        pull["state"] == "open"
        and head["sha"] == run.head_sha
        and (head["repo"] or {}).get("full_name") == run.head_repository
        and base["repo"]["full_name"] == run.repository
    )


def artifact(api: GitHub, run: Run, name: str) -> int | None:
    """The id of the newest artifact of that name that the run left."""
    found = [
        item["id"]
        for item in api.pages(f"actions/runs/{run.id}/artifacts", "artifacts", limit=3)
        if item["name"] == name and not item["expired"] and (item.get("workflow_run") or {}).get("head_sha", run.head_sha) == run.head_sha
    ]
    return max(found, default=None)


def fetch(api: GitHub, number: int | None, limits: untrusted.Limits) -> bytes:
    """The zip of an artifact; Refused when there is none or too much of it."""
    if number is None:
        raise Refused("the run left none")
    raw = api.download(f"actions/artifacts/{number}/zip", limits.packed_bytes)
    if raw is None:
        raise Refused("the archive is too large, or gone")
    return raw


def findings(api: GitHub, run: Run, number: int, server: str, site_url: str | None, preview: Preview) -> Findings:
    """Ask GitHub for all that the comment tells."""
    jobs = [
        (job["name"], job["conclusion"] or "", job["id"])
        for job in api.pages(f"actions/runs/{run.id}/jobs", "jobs", limit=3)
        if job["conclusion"] not in ("success", "skipped", None)
    ]
    listed = list(api.pages(f"pulls/{number}/files"))
    files = [(file["filename"], file["status"]) for file in listed]
    # What moved away is gone from where it stood: a check that now lies among the pages runs no more.
    files += [(file["previous_filename"], "removed") for file in listed if file.get("status") == "renamed" and "previous_filename" in file]
    dumps, refused = None, None
    try:
        dumps = untrusted.report(fetch(api, artifact(api, run, "report"), untrusted.REPORT))
    except Refused as error:
        refused = str(error)
    of_site, own = artifact(api, run, "site"), own_tables(api, run)
    return Findings(run, server, site_url, jobs, files, dumps, refused, of_site, preview, own, unlisted=len(listed) >= MOST_LISTED)


def own_tables(api: GitHub, run: Run) -> tuple[dict[str, Any], str] | None:
    """The tables of main as the newest passed run on main itself left them: no code of a pull request had a hand in those.

    Args:
        api: the repository
        run: the pull request's run, which is never taken for one of main's

    Returns:
        Tables, and the commit that they are of; None where no such run is kept.
    """
    query = {"branch": "main", "event": "push", "status": "success"}
    try:
        for found in api.pages(f"actions/workflows/{WORKFLOW.rpartition('/')[2]}/runs", "workflow_runs", limit=1, **query):
            head, sha = found.get("head_repository") or {}, str(found.get("head_sha"))
            sound = found.get("event") == "push" and found.get("head_branch") == "main" and head.get("full_name") == run.repository
            if not sound or type(found.get("id")) is not int or not re.fullmatch(r"[0-9a-f]{40}", sha):
                continue
            of_main = Run(found["id"], run.repository, run.repository, sha, "success")
            dump = untrusted.report(fetch(api, artifact(api, of_main, "report"), untrusted.REPORT))[1]
            return (dump, sha) if "tables" in dump else None
    except (ApiError, Refused):
        pass
    return None


def body(found: Findings) -> str:
    """The comment: what to do, where to look, what moved. Every text that the pull request's author chose stands in a code span."""
    run = found.run
    state = "passed · 通过" if run.passed else "failed · 未通过"
    lines = [MARKER, *([found.preview.mark] if found.preview.mark else [])]
    lines += [f"Commit {shown(run.head_sha[:7])} · [checks · 检查]({found.run_url}) {state}", ""]
    lines += [*_code(found), *_preview(found), *_failures(found), *_pages(found)]
    top = "\n".join(lines) + "\n"
    if found.dumps is None:
        return f"{top}### Computed tables · 计算结果\n\nNot compared · 未比较: {shown(found.refused or '', 200)}\n"
    base, head = found.dumps
    if "errors" in head and not run.passed:
        return f"{top}Computed tables · 计算结果: after the data reads · 待数据修正后比较\n"
    code = [path for path, _ in found.files]
    note = "Computed by this pull request's own code: who reviews `macros/` reads the code as well. The run's summary has the whole list."
    if found.own is not None:
        base = found.own[0]
        before = f"The values before are those of main's own run at {shown(found.own[1][:7])}."
    else:
        before = "**The values before come out of this pull request's own run as well**: no run of main is kept to compare with."
    note = f"{before} {note}"
    text = f"{top}{diff.markdown(base, head, code=code)}\n{note}\n"
    return text if len(text) <= BODY_LENGTH else f"{top}### Computed tables\n\nToo long for a comment: see the run's summary.\n"


def _code(found: Findings) -> list[str]:
    """Every changed file that is neither a fact nor prose: what it changes may be this report itself."""
    named = read_first.beside_facts(path for path, _ in found.files)
    if not named and not found.unlisted:
        return []
    lines = ["### Read these files first · 请先看这些文件", ""]
    lines += [f"- {'**' if steers else ''}{shown(path, 200)}{'**' if steers else ''}" for path, steers in named[:MAX_FILES]]
    if len(named) > MAX_FILES:
        lines.append(f"- … **{len(named) - MAX_FILES} more files · 另有 {len(named) - MAX_FILES} 个文件**")
    if found.unlisted:
        lines.append(f"- **More may have changed: {MOST_LISTED} files at most are listed · 列出的文件以 {MOST_LISTED} 个为限，可能还有**")
    if any(steers for _, steers in named):
        lines += [
            "",
            "Files in bold decide which checks run and what is computed: until they are read, neither “passed” nor a figure below proves "
            "anything. · 粗体文件决定运行哪些检查、如何计算：看过它们之前，下面的“通过”和数字都不足为凭。",
        ]
    return [*lines, ""]


def _preview(found: Findings) -> list[str]:
    link = f"{found.run_url}/artifacts/{found.site_artifact}"
    unpack = "unpack it and run `python3 -m http.server` in it · 解压后在其中运行 `python3 -m http.server`"
    if found.run.passed and found.preview.url:
        said = f"**Preview · 预览**: <{found.preview.url}>"
    elif found.run.passed and found.site_artifact:
        said = f"**Preview · 预览**: [site.zip]({link}) ({unpack})"
    elif found.preview.url:
        said = (
            f"**Preview · 预览**: <{found.preview.url}> still shows {shown(found.preview.commit[:7])}, the last commit that passed; "
            "nothing was deployed · 仍为上一次通过检查的版本，本次未部署"
        )
    else:
        said = "**Preview · 预览**: none yet: nothing is deployed until the checks pass · 检查通过之前不会部署"
    return [said, ""]


def _failures(found: Findings) -> list[str]:
    if found.run.passed:
        return []
    lines = ["### What to do · 如何修正", ""]
    if found.dumps and "errors" in found.dumps[1]:
        lines += ["The data cannot be read · 数据有误：", "", *diff.error_lines(found.dumps[1]["errors"]), ""]
    for name, conclusion, number in found.jobs[:MAX_JOBS]:
        if name == "gate":
            continue
        command, english, chinese = ADVICE.get(name, ("make test", "see its log", "见日志"))
        link = f"[log · 日志]({found.run_url}/job/{int(number)})"
        lines.append(
            f"- {shown(name, 40)} {shown(conclusion, 20)} ({english} · {chinese}): {link}; the same on your machine · 本地重现：`{command}`"
        )
    lines += [
        "",
        "No machine at hand? Edit the file on the web page of this pull request; the checks run again by themselves. · "
        "没有本地环境？直接在网页上修改文件，检查会自动重新运行。",
        "",
    ]
    return lines


def _pages(found: Findings) -> list[str]:
    """The changed pages in both languages, before and after."""
    pages: dict[str, dict[str, str]] = {}
    for path, status in found.files:
        if match := re.fullmatch(r"docs/(zh|en)/(.+)\.md", path):
            pages.setdefault(match[2], {})[match[1]] = status
        elif (match := re.fullmatch(r"data/([a-z]+)/(.+)\.yaml", path)) and match[1] in RECORD_PAGES:
            pages[f"{RECORD_PAGES[match[1]]}/{match[2]}"] = {"zh": status, "en": status}
    if not pages:
        return []
    lines = ["### Pages · 页面", "", "| page | 中文 | English |", "|---|---|---|"]
    for page in sorted(pages)[:MAX_PAGES]:
        cells = [_page_links(found, page, language, pages[page].get(language)) for language in ("zh", "en")]
        lines.append(f"| {shown(page)} | {cells[0]} | {cells[1]} |")
    if len(pages) > MAX_PAGES:
        lines.append(f"| … {len(pages) - MAX_PAGES} more | | |")
    return [*lines, ""]


def _page_links(found: Findings, page: str, language: str, status: str | None) -> str:
    if status is None:
        return "not changed · 未改"
    if not re.fullmatch(r"[a-z0-9][a-z0-9_./-]*", page) or ".." in page:
        return "changed"
    directory = "" if page == "index" else page.removesuffix("/index") + "/"
    path = ("en/" if language == "en" else "") + directory
    links = []
    if found.site_url and status != "added":
        links.append(f"[before]({found.site_url.rstrip('/')}/{path})")
    if found.preview.url and found.run.passed and status != "removed":
        links.append(f"[after]({found.preview.url.rstrip('/')}/{path})")
    return " · ".join(links) or {"added": "added", "removed": "removed"}.get(status, "changed")


def own_comment(api: GitHub, number: int, bot: str) -> dict[str, Any] | None:
    """Our comment: ours by author and by its first line, so that a stranger's copy of the marker is left alone."""
    for comment in api.pages(f"issues/{number}/comments"):
        if (comment["user"] or {}).get("login") == bot and (comment["body"] or "").startswith(MARKER):
            return comment
    return None


def last_preview(comment: Mapping[str, Any] | None) -> Preview:
    """The preview that our last comment spoke of."""
    told = re.search(r"^<!-- preview (https://[\w./-]+) ([0-9a-f]{40}) -->$", (comment or {}).get("body") or "", re.MULTILINE | re.ASCII)
    return Preview(told[1], told[2]) if told else Preview()


def deployed(url: str, run: Run) -> Preview:
    """The preview that the deploying job speaks of; none where no host is configured."""
    return Preview(url, run.head_sha) if re.fullmatch(r"https://[a-z0-9.-]+(/[\w./-]*)?", url, re.ASCII) else Preview()


def upsert(api: GitHub, number: int, text: str, comment: Mapping[str, Any] | None) -> str:
    """Write the one comment."""
    if comment:
        api.send("PATCH", f"issues/comments/{int(comment['id'])}", {"body": text})
        return "edited"
    api.send("POST", f"issues/{number}/comments", {"body": text})
    return "posted"


Environment = Mapping[str, str]


def _ask(environment: Environment) -> tuple[GitHub, Run]:
    repository = environment["GITHUB_REPOSITORY"]
    run = run_of(json.loads(Path(environment["GITHUB_EVENT_PATH"]).read_text("utf-8")), repository)
    return GitHub(environment["GITHUB_API_URL"], repository, environment["GITHUB_TOKEN"]), run


def _output(environment: Environment, **values: object) -> None:
    """Hand values to the workflow's next steps: numbers and hashes of ours, never a text of a stranger's."""
    with Path(environment["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in values.items())


def resolve(environment: Environment) -> str:
    """Name the pull request."""
    api, run = _ask(environment)
    if run.conclusion in SILENT:
        raise Refused(f"the run says nothing: {run.conclusion}")
    number = pull_of(api, run)
    _output(environment, number=number, passed=str(run.passed).lower(), commit=run.head_sha)
    return f"pull request {number}"


def preview(environment: Environment) -> str:
    """Unpack what may be served into an empty folder."""
    api, run = _ask(environment)
    if not run.passed:
        raise Refused("the checks did not pass: the last good preview stays")
    number = pull_of(api, run)
    if (needed := environment.get("REVIEWED_ENVIRONMENT")) and not reviewed(api, needed):
        raise Refused(f"the environment {needed} has no required reviewer: a stranger's pages are not shown unseen")
    target = Path(environment["PREVIEW_FOLDER"])
    raw = fetch(api, artifact(api, run, "site"), untrusted.SITE)
    banner = f"预览 · Preview: pull request {number}, commit {run.head_sha[:7]}. 并非指南本身 · Not the guide itself."
    left_out = untrusted.site(raw, target, banner)
    _output(environment, ready="true")
    return f"pull request {number}: {sum(1 for path in target.rglob('*') if path.is_file())} files, {len(left_out)} left out"


def comment(environment: Environment) -> str:
    """Write the comment."""
    api, run = _ask(environment)
    if run.conclusion in SILENT:
        raise Refused(f"the run says nothing: {run.conclusion}")
    number = pull_of(api, run)
    old = own_comment(api, number, environment.get("BOT_LOGIN", "github-actions[bot]"))
    now = deployed(environment.get("PREVIEW_URL", ""), run)
    known = now if run.passed else last_preview(old)
    text = body(findings(api, run, number, environment["GITHUB_SERVER_URL"], environment.get("SITE_URL"), known))
    if pull_of(api, run) != number:  # the head may have moved on while the artifacts were read
        raise Refused("the pull request moved on: its newer run writes the comment")
    return f"pull request {number}: comment {upsert(api, number, text, old)}, {len(text)} characters"


def reviewed(api: GitHub, environment: str) -> bool:
    """Whether a person has to agree before a job may use an environment.

    Source: GitHub REST API, deployment environments, `protection_rules`.
    """
    try:
        rules = api.get(f"environments/{environment}").get("protection_rules") or []
    except ApiError:
        return False
    return any(rule.get("type") == "required_reviewers" and rule.get("reviewers") for rule in rules)


STEPS: dict[str, Callable[[Environment], str]] = {"resolve": resolve, "preview": preview, "comment": comment}


def main(arguments: Sequence[str] | None = None, environment: Environment = os.environ) -> int:
    """One step; a refusal is a notice and no failure, since a stranger can cause it at will."""
    parser = argparse.ArgumentParser(prog="python -m macros.publish.report", description="The report under a pull request.")
    parser.add_argument("step", choices=STEPS)
    step = STEPS[parser.parse_args(arguments).step]
    try:
        print(step(environment))
    except Refused as error:
        print(f"::notice::Nothing was written: {error}")
    except ApiError as error:
        print(f"::error::GitHub's API: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
