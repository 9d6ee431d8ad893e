"""The reporter against a stand-in for GitHub's API: which pull request, which words, and what never gets through."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from macros.publish import deployed, report
from macros.publish.github import ApiError, GitHub
from macros.publish.report import Findings, Preview, Run, body
from tests.publish.stand_in import BOT, REPOSITORY, TOKEN, State, event, pull, serving
from tests.publish.test_diff import HOSTILE, dump_of, moved, row
from tests.publish.test_untrusted import DUMP, zipped

ROOT = Path(__file__).resolve().parents[2]
SHA, OTHER = "a" * 40, "b" * 40
MISTAKE = {"path": "data/gpus/a.yaml", "line": 7, "key": "tdp_w", "expected": "a number", "got": "'350W'", "fix": "write 350"}


class World:
    """One finished run on one pull request, and the reporter's steps on it."""

    def __init__(self, folder: Path, api: str, state: State) -> None:
        self.folder, self.api, self.state = folder, api, state
        self.event: dict[str, Any] = event(SHA)
        self.environment: dict[str, str] = {}
        state.pulls = [pull(7, SHA), pull(8, OTHER)]
        state.artifacts = [artifact(1, "report"), artifact(2, "site")]
        state.zips = {1: dumps(DUMP, DUMP), 2: zipped({"index.html": "<body>hi"})}

    def step(self, name: str, **environment: str) -> int:
        """Run one step as the workflow does."""
        (self.folder / "event.json").write_text(json.dumps(self.event))
        return report.main(
            [name],
            {
                "GITHUB_REPOSITORY": REPOSITORY,
                "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
                "GITHUB_API_URL": self.api,
                "GITHUB_TOKEN": TOKEN,
                "GITHUB_SERVER_URL": "https://github.example",
                "GITHUB_OUTPUT": str(self.folder / "output"),
                "PREVIEW_FOLDER": str(self.folder / "preview"),
                **environment,
            },
        )

    @property
    def output(self) -> dict[str, str]:
        """What the next steps of the workflow get."""
        path = self.folder / "output"
        return dict(line.split("=", 1) for line in path.read_text().splitlines()) if path.exists() else {}

    @property
    def comments(self) -> list[str]:
        """Bodies of all comments under all pull requests."""
        return [comment["body"] for comments in self.state.comments.values() for comment in comments]

    @property
    def written(self) -> list[str]:
        """Every request that is no question."""
        return [request for request in self.state.requests if not request.startswith("GET ")]


def artifact(number: int, name: str, **changes: Any) -> dict[str, Any]:
    return {"id": number, "name": name, "expired": False, "size_in_bytes": 1, "workflow_run": {"head_sha": SHA}, **changes}


def dumps(base: dict[str, Any], head: dict[str, Any]) -> bytes:
    return zipped({"base.json": json.dumps(base), "head.json": json.dumps(head)})


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A passed run of pull request 7."""
    state = State()
    with serving(state) as api:
        yield World(tmp_path, api, state)


def test_one_comment_is_posted_and_then_edited(world: World):
    """Ten pushes leave one comment."""
    assert world.step("comment") == 0
    assert world.step("comment", PREVIEW_URL="https://pr-7.guide.example") == 0
    assert world.written == ["POST issues/7/comments", "PATCH issues/comments/9000"]
    (text,) = world.comments
    assert text.startswith(report.MARKER)
    assert "no computed value changes" in text
    assert "<https://pr-7.guide.example>" in text


def test_resolve_hands_over_numbers_and_hashes_only(world: World):
    """What reaches an expression of the workflow cannot be chosen by a stranger."""
    assert world.step("resolve") == 0
    assert world.output == {"number": "7", "passed": "true", "commit": SHA}


def test_a_pull_request_of_this_repository_itself(world: World):
    """Head and base in one repository."""
    world.state.pulls = [pull(9, SHA, head={"sha": SHA, "ref": "x", "repo": {"full_name": REPOSITORY}})]
    world.event = event(SHA, head_repository={"full_name": REPOSITORY})
    assert world.step("resolve") == 0
    assert world.output["number"] == "9"


def test_the_pull_request_is_found_among_many(world: World):
    """The list comes in pages of a hundred."""
    world.state.pulls = [pull(1000 + n, OTHER) for n in range(250)] + [pull(7, SHA)]
    assert world.step("resolve") == 0
    assert world.output["number"] == "7"


NOT_MEANT: dict[str, tuple[dict[str, Any], str]] = {
    "stale head": (pull(7, OTHER), "out of date"),
    "closed": (pull(7, SHA, state="closed"), "out of date"),
    "another repository's": (pull(7, SHA, base={"ref": "main", "repo": {"full_name": "other/guide"}}), "out of date"),
    "the same commit in another fork": (pull(7, SHA, head={"sha": SHA, "ref": "x", "repo": {"full_name": "third/guide"}}), "out of date"),
    "fork was deleted": (pull(7, SHA, head={"sha": SHA, "ref": "x", "repo": None}), "out of date"),
}


@pytest.mark.parametrize("case", NOT_MEANT)
@pytest.mark.parametrize("step", ["resolve", "preview", "comment"])
def test_a_run_of_no_open_pull_request_writes_nothing(world: World, case: str, step: str, capsys: pytest.CaptureFixture[str]):
    """Zero matches: nothing is written, deployed or handed over, and that is no failure."""
    made, why = NOT_MEANT[case]
    world.state.pulls = [made]
    assert world.step(step) == 0
    assert why in capsys.readouterr().out
    assert (world.written, world.output, (world.folder / "preview").exists()) == ([], {}, False)


@pytest.mark.parametrize("step", ["resolve", "preview", "comment"])
def test_two_pull_requests_of_one_commit_get_nothing(world: World, step: str, capsys: pytest.CaptureFixture[str]):
    """Which one is meant cannot be told."""
    world.state.pulls = [pull(7, SHA), pull(8, SHA)]
    assert world.step(step) == 0
    assert "2 open pull requests" in capsys.readouterr().out
    assert (world.written, world.output) == ([], {})


@pytest.mark.parametrize("forged", ["event's list", "file in the report", "key of a dump", "head's name"])
def test_a_forged_number_moves_the_report_nowhere(world: World, forged: str):
    """No number that a stranger can write is asked."""
    if forged == "event's list":
        world.event = event(SHA, pull_requests=[{"number": 8}])
    elif forged == "file in the report":
        world.state.zips[1] = zipped({"base.json": json.dumps(DUMP), "head.json": json.dumps(DUMP), "number": "8"})
    elif forged == "key of a dump":
        world.state.zips[1] = dumps(DUMP, {**DUMP, "number": 8})
    else:
        world.event = event(SHA, head_branch="refs/pull/8/head")
    assert world.step("comment") == 0
    assert world.written == ["POST issues/7/comments"]


def test_the_head_moves_on_while_the_report_is_made(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The older run does not overwrite what the newer one says."""
    ask = report.findings

    def moves(*arguments: Any) -> Findings:
        found = ask(*arguments)
        world.state.pulls = [pull(7, OTHER)]
        return found

    monkeypatch.setattr(report, "findings", moves)
    assert world.step("comment") == 0
    assert world.written == []
    assert "out of date" in capsys.readouterr().out


ODD_EVENTS = {
    "push": event(SHA, event="push"),
    "another workflow": event(SHA, path=".github/workflows/release.yml"),
    "another repository": {**event(SHA), "repository": {"full_name": "other/guide"}},
    "not completed": {**event(SHA), "action": "requested"},
    "no commit": event("HEAD; rm -rf"),
    "a shell in the repository's name": event(SHA, head_repository={"full_name": "a/$(id)"}),
    "no head repository": event(SHA, head_repository=None),
    "no number": event(SHA, id="4242; id"),
    "empty": {},
    "cancelled": event(SHA, "cancelled"),
    "waits for approval": event(SHA, "action_required"),
}


@pytest.mark.parametrize("case", ODD_EVENTS)
def test_an_event_of_another_kind_writes_nothing(world: World, case: str):
    """Another trigger, a newer run that took over, or a field that is not what GitHub sends."""
    world.event = ODD_EVENTS[case]
    assert world.step("comment") == 0
    assert world.step("resolve") == 0
    assert (world.written, world.output) == ([], {})


ODD_REPORTS: dict[str, bytes | None] = {
    "none": None,
    "no zip": b"x",
    "links": zipped({"base.json": "/etc/passwd", "head.json": "/etc/passwd"}, links=("base.json", "head.json")),
    "traversal": zipped({"../base.json": "{}", "head.json": "{}"}),
    "truncated JSON": zipped({"base.json": json.dumps(DUMP), "head.json": json.dumps(DUMP)[:-9]}),
    "another type": zipped({"base.json": json.dumps(DUMP), "head.html": "<script>"}),
    "too many files": zipped({f"{n}.json": "{}" for n in range(50)}),
    "not a number": zipped({"base.json": json.dumps(DUMP), "head.json": '{"schema": 1, "tables": {}, "inputs": {"a": {"b": NaN}}}'}),
    "nested": zipped({"base.json": "[" * 99999, "head.json": "{}"}),
}


@pytest.mark.parametrize("case", ODD_REPORTS)
def test_an_odd_report_is_refused_and_the_rest_still_told(world: World, case: str):
    """The comment comes without the numbers, and says why in words of ours."""
    raw = ODD_REPORTS[case]
    world.state.zips[1] = raw or b""
    if raw is None:
        world.state.artifacts = [artifact(2, "site")]
    assert world.step("comment") == 0
    (text,) = world.comments
    assert "Not compared · 未比较" in text
    assert "passwd" not in text
    assert "script" not in text
    assert "[site.zip](https://github.example/guide/guide/actions/runs/4242/artifacts/2)" in text


def test_an_expired_or_foreign_artifact_is_not_taken(world: World):
    """Newest of the run's own wins."""
    world.state.artifacts = [
        artifact(1, "report"),
        artifact(5, "report", expired=True),
        artifact(6, "report", workflow_run={"head_sha": OTHER}),
        artifact(7, "report-2"),
    ]
    assert world.step("comment") == 0
    assert "GET actions/artifacts/1/zip" in world.state.requests
    world.state.zips.pop(1)
    assert world.step("comment") == 0
    assert "gone" in world.comments[0]


def test_ten_thousand_changed_cells_fit_into_a_comment(world: World):
    """GitHub refuses more than 65,536 characters."""
    world.state.zips[1] = dumps(*moved(10_000))
    assert world.step("comment") == 0
    (text,) = world.comments
    assert len(text) < report.BODY_LENGTH
    assert "9980 more values" in text


def test_the_longest_of_everything_fits_into_a_comment():
    """Long names, many files, many jobs, many mistakes, at once."""
    long = "w" * 5000
    files = [(f"docs/{language}/{long}{n}.md", "modified") for n in range(3000) for language in ("zh", "en")]
    jobs = [(long, long, n) for n in range(300)]
    mistake = dict.fromkeys(("path", "key", "expected", "got", "fix"), long) | {"line": 1}
    for head in ({"schema": 1, "errors": [mistake] * 5000}, dump_of([row(f"{n}{long}") for n in range(5000)])):
        for conclusion in ("success", "failure"):
            run = Run(1, REPOSITORY, REPOSITORY, SHA, conclusion)
            text = body(Findings(run, "https://github.example", None, jobs, files, (dump_of([row("a")]), head)))
            assert len(text) <= report.BODY_LENGTH


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_no_name_leaves_its_code_span(world: World, hostile: str):
    """File names, job names, table names, keys and values of a stranger: nothing of them is markup, link, mention or command."""
    world.event = event(SHA, "failure")
    world.state.files[7] = [
        {"filename": f"docs/zh/{hostile}.md", "status": "added"},
        {"filename": "macros/formulas/" + hostile, "status": "added"},
    ]
    world.state.jobs = [{"id": 3, "name": hostile, "conclusion": "failure"}]
    head = dump_of([row(hostile, note=hostile)], table=hostile, **{hostile: {hostile: hostile}})
    world.state.zips[1] = dumps(DUMP, head)
    assert world.step("comment") == 0
    (text,) = world.comments
    outside = "".join(text.removeprefix(report.MARKER).split("`")[::2])
    for mark in ("<", "@", "::", "evil", "gpj"):
        assert mark not in outside
    assert set(re.findall(r"\]\((https?://[^/)]+)", outside)) == {"https://github.example"}


def test_markup_in_a_mistake_stays_text(world: World):
    """An error quotes the value that it refuses."""
    world.event = event(SHA, "failure")
    world.state.zips[1] = dumps(DUMP, {"schema": 1, "errors": [{**MISTAKE, "got": "<img src=x onerror=alert(1)>`@all` ![](x)"}]})
    assert world.step("comment") == 0
    assert "got `<img src=x onerror=alert(1)>'@all' ![](x)`" in world.comments[0]


def test_wrong_data_is_told_with_file_and_line_and_the_last_good_preview_stays(world: World):
    """Red: the list of mistakes; what was deployed before remains, and nothing new is."""
    assert world.step("comment", PREVIEW_URL="https://pr-7.guide.example") == 0
    world.state.pulls = [pull(7, OTHER)]
    world.event = event(OTHER, "failure")
    world.state.artifacts = [artifact(number, name, workflow_run={"head_sha": OTHER}) for number, name in ((2, "site"), (3, "report"))]
    world.state.zips[3] = dumps(DUMP, {"schema": 1, "errors": [MISTAKE]})
    world.state.jobs = [{"id": 31, "name": "check", "conclusion": "failure"}, {"id": 32, "name": "gate", "conclusion": "failure"}]
    assert world.step("preview") == 0
    assert not (world.folder / "preview").exists()
    for _ in range(2):  # and the run after that still knows it
        assert world.step("comment", PREVIEW_URL="") == 0
        (text,) = world.comments
        assert "- `data/gpus/a.yaml:7` `tdp_w`: expected `a number`, got `'350W'`. Fix: `write 350`" in text
        assert "<https://pr-7.guide.example> still shows `aaaaaaa`" in text
        assert "`make check`" in text
        assert "[log · 日志](https://github.example/guide/guide/actions/runs/4242/job/31)" in text
        assert "job/32" not in text


def test_changed_pages_are_linked_in_both_languages(world: World):
    """Before and after; a page whose other language was forgotten shows."""
    world.state.files[7] = [
        {"filename": "docs/zh/gpu.md", "status": "modified"},
        {"filename": "docs/en/gpu.md", "status": "modified"},
        {"filename": "docs/en/index.md", "status": "modified"},
        {"filename": "docs/zh/new/index.md", "status": "added"},
        {"filename": "docs/zh/../../x.md", "status": "modified"},
        {"filename": "README.md", "status": "modified"},
        {"filename": "data/gpus/rtx-3090.yaml", "status": "modified"},
        {"filename": "data/memory/ddr4-3600.yaml", "status": "modified"},
    ]
    assert world.step("comment", PREVIEW_URL="https://pr-7.guide.example", SITE_URL="https://guide.example/") == 0
    (text,) = world.comments
    assert (
        "| `gpu` | [before](https://guide.example/gpu/) · [after](https://pr-7.guide.example/gpu/) "
        "| [before](https://guide.example/en/gpu/) · [after](https://pr-7.guide.example/en/gpu/) |" in text
    )
    assert "| `index` | not changed · 未改 | [before](https://guide.example/en/) · [after](https://pr-7.guide.example/en/) |" in text
    assert "| `new/index` | [after](https://pr-7.guide.example/new/) | not changed · 未改 |" in text
    assert "| `devices/rtx-3090` | [before](https://guide.example/devices/rtx-3090/) ·" in text
    assert "ddr4" not in text
    assert "| `../../x` | changed | not changed · 未改 |" in text


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "https://evil.example)[x](y", "http://plain.example", "https://a b", "https://用户.example"]
)
def test_a_preview_address_that_is_none_is_not_shown(world: World, address: str):
    """It comes from the host's tool, but is held to a form all the same."""
    assert world.step("comment", PREVIEW_URL=address) == 0
    assert address not in world.comments[0]
    assert "[site.zip]" in world.comments[0]


def test_a_strangers_copy_of_the_marker_is_left_alone(world: World):
    """Ours by author and first line; a deleted account is nobody."""
    world.state.comments[7] = [
        {"id": 1, "user": {"login": "stranger"}, "body": f"{report.MARKER}\n<!-- preview https://evil.example {SHA} -->"},
        {"id": 2, "user": {"login": BOT}, "body": "another workflow's " + report.MARKER},
        {"id": 3, "user": None, "body": report.MARKER},
        *({"id": 10 + n, "user": {"login": "someone"}, "body": "word"} for n in range(150)),
        {"id": 500, "user": {"login": BOT}, "body": report.MARKER + "\nold"},
    ]
    world.event = event(SHA, "failure")
    assert world.step("comment") == 0
    assert world.written == ["PATCH issues/comments/500"]
    assert "evil" not in world.state.comments[7][-1]["body"]


def test_the_preview_is_what_was_checked(world: World):
    """Host files left out, pages marked with the number and the commit."""
    world.state.zips[2] = zipped({"index.html": "<body>hi", "_worker.js": "x", "wrangler.toml": "x"})
    assert world.step("preview") == 0
    assert world.output == {"ready": "true"}
    names = {path.name for path in (world.folder / "preview").iterdir()}
    assert names == {"index.html", "_headers", "robots.txt"}
    assert "pull request 7, commit aaaaaaa" in (world.folder / "preview/index.html").read_text()


@pytest.mark.parametrize(
    "raw", [zipped({"index.html": "/etc/passwd"}, links=("index.html",)), zipped({"../index.html": "x"}), b"x"], ids=range(3)
)
def test_a_hostile_site_is_not_deployed(world: World, raw: bytes):
    """No `ready`, so the deploying step does not run."""
    world.state.zips[2] = raw
    assert world.step("preview") == 0
    assert world.output == {}


def test_the_token_does_not_follow_to_storage(world: World):
    """The stand-in's storage refuses a request that carries it, as the real one does."""
    assert world.step("comment") == 0
    assert world.state.stored == 1


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://x/y", ""])
def test_a_redirect_to_no_web_address_is_not_followed(world: World, location: str):
    """Only the web."""
    world.state.storage_location = location or "/relative"
    assert world.step("comment") == 1
    assert world.written == []


@pytest.mark.parametrize(
    ("path", "status"), [("pulls", 500), ("issues/7/comments", 403), ("actions/runs/4242/jobs", 404), ("pulls/7/files", 429)], ids=str
)
def test_an_api_that_refuses_is_one_line(world: World, path: str, status: int, capsys: pytest.CaptureFixture[str]):
    """The step fails with the status; no traceback, no token."""
    world.state.broken[path] = status
    assert world.step("comment") == 1
    said = capsys.readouterr()
    assert f"status {status}" in said.out
    assert "Traceback" not in said.out + said.err
    assert TOKEN not in said.out + said.err


def test_a_wrong_token_and_a_dead_server_are_one_line(world: World, capsys: pytest.CaptureFixture[str]):
    """401, and no answer at all."""
    assert world.step("resolve", GITHUB_TOKEN="wrong") == 1
    assert world.step("resolve", GITHUB_API_URL="http://127.0.0.1:9") == 1
    assert capsys.readouterr().out.count("::error::GitHub's API") == 2


def test_an_answer_without_end_is_not_read(world: World):
    """Downloads stop at their limit."""
    world.state.zips[1] = bytes(5000)
    api = GitHub(world.api, REPOSITORY, TOKEN)
    assert api.download("actions/artifacts/1/zip", 4999) is None
    assert api.download("actions/artifacts/1/zip", 5000) == bytes(5000)
    with pytest.raises(ApiError):
        api.get("nowhere")


def test_nothing_that_a_stranger_wrote_reaches_the_log(world: World, capsys: pytest.CaptureFixture[str]):
    """Workflow commands are read from the log of the job that holds the token."""
    command = "\n::add-mask::x\n::stop-commands::x\n##[error]boom"
    world.state.files[7] = [{"filename": command, "status": "added"}]
    world.state.jobs = [{"id": 3, "name": command, "conclusion": "failure"}]
    world.state.zips[1] = dumps(DUMP, dump_of([row(command)], table=command))
    world.state.zips[2] = zipped({"index.html": "x", "::add-mask::y.exe": "x"})
    assert [world.step(step) for step in ("resolve", "preview", "comment")] == [0, 0, 0]
    assert "add-mask" not in capsys.readouterr().out
    assert not any(line.startswith(("::", "##[")) for line in world.comments[0].splitlines())


def test_the_last_preview_is_read_from_a_line_of_our_own():
    """Anything else in that place is none."""
    good = f"x\n<!-- preview https://a.example/b {SHA} -->\ny"
    assert report.last_preview({"body": good}) == Preview("https://a.example/b", SHA)
    for bad in (None, {"body": None}, {"body": good.replace("https", "javascript")}, {"body": good.replace("\n<", "\nx <")}):
        assert report.last_preview(bad) == Preview()


def test_the_reporter_runs_on_the_standard_library_alone():
    """The job that holds the token installs nothing: no package of a registry runs beside the token."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import macros.publish.report as r; print(sorted(r.STEPS))"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "['comment', 'preview', 'resolve']", done.stderr


def test_the_rehearsal_has_its_example():
    """`make rehearse` changes one key of one record."""
    from tests.publish import rehearse

    assert f"\n{rehearse.KEY}: " in (ROOT / rehearse.RECORD).read_text("utf-8")


FORGING = [
    ".github/workflows/ci.yml", "Makefile", "macros/__main__.py", "macros/publish/dump.py", "macros/publish/revisions.py",
    "macros/calibrate/fit.py", "macros/render/tables.py", "tests/conftest.py", ".ci/run", "requirements.txt", "requirements-test.txt",
    "pyproject.toml", "mkdocs.yml", "mkdocs.en.yml", "docs/theme/main.html", "docs/theme/js/site.js", ".readthedocs.yaml",
    ".pre-commit-config.yaml", "conftest.py", "sitecustomize.py", "GNUmakefile", "makefile", ".venv/site.ok", ".gitmodules", "zizmor.yml",
    "docs/en/.gitattributes", "data/gpus/.yaml", "tests/mutants.md", "package.json", "data/a.svg", "vendor",
]  # fmt: skip
"""Files through which a pull request can change what checks and this report say."""


@pytest.mark.parametrize("path", FORGING)
def test_a_file_that_can_forge_the_report_is_named_in_bold(world: World, path: str):
    """Above everything else, with a word on what it means."""
    world.state.files = {7: [{"filename": path, "status": "modified"}, {"filename": "data/gpus/a.yaml", "status": "modified"}]}
    world.step("comment")
    (text,) = world.comments
    assert f"- **`{path}`**" in text
    assert "neither “passed” nor a figure below proves anything" in text
    assert text.index("Read these files first") < text.index("Computed tables")


@pytest.mark.parametrize("end", ["docs/en/gate.md", "data/gpus/gate.yaml"])
def test_what_moved_away_is_named_where_it_stood(world: World, end: str):
    """A workflow or a test that now lies among pages or records runs no more."""
    moved_away = {"filename": end, "previous_filename": ".github/workflows/gate.yml", "status": "renamed"}
    world.state.files = {7: [moved_away]}
    world.step("comment")
    assert "- **`.github/workflows/gate.yml`**" in world.comments[0]


@pytest.mark.parametrize(
    ("name", "span"), [("a\nb/x.py", "a b/x.py"), ("data/gpus/x.yaml\n", "data/gpus/x.yaml"), ("docs/en/x.md\n", "docs/en/x.md")]
)
def test_the_end_of_a_line_in_a_name_hides_no_file(world: World, name: str, span: str):
    """Git carries such names."""
    world.state.files = {7: [{"filename": name, "status": "added"}]}
    world.step("comment")
    assert re.search(rf"- \*\*`{name[:1]}", world.comments[0])


def test_more_files_than_are_listed_are_told(world: World):
    """What is not listed may be anything."""
    for number, told in ((report.MOST_LISTED - 1, False), (report.MOST_LISTED, True)):
        world.state.files = {7: [{"filename": f"data/gpus/x{of}.yaml", "status": "added"} for of in range(number)]}
        world.step("comment")
        assert ("More may have changed: 3000 files" in world.comments[0]) == told


def test_any_file_beside_facts_and_prose_is_named(world: World):
    """Without bold where it steers nothing; facts and prose are not named there."""
    names = ["README.md", "LICENSE", "data/gpus/a.yaml", "docs/en/gpu.md"]
    world.state.files = {7: [{"filename": name, "status": "modified"} for name in names]}
    world.step("comment")
    (text,) = world.comments
    assert "- `README.md`" in text
    assert "- `LICENSE`" in text
    assert "proves anything" not in text
    assert "- `data/gpus/a.yaml`" not in text


def test_the_values_before_are_those_of_mains_own_run(world: World):
    """A pull request whose own run says that nothing changed is compared with what main computed."""
    main = "c" * 40
    true, forged = moved(3)
    world.state.main_runs = [
        {"id": 50, "event": "push", "head_branch": "main", "head_sha": main, "head_repository": {"full_name": REPOSITORY}}
    ]
    world.state.artifacts.append(artifact(3, "report", workflow_run={"head_sha": main}))
    world.state.zips |= {1: dumps(forged, forged), 3: dumps(true, true)}
    world.step("comment")
    (text,) = world.comments
    assert "no computed value changes" not in text
    assert "main's own run at `ccccccc`" in text


@pytest.mark.parametrize(
    "change",
    [
        {"event": "pull_request"},
        {"head_branch": "other"},
        {"head_repository": {"full_name": "stranger/guide"}},
        {"head_sha": "x"},
        {"id": "50"},
    ],
    ids=["event", "branch", "repository", "commit", "id"],
)
def test_another_run_is_not_taken_for_mains(world: World, change: dict[str, Any]):
    """A stranger's branch may be called main, too."""
    run = {"id": 50, "event": "push", "head_branch": "main", "head_sha": "c" * 40, "head_repository": {"full_name": REPOSITORY}}
    world.state.main_runs = [run | change]
    world.state.artifacts.append(artifact(3, "report", workflow_run={"head_sha": "c" * 40}))
    world.state.zips[3] = dumps(*moved(3))
    world.step("comment")
    (text,) = world.comments
    assert "come out of this pull request's own run as well" in text


@pytest.mark.parametrize(
    "rules",
    [None, [], [{"type": "wait_timer"}], [{"type": "required_reviewers", "reviewers": []}]],
    ids=["none", "no rule", "timer", "nobody"],
)
def test_nothing_is_deployed_without_a_reviewer(world: World, rules: Any, capsys: pytest.CaptureFixture[str]):
    """A preview shows a stranger's scripts under the project's name."""
    world.state.environments = {} if rules is None else {"preview": {"protection_rules": rules}}
    assert world.step("preview", REVIEWED_ENVIRONMENT="preview") == 0
    assert "no required reviewer" in capsys.readouterr().out
    assert "ready" not in world.output


def test_with_a_reviewer_the_preview_is_made(world: World):
    """A person has agreed before the job began."""
    world.state.environments = {"preview": {"protection_rules": [{"type": "required_reviewers", "reviewers": [{"type": "Team"}]}]}}
    assert world.step("preview", REVIEWED_ENVIRONMENT="preview") == 0
    assert world.output["ready"] == "true"


def test_the_address_comes_from_the_deploying_tool(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """And is one of its host, without a path or a query."""
    told, output = tmp_path / "deployed.jsonl", tmp_path / "output"
    environment = {"DEPLOYED": str(told), "GITHUB_OUTPUT": str(output)}
    told.write_text('{"type": "session"}\nno json\n{"url": "https://1.p.example", "alias": "https://pr-7.p.example"}\n')
    assert deployed.main(environment) == 0
    assert output.read_text() == "url=https://pr-7.p.example\n"
    told.write_text('{"alias": "https://evil.example/?x=](y)"}\n')
    assert deployed.main(environment) == 1
    assert "named no address" in capsys.readouterr().out
