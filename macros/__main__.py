"""The command line: `python -m macros <command>`. Each command imports what it needs, so that a question is answered fast."""

from __future__ import annotations

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # an interrupt while the rest is being read has nothing to tidy up

import argparse
import errno
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from macros.commands import Command, Mistake
from macros.specs import plain

# The fit solves thousands of small systems: threads cost them more than they give, above all on a shared machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

PACKAGE = Path(__file__).resolve().parent
INSTALLED = (PACKAGE / "data").is_dir()
"""Whether this is the installed package, with the records inside, and not a checkout."""
ROOT = PACKAGE if INSTALLED else PACKAGE.parent
ANYWHERE = ("estimate", "tables")
"""Commands that need nothing but the records."""


def parser(argv: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """Every command and its options, or `estimate` alone, which has many and has to be fast, where the arguments begin with it."""
    from macros.commands import estimate

    top = argparse.ArgumentParser(
        prog="llm-hardware" if INSTALLED else "python -m macros", description="Which hardware runs which open LLM, how fast, and why."
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Command) -> argparse.ArgumentParser:
        first = (run.__doc__ or "").splitlines()[0]
        made = commands.add_parser(name, help=first, description=first)
        made.set_defaults(run=run)
        return made

    alone = argv is not None and "estimate" in argv[:1]
    estimate.declare(command, whole=alone or argv is None)
    if not alone:
        from macros.commands import asking, building, checking, fitting, records, reporting

        for kind in (asking, checking, records, fitting, building, reporting):
            kind.declare(command)
    return top


def _unheard() -> int:
    """Nobody reads on: what is still waiting to be written goes nowhere, so that the interpreter ends without a word."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


NO_ROOM = {errno.ENOSPC, errno.EIO, errno.EBADF, errno.EROFS, errno.EACCES, errno.EPERM, errno.EDQUOT, errno.EFBIG}
"""What a disk or a folder says that takes nothing more."""


def _stop(number: int, frame: object) -> None:
    """A command that is told to end tidies up like one that is interrupted."""
    raise KeyboardInterrupt


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; a user's mistake is one line on stderr and exit code 1, never a traceback."""
    from macros.estimate.refused import Refused
    from macros.specs import moment
    from macros.specs.errors import SpecErrors

    given = sys.argv[1:] if argv is None else argv
    if empty := next((one for one in given if re.fullmatch(r"--[a-z-]+=--", one)), None):  # argparse makes a list of nothing of it
        print(f"{empty[:-3]}: expected a value, got '--'. Fix: name one", file=sys.stderr)
        return 2
    arguments = parser(given).parse_args(given)
    if sys.stdout is None:
        print("output: expected a place for the answer, got none: standard output is closed. Fix: open it", file=sys.stderr)
        return 1
    if INSTALLED and arguments.command not in ANYWHERE:
        expected = f"{arguments.command}: expected a checkout of the guide, got the installed package, which has its records only."
        print(f"{expected} Fix: run `python -m macros {arguments.command}` there", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, _stop)
    if os.environ.get("SOURCE_DATE_EPOCH") == "":
        del os.environ["SOURCE_DATE_EPOCH"]  # the generator would read it as a number
    try:
        moment.stated()
        run: Command = arguments.run
        return run(arguments, ROOT)
    except (Mistake, Refused, SpecErrors) as mistake:
        print(mistake, file=sys.stderr)
        return 1
    except BrokenPipeError:
        return _unheard()
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        where = error.filename2 or error.filename or "output"  # of a copy: where it should go
        print(f"{where}: expected room and leave to write, got: {error.strerror}. Fix: make room, or write elsewhere", file=sys.stderr)
        return _unheard()
    except RuntimeError as error:
        from concurrent.futures import BrokenExecutor

        if not isinstance(error, BrokenExecutor):
            raise
        got = "one was ended from outside: by hand, or by the system for want of memory"
        print(f"{arguments.command}: expected its processes to end by themselves, got: {got}. Fix: run it again", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


def program() -> int:
    """The same as a program of its own, which ends with it."""
    plain.alone = True
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return main()
    except KeyboardInterrupt:  # while a command's own modules are still being read
        return 130


if __name__ == "__main__":
    sys.exit(program())
