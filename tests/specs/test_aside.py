"""What is written aside comes to its place whole, and what a killed program left is cleared by the next."""

import ast
import errno
import io
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from macros.specs import aside

ROOT = Path(__file__).resolve().parents[2]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_put_whole_and_alone(tmp_path):
    """With its folder; what stood there before goes."""
    for content in (b"one", b"two, longer"):
        aside.put(tmp_path / "cache" / "x.json", content)
        assert (tmp_path / "cache" / "x.json").read_bytes() == content
    assert names(tmp_path / "cache") == ["x.json"]


@pytest.mark.parametrize("stops", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_a_full_disk_or_an_interrupt_leaves_nothing(tmp_path, monkeypatch, stops):
    """The file before stays; a full disk is no mistake of the reader, who gets the answer nonetheless."""
    aside.put(tmp_path / "x", b"before")

    def stopping(*arguments):
        raise stops

    monkeypatch.setattr(aside.os, "replace", stopping)
    if isinstance(stops, KeyboardInterrupt):
        with pytest.raises(KeyboardInterrupt):
            aside.put(tmp_path / "x", b"after")
    else:
        aside.put(tmp_path / "x", b"after")
    assert names(tmp_path) == ["x"]
    assert (tmp_path / "x").read_bytes() == b"before"


def test_a_disk_that_fills_while_it_is_written_leaves_nothing(tmp_path, monkeypatch):
    """Half of a file stays nowhere."""

    class Full(io.FileIO):
        def write(self, content):
            super().write(content[:2])
            raise OSError(errno.ENOSPC, "full")

    class Named:
        def __init__(self, dir, prefix, delete):
            handle, self.name = tempfile.mkstemp(dir=dir, prefix=prefix)
            self.file = Full(handle, "wb")

        def __enter__(self):
            self.write, self.close = self.file.write, self.file.close
            return self

        def __exit__(self, *of):
            self.file.close()

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", Named)
    aside.put(tmp_path / "x", b"content")
    assert not names(tmp_path)


KILLED = """
import os, signal, sys, pathlib
from macros.specs import aside
place = pathlib.Path(sys.argv[1])
if sys.argv[2] == "file":
    aside.os.replace = lambda *of: os.kill(os.getpid(), signal.SIGKILL)
    aside.put(place / "x", b"half")
else:
    with aside.folder(place) as own:
        (own / "deep").mkdir()
        (own / "deep" / "x").write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_a_killed_program_left_the_next_clears(tmp_path, what):
    """Neither knows the other but by the place."""
    command = [sys.executable, "-c", KILLED, str(tmp_path), what]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    assert names(tmp_path)
    if what == "file":
        aside.put(tmp_path / "x", b"whole")
        assert names(tmp_path) == ["x"]
    else:
        with aside.folder(tmp_path) as own:
            assert names(tmp_path) == [own.name]
            assert not names(own)
        assert not names(tmp_path)


def test_a_folder_in_use_is_left_alone(tmp_path):
    """Two programs at once have one each; an error, too, ends with nothing left."""
    with aside.folder(tmp_path) as first:
        (first / "x").write_text("mine")
        with aside.folder(tmp_path) as second:
            assert second != first
        assert (first / "x").read_text() == "mine"
        assert names(tmp_path) == [first.name]
    with pytest.raises(RuntimeError), aside.folder(tmp_path):
        raise RuntimeError
    assert not names(tmp_path)


CALLS = {"tempfile": ("macros/specs/aside.py",), "Popen": ("macros/render/charts/__init__.py",)}
"""What makes something that outlives a killed program -> where alone it may stand: the artist ends when nobody writes to it any more."""


def test_nothing_else_makes_what_a_killed_program_leaves():
    """Files and folders come from here; a process that computes is started by one of `beside`, which ends with its parent."""
    found = {name: set() for name in CALLS}
    for path in (ROOT / "macros").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            called += [node.module, *(alias.name for alias in node.names)] if isinstance(node, ast.ImportFrom) else []
            called += [node.attr] if isinstance(node, ast.Attribute) else []
            for name in called:
                if name in found:
                    found[name].add(path.relative_to(ROOT).as_posix())
    assert {name: tuple(sorted(paths)) for name, paths in found.items()} == CALLS
