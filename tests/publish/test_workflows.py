"""What the workflows may do, read from the workflows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GITHUB = ROOT / ".github"
FILES = sorted((GITHUB / "workflows").glob("*.yml"))
BIN = Path(sys.executable).parent
RUNS_STRANGERS_CODE = {"ci.yml"}
"""Workflows whose jobs run what a pull request brings."""
WRITE_TOKENS = {
    ("pr-report.yml", "comment"): {"pull-requests"},
    ("deploy.yml", "deploy"): {"pages", "id-token"},
    ("release.yml", "publish"): {"contents"},
    ("links.yml", "tell"): {"issues"},
    ("watch.yml", "tell"): {"issues"},
    ("release.yml", "attest"): {"id-token", "attestations"},
}
"""Each job that may write, and what; every other job can only read."""


def read(path: Path) -> dict[str, Any]:
    """A workflow; YAML 1.1 reads the key `on` as true."""
    found = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
    found["on"] = found.pop(True)
    return found


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(file, job's id, job) of all."""
    for path in FILES:
        for name, job in read(path)["jobs"].items():
            yield path.name, name, job


JOBS = list(jobs())
IDS = [f"{file}:{name}" for file, name, _ in JOBS]


def test_the_workflows_are_those_that_are_told_of():
    """Each has its reason in its first lines."""
    assert [path.name for path in FILES] == [
        "ci.yml", "deploy.yml", "links.yml", "pr-report.yml", "previews.yml", "release.yml", "watch.yml"
    ]  # fmt: skip
    assert all(path.read_text("utf-8").startswith("# ") for path in FILES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_workflow_starts_without_permissions(path: Path):
    """And never on `pull_request_target`, which gives a token and secrets to a stranger's branch."""
    found = read(path)
    assert found["permissions"] == {}
    assert "pull_request_target" not in found["on"]
    assert found["concurrency"]["group"]
    assert "allow-unsafe" not in path.read_text("utf-8")  # the unsafe inputs of actions/checkout


@pytest.mark.parametrize(("file", "name", "job"), JOBS, ids=IDS)
def test_a_job_states_its_permissions_and_its_patience(file: str, name: str, job: dict[str, Any]):
    """Writing only where it is listed above; a runner of a fixed version."""
    granted = job["permissions"]
    assert {scope for scope, level in granted.items() if level != "read"} == WRITE_TOKENS.get((file, name), set())
    assert 1 <= job["timeout-minutes"] <= 60
    assert job["runs-on"] == "ubuntu-24.04"


@pytest.mark.parametrize(("file", "name", "job"), JOBS, ids=IDS)
def test_every_action_is_pinned_by_hash(file: str, name: str, job: dict[str, Any]):
    """A tag can be moved; the version stands beside the hash for people."""
    text = (GITHUB / "workflows" / file).read_text("utf-8")
    for step in job["steps"]:
        if "uses" in step:
            assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", step["uses"]), step["uses"]
            assert re.search(re.escape(step["uses"]) + r" # v\d+\.\d+\.\d+\n", text), step["uses"]


def test_one_action_has_one_hash():
    """Updated together or not at all."""
    used = {step["uses"] for _, _, job in JOBS for step in job["steps"] if "uses" in step}
    assert len(used) == len({action.partition("@")[0] for action in used})


@pytest.mark.parametrize(("file", "name", "job"), JOBS, ids=IDS)
def test_no_checkout_keeps_credentials(file: str, name: str, job: dict[str, Any]):
    """Nor takes another ref than the event's own: in pr-report.yml that is main."""
    for step in job["steps"]:
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
            assert set(step["with"]) <= {"persist-credentials", "fetch-depth"}


UNTRUSTED = [job for job in JOBS if job[0] in RUNS_STRANGERS_CODE]


@pytest.mark.parametrize(("file", "name", "job"), UNTRUSTED, ids=[name for _, name, _ in UNTRUSTED])
def test_no_secret_where_a_strangers_code_runs(file: str, name: str, job: dict[str, Any]):
    """No secret, no token, no environment, no cache that a later run would trust."""
    text = yaml.dump(job)
    for word in ("secrets", "github.token", "GITHUB_TOKEN", "actions/cache", "cache:"):
        assert word not in text
    assert "environment" not in job
    assert set(job["permissions"]) <= {"contents"}


def test_the_reporter_never_touches_the_pull_requests_code():
    """It runs on the end of CI, checks out main, and runs nothing but its own module."""
    found = read(GITHUB / "workflows" / "pr-report.yml")
    assert found["on"] == {"workflow_run": {"workflows": [read(GITHUB / "workflows" / "ci.yml")["name"]], "types": ["completed"]}}
    commands = [step["run"] for job in found["jobs"].values() for step in job["steps"] if "run" in step]
    report = "python3 -m macros.publish.report"
    deploy = [command for command in commands if "wrangler" in command]
    assert [command for command in commands if command not in deploy] == [
        f"{report} resolve", "npm ci --ignore-scripts --no-audit --no-fund --prefix .github/deploy", f"{report} preview", "mkdir empty",
        "python3 -m macros.publish.deployed", f"{report} comment",
    ]  # fmt: skip
    assert len(deploy) == 1
    assert "actions/download-artifact" not in yaml.dump(found)


def test_the_hosts_token_and_the_commenting_token_never_meet():
    """A secret is seen in one job, and that job cannot write to the repository."""
    for file, name, job in JOBS:
        if "secrets." in yaml.dump(job):
            assert (file, name) in {("pr-report.yml", "preview"), ("previews.yml", "sweep")}
            assert set(job["permissions"].values()) == {"read"}
            assert job["environment"] == "preview" or job["environment"]["name"] == "preview"


@pytest.mark.parametrize(("file", "name", "job"), JOBS, ids=IDS)
def test_logic_lives_in_tested_code(file: str, name: str, job: dict[str, Any]):
    """A step is a call of the Makefile or of a module, or a line or two of shell without any expression in it."""
    for step in job["steps"]:
        command = step.get("run", "")
        assert "${{" not in command
        assert len(command.strip().splitlines()) <= 2


def test_the_gate_waits_for_every_other_job():
    """And runs even when one of them failed, or it would be skipped into passing."""
    found = read(GITHUB / "workflows" / "ci.yml")["jobs"]
    gate = found.pop("gate")
    assert sorted(gate["needs"]) == sorted(found)
    assert gate["if"] == "${{ always() }}"
    (step,) = gate["steps"]
    good = ["success"] * len(found)
    for results in (good, [*good[1:], "failure"], [*good[1:], "skipped"], [*good[1:], "cancelled"], []):
        done = subprocess.run(["bash", "-ec", step["run"]], env={"RESULTS": " ".join(results)}, check=False)
        assert (done.returncode == 0) is (results == good)


def test_every_make_target_that_a_workflow_calls_exists():
    """Thin over the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    called = {
        word
        for _, _, job in JOBS
        for step in job["steps"]
        for line in step.get("run", "").splitlines()
        if line.startswith("make ")
        for word in line.partition(">")[0].split()[1:]
        if re.fullmatch(r"[a-z]+", word)
    }
    assert called >= {"check", "test", "site", "diff"}
    assert called <= targets, called - targets


def said_by(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def zizmor(*paths: Path) -> subprocess.CompletedProcess[str]:
    return said_by(BIN / "zizmor", "--offline", "--persona", "auditor", "--quiet", "--no-config", *paths)


def test_zizmor_finds_nothing_but_what_the_design_needs():
    """Its strictest persona; what is ignored is ignored in the file, with its reason: the trigger after CI, and nothing else."""
    done = zizmor(GITHUB)
    assert done.returncode == 0, done.stdout
    lines = [line for path in GITHUB.rglob("*.yml") for line in path.read_text("utf-8").splitlines()]
    ignored = [line.partition("zizmor: ignore")[2] for line in lines if "zizmor: ignore" in line]
    assert [reason.partition("]")[0] for reason in ignored] == ["[dangerous-triggers"]
    assert all(len(reason.partition("]")[2].split()) > 5 for reason in ignored)


def test_zizmor_would_find_something(tmp_path: Path):
    """The check can fail."""
    path = tmp_path / ".github/workflows/ci.yml"
    path.parent.mkdir(parents=True)
    path.write_text((GITHUB / "workflows" / "ci.yml").read_text("utf-8").replace("  pull_request:", "  pull_request_target:"))
    assert zizmor(path).returncode != 0


@pytest.mark.parametrize(
    ("schema", "pattern"),
    [
        ("github-workflows", "workflows/*.yml"),
        ("dependabot", "dependabot.yml"),
        ("github-issue-forms", "ISSUE_TEMPLATE/[a-z]*-*.yml"),
        ("github-issue-config", "ISSUE_TEMPLATE/config.yml"),
        ("readthedocs", "../.readthedocs.yaml"),
    ],
)
def test_each_file_follows_its_schema(schema: str, pattern: str):
    """As GitHub and Read the Docs publish them."""
    paths = sorted(GITHUB.glob(pattern))
    assert paths
    done = said_by(BIN / "check-jsonschema", "--builtin-schema", f"vendor.{schema}", *paths)
    assert done.returncode == 0, done.stdout + done.stderr


def test_python_that_runs_with_a_token_needs_no_package():
    """Those jobs install nothing."""
    words = [word for _, _, job in JOBS for step in job["steps"] for word in step.get("run", "").split()]
    modules = {word for word in words if word.startswith("macros.publish.")}
    assert modules == {
        "macros.publish.report",
        "macros.publish.smoke",
        "macros.publish.links",
        "macros.publish.previews",
        "macros.publish.deployed",
    }
    for module in modules:
        code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {module}"
        done = said_by(sys.executable, "-I", "-S", "-c", code)
        assert done.returncode == 0, f"{module} imports more than the standard library:\n{done.stderr}"


def test_every_path_has_an_owner_from_one_name():
    """Each pattern leads somewhere, what runs with a token is among them, and one name stands for the owner that is not settled yet."""
    lines = [line.split() for line in (GITHUB / "CODEOWNERS").read_text("utf-8").splitlines() if line and not line.startswith("#")]
    assert {"/.github/", "/macros/", "/requirements*", "/Makefile"} <= {pattern for pattern, *_ in lines}
    for pattern, *owners in lines:
        assert list(ROOT.glob(pattern.strip("/"))), pattern
        assert all(re.fullmatch(r"@[\w-]+/[\w-]+", owner) for owner in owners)
    assert len({owner.partition("/")[0] for _, *owners in lines for owner in owners}) == 1


def test_a_commit_runs_what_ci_runs():
    """The hook calls the Makefile's check and keeps no list of its own."""
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    assert repository["repo"] == "local"
    assert [hook["entry"] for hook in repository["hooks"]] == ["make --silent check"]
    assert "make check" in (GITHUB / "workflows" / "ci.yml").read_text("utf-8")


def test_what_installs_and_deploys_is_locked_and_hashed():
    """The installer of everything, and the tool beside the host's token."""
    lock = (ROOT / "requirements-uv.txt").read_text("utf-8")
    assert re.match(r"uv==[\d.]+ \\\n    --hash=sha256:", lock)
    assert "--require-hashes --requirement requirements-uv.txt" in (ROOT / "Makefile").read_text("utf-8")
    packages = json.loads((GITHUB / "deploy" / "package-lock.json").read_text("utf-8"))["packages"]
    assert {name for name, package in packages.items() if name and "integrity" not in package} == set()
    assert "node_modules/wrangler" in packages
    text = (GITHUB / "workflows" / "pr-report.yml").read_text("utf-8")
    assert text.index("npm ci") < text.index("publish.report preview") < text.index("wrangler pages deploy")
    assert "wrangler-action" not in text


def test_every_path_has_an_owner():
    """A last resort for all, and a line for each file that runs something."""
    lines = [line.split() for line in (GITHUB / "CODEOWNERS").read_text("utf-8").splitlines() if line and not line.startswith("#")]
    assert lines[0] == ["*", "@owner-to-be-named/maintainers"]
    owned = dict(line for line in lines)
    for path in (
        "/docs/theme/",
        "/mkdocs.yml",
        "/mkdocs.en.yml",
        "/.readthedocs.yaml",
        "/.pre-commit-config.yaml",
        "/Makefile",
        "/macros/",
    ):
        assert owned[path] == "@owner-to-be-named/maintainers"
    assert [line[0] for line in lines].index("/docs/zh/") < [line[0] for line in lines].index("/docs/theme/")


def test_a_release_says_where_it_comes_from():
    """Signed in a job of its own that checks out and builds nothing, before anybody can download it."""
    jobs = read(GITHUB / "workflows" / "release.yml")["jobs"]
    assert jobs["publish"]["needs"] == ["build", "attest"]
    assert [step["uses"].partition("@")[0] for step in jobs["attest"]["steps"] if "uses" in step] == [
        "actions/download-artifact", "actions/attest-build-provenance"
    ]  # fmt: skip
    assert "sbom.cdx.json" in yaml.dump(jobs["publish"])
