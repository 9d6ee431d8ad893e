"""What is written aside: a file that is then put in its place whole, a folder to work in.

What a killed program left of either, the next clears.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path


def put(path: Path, content: bytes) -> None:
    """Write a file of a cache: whole or not at all, and not where nothing can be written.

    Of two programs that write it at once the one that began later does: the other finds its own gone.
    """
    import tempfile

    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{path.name}.new-*"):
            left.unlink(missing_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.new-", delete=False) as aside:
            try:
                aside.write(content)
                aside.close()
                os.replace(aside.name, path)
            except BaseException:  # a full disk, an interrupt
                Path(aside.name).unlink(missing_ok=True)
                raise


@contextlib.contextmanager
def folder(under: Path) -> Iterator[Path]:
    """An empty folder that is gone after the block, whatever ends it: after an end without a word, when the next one is asked for.

    Args:
        under: where such folders stand; it holds nothing else

    Yields:
        One that no other program has: each keeps a lock on its own, which goes with the program.
    """
    import tempfile

    under.mkdir(parents=True, exist_ok=True)
    for left in under.iterdir():
        with _held(left) as mine:
            if mine:
                shutil.rmtree(left, ignore_errors=True)
    while True:
        own = Path(tempfile.mkdtemp(dir=under))
        with _held(own) as mine:
            if not mine:  # one that clears was there between the two lines
                continue
            try:
                yield own
            finally:
                shutil.rmtree(own, ignore_errors=True)
            return


@contextlib.contextmanager
def _held(path: Path) -> Iterator[bool]:
    """Whether a folder is there and nobody else's, while the block runs."""
    import fcntl

    try:
        opened = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        yield False
        return
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            mine = os.fstat(opened).st_ino == os.stat(path).st_ino
        except OSError:
            mine = False
        yield mine
    finally:
        os.close(opened)
