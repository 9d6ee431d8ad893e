"""A build that is killed, run twice or out of room leaves the site before whole, and nothing beside it."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import macros.__main__ as program
from macros import generator
from macros.commands import building
from macros.publish import site
from macros.specs import SpecErrors
from tests.sessions import outliving, running

FILES = 40


def whole(folder: Path) -> str:
    """Which site stands there: all its files are of one build."""
    texts = {path.read_text("utf-8") for path in folder.iterdir()}
    assert len(texts) == 1, texts
    assert len(list(folder.iterdir())) == FILES
    return texts.pop()


def build(into: Path, text: str, pause: float = 0.0) -> None:
    """A small build: many files, one after the other, then the swap."""
    with site.workshop(into) as aside:
        new = aside / "site"
        new.mkdir()
        for number in range(FILES):
            (new / f"{number}.html").write_text(text, "utf-8")
            time.sleep(pause)
        site.swap(new, into)


def started(into: Path, text: str, pause: float) -> int:
    """The same in a process of its own; its id."""
    # Until the child is where it catches the signal, it waits: what came earlier would climb through the tests' own code.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    child = os.fork()
    if child == 0:
        try:
            signal.signal(signal.SIGTERM, program._stop)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
            build(into, text, pause)
        except KeyboardInterrupt:
            os._exit(130)
        except BaseException:
            os._exit(1)
        os._exit(0)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    return child


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["kill", "term"])
def test_killed_at_fifty_points(tmp_path, number):
    """The site before stands, whole, or the new one; the next build finds its way, and nothing is left."""
    into = tmp_path / "site"
    build(into, "0")
    pause = 0.0005
    for point in range(50):
        child = started(into, str(point + 1), pause)
        time.sleep(point * FILES * pause * 1.6 / 50)
        os.kill(child, number)
        os.waitpid(child, 0)
        if not into.exists():  # between the two renames of the swap: the next build puts it back
            with pytest.raises(SpecErrors), site.workshop(into):
                raise SpecErrors([])
        assert whole(into) in map(str, range(point + 2))
        if number == signal.SIGTERM:
            assert [path.name for path in tmp_path.iterdir()] == ["site"], point
    build(into, "last")
    assert whole(into) == "last"
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_a_site_taken_away_is_put_back(tmp_path):
    """Killed between the two renames: the old site lies in the workshop, and the next build brings it back before it begins."""
    into = tmp_path / "site"
    build(into, "old")
    aside = tmp_path / ".site-building"
    aside.mkdir()
    into.rename(aside / "before")
    with pytest.raises(RuntimeError), site.workshop(into):
        raise RuntimeError
    assert whole(into) == "old"


def test_a_second_build_is_told_to_wait(tmp_path):
    """And takes nothing from the first."""
    into = tmp_path / "site"
    with site.workshop(into) as aside:
        (aside / "site").mkdir()
        with pytest.raises(SpecErrors) as found, site.workshop(into):
            pass
        assert "expected one build of a folder at a time, got another one at work. Fix: wait for it" in str(found.value)
        assert (aside / "site").exists()
    build(into, "after")
    assert whole(into) == "after"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EFBIG], ids=["full", "read-only", "forbidden", "limit"])
def test_no_room_is_told_and_leaves_nothing(tmp_path, monkeypatch, capsys, number):
    """A full disk, a folder that takes nothing: a line with the file, exit code 1, the site before as it was."""
    into = tmp_path / "site"
    build(into, "old")

    def full(*arguments: object) -> None:
        (tmp_path / ".site-building" / "half.html").write_text("half", "utf-8")
        raise OSError(number, os.strerror(number), "copied.html", None, "half.html")

    def command(arguments: object, root: Path) -> int:
        """Build."""
        with site.workshop(into):
            full()
        return 0

    monkeypatch.setattr(building, "site", command)
    monkeypatch.setattr(program, "_unheard", lambda: 1)
    assert program.main(["site"]) == 1
    assert f"half.html: expected room and leave to write, got: {os.strerror(number)}. Fix: make room" in capsys.readouterr().err
    assert whole(into) == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


COPIES = """
import time
from macros.publish.beside import beside
with beside(2) as pool:
    print("at work", flush=True)
    list(pool.map(time.sleep, [600] * 4))
"""


@pytest.mark.parametrize(
    ("number", "group"), [(signal.SIGINT, True), (signal.SIGTERM, False), (signal.SIGKILL, False)], ids=["interrupt", "term", "kill"]
)
def test_whatever_ends_a_build_ends_its_processes(number, group):
    """Ctrl-C in a terminal, a polite word and none: no process stays, at work or waiting for it."""
    # A run of the tests in the background has interrupts ignored, and children inherit that.
    told = f"import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\nsignal.signal(signal.SIGTERM, _stop)\n{COPIES}"
    command = [sys.executable, "-c", f"from macros.__main__ import _stop\n{told}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True) as build:
        assert build.stdout is not None
        assert build.stdout.readline() == b"at work\n"
        time.sleep(0.3)
        (os.killpg if group else os.kill)(build.pid, number)
        try:
            assert build.wait(timeout=30) != 0
            assert not outliving(build.pid)
        finally:
            for process in running(build.pid):
                os.kill(process, signal.SIGKILL)


def test_the_build_works_in_the_workshop():
    """Whatever builds the site does it there."""
    code = (Path(generator.__file__).parent / "build.py").read_text("utf-8")
    assert "with site.workshop(into) as aside:" in code
