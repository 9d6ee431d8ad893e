"""The whole path of a pull request on one machine: two commits, CI's jobs, their artifacts, the reporter's three steps, a comment.

`make rehearse`. A clone of this repository gets one correction (a bandwidth, ×1.25) and then one slip (a word for a number);
for each, CI's `site` and `tables` jobs run, their artifacts are zipped as the upload does, and the reporter asks a stand-in for
GitHub's API. What a reviewer would read is in dist/rehearsal/.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from io import BytesIO
from pathlib import Path

from macros.publish import report
from macros.specs import aside
from tests.publish.stand_in import REPOSITORY, TOKEN, State, event, pull, serving

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "dist" / "rehearsal"
RECORD = Path("data/gpus/rtx-3090.yaml")
KEY = "bandwidth_gb_per_s"


def run(tree: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A command in a tree, as CI would run it."""
    environment = {**os.environ, "GITHUB_ACTIONS": "true"}
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)


def git(tree: Path, *arguments: str) -> str:
    """What git says."""
    done = run(tree, "git", "-c", "user.name=A contributor", "-c", "user.email=contributor@example.org", *arguments)
    done.check_returncode()
    return done.stdout.strip()


def zipped(folder: Path) -> bytes:
    """What the upload of a folder makes of it."""
    raw = BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(path, path.relative_to(folder).as_posix())
    return raw.getvalue()


def change(tree: Path, value: str, message: str) -> str:
    """Commit another value of the one key; the commit."""
    path = tree / RECORD
    path.write_text(re.sub(rf"^{KEY}: .*$", f"{KEY}: {value}", path.read_text("utf-8"), flags=re.MULTILINE), "utf-8")
    git(tree, "commit", "--quiet", "--all", "--message", message)
    return git(tree, "rev-parse", "HEAD")


def ci(tree: Path, state: State, sha: str, first: int) -> str:
    """The jobs of ci.yml that leave artifacts; the run's conclusion."""
    start = time.monotonic()
    jobs = {
        "check": run(tree, sys.executable, "-m", "macros", "check"),
        "site": run(tree, sys.executable, "-m", "macros", "site"),
        "tables": run(tree, sys.executable, "-m", "macros", "diff", "HEAD^1", "--full", "--report", "report"),
    }
    (OUT / f"summary-{sha[:7]}.md").write_text(jobs["tables"].stdout, "utf-8")
    annotations = [line for line in jobs["check"].stderr.splitlines() if line.startswith("::error")]
    print(f"CI on {sha[:7]}: {', '.join(f'{name} {done.returncode}' for name, done in jobs.items())}, {time.monotonic() - start:.1f} s")
    print("".join(f"  annotation: {line}\n" for line in annotations), end="")
    artifacts = {"report": tree / "report"} | ({"site": tree / "site"} if jobs["site"].returncode == 0 else {})
    for number, (name, folder) in enumerate(artifacts.items(), first):
        raw = zipped(folder)
        state.artifacts.append({"id": number, "name": name, "expired": False, "workflow_run": {"head_sha": sha}})
        state.zips[number] = raw
        print(f"  artifact {name}: {len(raw) / 1e6:.2f} MB")
    state.jobs = [{"id": 100 + n, "name": name, "conclusion": "failure"} for n, (name, done) in enumerate(jobs.items()) if done.returncode]
    return "failure" if state.jobs else "success"


def reporter(api: str, sha: str, conclusion: str, folder: Path) -> None:
    """pr-report.yml's steps, with the preview's folder kept."""
    (folder / "event.json").write_text(json.dumps(event(sha, conclusion)))
    environment = {
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
        "GITHUB_API_URL": api,
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_OUTPUT": str(folder / "output"),
        "PREVIEW_FOLDER": str(OUT / f"preview-{sha[:7]}"),
        "SITE_URL": "https://guide.example/",
        "PREVIEW_URL": "https://pr-7.guide-preview.example" if conclusion == "success" else "",
    }
    for step in report.STEPS:
        start = time.monotonic()
        code = report.main([step], environment)
        print(f"  {step}: exit code {code}, {time.monotonic() - start:.1f} s")


def main() -> int:
    """Rehearse; prints what happened, and leaves the comments in dist/rehearsal/."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    state = State()
    with aside.folder(ROOT / ".cache" / "rehearsal") as folder, serving(state) as api:
        tree = folder / "guide"
        git(ROOT, "clone", "--quiet", "--shared", str(ROOT), str(tree))
        before = float(re.search(rf"^{KEY}: (\S+)", (tree / RECORD).read_text("utf-8"), re.MULTILINE)[1])  # type: ignore[index]
        state.files[7] = [{"filename": RECORD.as_posix(), "status": "modified"}]
        for number, (value, message) in enumerate([(f"{before * 1.25:g}", "Correct a bandwidth"), ("fast", "Slip")]):
            sha = change(tree, value, message)
            state.pulls = [pull(7, sha)]
            reporter(api, sha, ci(tree, state, sha, 10 * number + 1), folder)
            (comment,) = state.comments[7]
            (OUT / f"comment-{number + 1}.md").write_text(comment["body"], "utf-8")
            print(f"  -> dist/rehearsal/comment-{number + 1}.md, {len(comment['body'])} characters")
    writes = [request for request in state.requests if not request.startswith("GET ")]
    print(f"written to the API: {writes}")
    return 0 if writes == ["POST issues/7/comments", "PATCH issues/comments/9000"] else 1


if __name__ == "__main__":
    sys.exit(main())
