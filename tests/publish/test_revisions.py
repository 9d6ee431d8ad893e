"""Two revisions of a repository, each computed by its own code: small trees that print their own tables."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

import pytest

from macros.publish import diff, revisions
from tests.sessions import outliving, running

PROGRAM = """
    import json, pathlib
    from macros.formulas.factor import FACTOR
    price = json.loads(pathlib.Path("data.json").read_text())
    rows = [{"card": card, "watts": watts * FACTOR} for card, watts in sorted(price.items())]
    columns = [{"id": name, "unit": None, "digits": None} for name in ("card", "watts")]
    table = {"key": ["card"], "columns": columns, "rows": rows}
    print(json.dumps({"schema": 1, "inputs": {"data.json": price}, "tables": {"power": table}}))
"""


def commit(tree: Path, message: str = "change") -> str:
    revisions.git(tree, "add", "--all")
    revisions.git(tree, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "--message", message)
    return revisions.git(tree, "rev-parse", "HEAD").decode().strip()


def program(tree: Path, factor: str = "1") -> None:
    (tree / "macros" / "formulas").mkdir(parents=True, exist_ok=True)
    (tree / "macros" / "__main__.py").write_text(dedent(PROGRAM))
    (tree / "macros" / "formulas" / "factor.py").write_text(f"FACTOR = {factor}\n")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with one commit on main: two cards and a formula."""
    revisions.git(tmp_path, "init", "--quiet", "--initial-branch=main")
    program(tmp_path)
    (tmp_path / "requirements.txt").write_text("")
    (tmp_path / ".gitignore").write_text("__pycache__/\n")
    (tmp_path / "data.json").write_text(json.dumps({"a": 100, "b": 200}))
    commit(tmp_path)
    return tmp_path


def report(tree: Path, base: str = "main") -> str:
    before, after, code = revisions.dumps(tree, base)
    return diff.markdown(before, after, code=code)


def test_a_value_changed_in_the_working_tree(tree: Path):
    """What is not committed yet counts as well: that is what its author asks about."""
    (tree / "data.json").write_text(json.dumps({"a": 100, "b": 250}))
    text = report(tree)
    assert "1 value in 1 table" in text
    assert "| `power` | `b` | `watts` | 200 | 250 | +25 % ⚠️ |" in text
    assert "- `data.json`: `b` 200 → 250" in text


def test_a_formula_changed(tree: Path):
    """Base is computed by base's code, head by head's, so a formula shows although no data changed."""
    revisions.git(tree, "switch", "--quiet", "--create", "work")
    program(tree, "1.5")
    commit(tree)
    text = report(tree)
    assert "2 values in 1 table" in text
    assert "- code: `macros/formulas/factor.py`" in text


def test_what_others_landed_since_is_no_change_of_ours(tree: Path):
    """The merge base is compared, not the tip of main."""
    revisions.git(tree, "switch", "--quiet", "--create", "work")
    revisions.git(tree, "switch", "--quiet", "main")
    (tree / "data.json").write_text(json.dumps({"a": 7, "b": 200}))
    commit(tree)
    revisions.git(tree, "switch", "--quiet", "work")
    assert "no computed value changes" in report(tree)


def test_a_base_that_cannot_be_built(tree: Path):
    """It says so, with the last line of its error, and the working tree is computed nonetheless."""
    (tree / "macros" / "__main__.py").write_text("raise RuntimeError('from before there were tables')")
    commit(tree)
    program(tree)
    text = report(tree)
    assert "the base could not be computed" in text
    assert "RuntimeError: from before there were tables" in text
    assert "This revision computes: 1 table." in text


@pytest.mark.parametrize("base", ["no-such-branch", "--output=x", ""])
def test_a_base_that_is_none(tree: Path, base: str):
    """A slip in the name is no traceback."""
    text = report(tree, base)
    assert "is no revision of this repository" in text
    assert not (tree / "x").exists()


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("print('[]')", "does not have the form"),
        ("print('{}')", "does not have the form"),
        ("print('no json')", "ended with code 0 and no tables"),
        ("", "ended with code 0 and no tables"),
        ("import sys; sys.exit('a plain word')", "a plain word"),
    ],
)
def test_a_tree_that_prints_something_else(tree: Path, printed: str, said: str):
    """A base older than the form of today's dump."""
    (tree / "macros" / "__main__.py").write_text(printed)
    commit(tree)
    program(tree)
    assert said in report(tree)


def test_the_environment_is_shared_when_the_lock_is_the_same(tree: Path, monkeypatch: pytest.MonkeyPatch):
    """Another lock gets an environment of its own, made by that tree's own Makefile and kept for the next time."""
    here = Path(revisions.sys.executable)
    assert revisions.interpreter(tree, tree) == here
    other = tree / "other"
    other.mkdir()
    (other / "requirements.txt").write_text("# another\n")
    (other / "Makefile").write_text(
        ".venv/site.ok:\n\tmkdir .venv/bin\n\tln -s $$(command -v python3) .venv/bin/python\n\techo made >> ../made\n\ttouch $@\n"
    )
    first = revisions.interpreter(tree, other)
    assert first != here
    assert revisions.interpreter(tree, other) == first
    assert (tree / "made").read_text() == "made\n"
    (other / "requirements.txt").write_text("# broken\n")
    (other / "Makefile").write_text(".venv/site.ok:\n\techo no such package >&2; exit 1\n")
    (other / ".venv").unlink()
    with pytest.raises(subprocess.CalledProcessError):
        revisions.interpreter(tree, other)


def test_the_notes_of_a_release_compare_with_the_tag_before(tree: Path):
    """The newest tag that is older than the commit; the first release says that it is one."""
    revisions.git(tree, "tag", "v1.0")
    assert revisions.notes(tree) == "The first release.\n"
    (tree / "data.json").write_text(json.dumps({"a": 100, "b": 250}))
    commit(tree)
    revisions.git(tree, "tag", "v1.1")
    assert revisions.notes(tree).startswith("Since v1.0:\n\n### Computed tables: 1 value in 1 table")


def test_a_commit_without_a_file_is_told(tmp_path):
    """An archive of an empty tree is no archive that can be opened."""
    for command in (["init", "--quiet"], ["-c", "user.name=a", "-c", "user.email=a@a", "commit", "--quiet", "--allow-empty", "-m", "none"]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    assert "no file" in str(revisions.dump_of_commit(tmp_path, "HEAD", tmp_path / "base"))


@pytest.mark.parametrize(("folders", "lacks"), [(["docs"], "macros"), (["macros"], "data")])
def test_a_commit_without_records_or_code_is_told(tmp_path, folders, lacks):
    """Not by the last line of a traceback."""
    for folder in folders:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__main__.py").write_text("open('data')\n")
    for command in (["init", "--quiet"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@a", "commit", "--quiet", "-m", "none"]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    assert f"holds no {lacks}" in str(revisions.dump_of_commit(tmp_path, "HEAD", tmp_path / "base"))


@pytest.mark.parametrize("target", ["/etc", "../../x", "/dev/zero"])
def test_a_base_with_a_link_out_of_it_is_told(tree: Path, target: str):
    """Nothing is laid out through it, and the working tree is computed nonetheless."""
    (tree / "link").symlink_to(target)
    commit(tree)
    (tree / "link").unlink()
    text = report(tree)
    assert "its tree cannot be laid out" in text
    assert "This revision computes: 1 table." in text


ENDLESS = "import pathlib, time\npathlib.Path('begun').touch()\ntime.sleep(600)\n"


def computing(tree: Path, *, group: bool, number: signal.Signals) -> tuple[str, list[int]]:
    """End a comparison of two trees that compute for ever; what its folder then holds, and which of its processes go on."""
    (tree / "macros" / "__main__.py").write_text(ENDLESS)
    (tree / ".gitignore").write_text("__pycache__/\n.cache/\nbegun\n")
    commit(tree)
    code = f"""
import signal, pathlib
from macros.__main__ import _stop
from macros.publish import revisions
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, _stop)
if __name__ == "__main__":
    revisions.dumps(pathlib.Path({str(tree)!r}), "main")
"""
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as diff:
        try:
            places = (tree / "begun", tree / ".cache" / "revisions")
            until = time.monotonic() + 60
            while not (places[0].exists() and [*places[1].glob("*/begun")]) and time.monotonic() < until:
                time.sleep(0.02)
            assert running(diff.pid)
            (os.killpg if group else os.kill)(diff.pid, number)
            assert diff.wait(timeout=60) != 0
            going_on = outliving(diff.pid)
            return " ".join(path.name for path in places[1].iterdir()), going_on
        finally:
            for process in running(diff.pid):
                os.kill(process, signal.SIGKILL)


@pytest.mark.parametrize("group", [False, True], ids=["alone", "group"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_comparison_that_is_told_to_end_takes_all_with_it(tree: Path, number: signal.Signals, group: bool):
    """No tree computes on, and the base's is gone."""
    assert computing(tree, group=group, number=number) == ("", [])


def test_what_a_killed_comparison_leaves_the_next_clears(tree: Path):
    """Its processes end at once, its folder is cleared when another comparison begins."""
    left, going_on = computing(tree, group=False, number=signal.SIGKILL)
    assert left
    assert not going_on
    program(tree)
    commit(tree)
    assert report(tree)
    assert not [*(tree / ".cache" / "revisions").iterdir()]
