"""The weekly look at locked packages, and the bill of a release."""

import json
import subprocess
from datetime import date
from pathlib import Path

from macros.publish import links, sbom, watch
from tests.publish.stand_in import REPOSITORY, TOKEN, State, serving

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 11, 30)


def answering(audit: str = '{"dependencies": []}', warned: str = "", newest: dict[str, tuple[str, str]] | None = None):
    """A client that answers as the real ones do."""

    def ask(command):
        if "pip-audit" in command:
            return subprocess.CompletedProcess(command, 0, audit, "")
        if "--requirement" in command:
            return subprocess.CompletedProcess(command, 0, "", warned)
        now, then = (newest or {}).get(command[-1], ("2.0", "1.0"))
        return subprocess.CompletedProcess(
            command, 0, "", f"Would install\n + {command[-1]}=={then if '--exclude-newer' in command else now}\n"
        )

    return ask


def test_nothing_to_do():
    """Sound locks."""
    text = watch.look(ROOT, TODAY, answering())
    assert "### " not in text
    assert "Nothing to do" in text


def test_an_advisory_a_yanked_and_an_unkept_package_are_told():
    """Each under its own heading, once."""
    audit = json.dumps({"dependencies": [{"name": "jinja2", "version": "3.1.6", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1.7"]}]}]})
    text = watch.look(
        ROOT, TODAY, answering(audit, 'warning: `lxml==6.0.0` is yanked (reason: "broken")\n', {"mkdocs": ("1.6.1", "1.6.1")})
    )
    assert "### Advised against · 有安全公告 (3)" in text
    assert "`jinja2 3.1.6: PYSEC-1, mended in 3.1.7`" in text
    assert "'lxml==6.0.0' is yanked" in text
    assert "`mkdocs 1.6.1: no release since 2025-05-29`" in text


def test_a_client_that_fails_is_told_and_no_clean_bill():
    """Silence of a database is no good news."""
    text = watch.look(ROOT, TODAY, lambda command: subprocess.CompletedProcess(command, 2, "", "no network"))
    assert "the advisories could not be read: no network" in text


def test_what_pages_are_made_by_is_watched():
    """Named or not in the files of requirements."""
    assert {"jinja2", "mkdocs", "mkdocs-material", "uv", "ruff"} <= watch.direct(ROOT)


def test_one_issue_is_kept_beside_that_of_the_links():
    """Filed, edited, closed; the other list has its own."""
    state = State()
    with serving(state) as api:
        hub = links.GitHub(api, REPOSITORY, TOKEN)
        urgent, calm = f"{watch.MARKER}\n### Yanked\n", f"{watch.MARKER}\nNothing\n"
        assert [links.tell(hub, text, "github-actions[bot]") for text in (calm, urgent, urgent, calm)] == [
            "nothing to tell",
            "filed",
            "edited",
            "closed",
        ]


def test_the_bill_names_every_locked_package_with_its_hashes():
    """And is equal for equal commits."""
    lock = (ROOT / "requirements.txt").read_text("utf-8")
    bill = json.loads(sbom.text(lock, "1.2.3", 1_700_000_000))
    assert {part["name"]: part["version"] for part in bill["components"]} == watch.locked(lock)
    assert sum(len(part["properties"]) for part in bill["components"]) == lock.count("--hash=sha256:")
    assert bill["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"
    assert len({part["bom-ref"] for part in bill["components"]}) == len(bill["components"])
