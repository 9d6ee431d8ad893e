"""Processes that do a part of a command's work, and end when it does, whatever ends it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import InvalidStateError, ProcessPoolExecutor
from multiprocessing.connection import wait

MOMENT = 3.0
"""Seconds in which whoever is told to end may tidy up."""


@contextlib.contextmanager
def beside(number: int, *, fresh: bool = False) -> Iterator[ProcessPoolExecutor]:
    """Processes beside this one, for as long as the block runs; none of them outlives it, or this process.

    Args:
        number: of processes
        fresh: they begin with nothing; otherwise each is a copy of this one, with all that it has computed

    Yields:
        What takes their work.
    """
    warnings.filterwarnings("ignore", "This process .* is multi-threaded, use of fork", DeprecationWarning)
    threading.excepthook = _unless_called_off
    pool = ProcessPoolExecutor(
        number, mp_context=multiprocessing.get_context("spawn" if fresh else "fork"), initializer=_end_with_the_parent
    )
    try:
        yield pool
    except BaseException:  # an interrupt too: whoever stops a build does not wait for the rest of it
        groups = [process.pid for process in multiprocessing.active_children() if process.pid]
        for process in multiprocessing.active_children():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid or 0, signal.SIGTERM)  # and what it started itself
            process.terminate()  # it may not have its group yet
        pool.shutdown(cancel_futures=True)
        _gone(groups)
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _gone(groups: Sequence[int]) -> None:
    """Wait until no process of these groups is at work; who has not ended after MOMENT is ended."""
    until = time.monotonic() + MOMENT
    for group in groups:
        with contextlib.suppress(OSError):
            while time.monotonic() < until:
                os.killpg(group, 0)
                time.sleep(0.01)
            os.killpg(group, signal.SIGKILL)


def _end_with_the_parent() -> None:
    """Only the parent, whom a terminal interrupts, says that this process ends; a parent that is gone says so too."""
    os.setpgid(0, 0)
    for interrupt in (signal.SIGINT, signal.SIGTERM):
        signal.signal(interrupt, signal.SIG_DFL)
    threading.Thread(target=_until_the_parent_is_gone, daemon=True).start()


def _until_the_parent_is_gone() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os.killpg(0, signal.SIGKILL)


def _unless_called_off(thread: threading.ExceptHookArgs) -> None:
    """Work that an interrupt called off while its process was dying has nothing to tell."""
    if not issubclass(thread.exc_type, InvalidStateError):
        threading.__excepthook__(thread)
