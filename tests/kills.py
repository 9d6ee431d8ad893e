"""What stands after a command is killed: `make kills`. Real commands in a clone of the last commit; no part of `make test`.

python -m tests.kills site                    50 points of a build, from its first moment to its last
python -m tests.kills small-site              the same code with one page of tables and twelve of records: a tenth of the time
python -m tests.kills pdf diff --points 12    other commands, fewer points
python -m tests.kills site --numbers-kept     with the numbers of the run before, as after an edit of a page: half the time

In turns a point is killed outright (the process alone, then all of its group), told to end, and interrupted like from a terminal.
Afterwards what stood before has to stand whole, or the new whole; no process of the command runs on; who was told to end or was
interrupted says so without a traceback and leaves nothing behind; what one that was killed outright leaves, the next run clears.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from macros.specs import aside
from tests.sessions import outliving

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = {
    "site": ["site"], "small-site": ["site"], "pdf": ["pdf"], "offline": ["offline"], "diff": ["diff", "HEAD~1"],
    "check": ["check"], "tables": ["tables"],
}  # fmt: skip
OUTPUT = {"site": "site", "small-site": "site", "pdf": "dist", "offline": "dist"}
"""Command -> the folder that it writes."""
WAYS = (
    ("killed alone", signal.SIGKILL, False),
    ("told to end", signal.SIGTERM, False),
    ("killed with its group", signal.SIGKILL, True),
    ("interrupted", signal.SIGINT, True),
)
PATIENCE = 60
"""Seconds until whoever was told to end has to have ended."""
ORPHANS = 10
"""Seconds until the copies of a killed process have to have noticed."""


def digest(folder: Path) -> str:
    """Of all names and contents."""
    found = hashlib.blake2b(digest_size=16)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        found.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
        found.update(path.read_bytes())
    return found.hexdigest()


SMALL = """
import itertools, sys
try:
    from macros import __main__ as program
    from macros.publish import api
    from macros.render import pages
except KeyboardInterrupt:
    sys.exit(130)

every, files, asked = pages.generated, api.files, itertools.count()
pages.generated = lambda view: itertools.islice(every(view), 12 if next(asked) else 0)  # at first none: nothing is computed for all
api.files = lambda catalogue: dict(item for item in files(catalogue).items() if not item[0].startswith("tables/"))
sys.exit(program.program())
"""
"""The command with twelve pages of records, and no files of tables."""


def home_alone(tree: Path) -> None:
    """Leave one page with three tables, in both languages."""
    tables = "".join(f"{{{{ table('{name}') }}}}\n\n" for name in ("load-time", "file-sizes", "ram-bandwidth"))
    page = f"---\ntitle: Home\ndescription: x\n---\n# Home\n\n{tables}"
    for language, name in (("zh", "mkdocs.yml"), ("en", "mkdocs.en.yml")):
        shutil.rmtree(tree / "docs" / language)
        (tree / "docs" / language).mkdir()
        (tree / "docs" / language / "index.md").write_text(page, "utf-8")
        text = (tree / name).read_text("utf-8")
        start = text.index("\nnav:")
        (tree / name).write_text(f"{text[:start]}\nnav:\n  - Home: index.md{text[text.index(chr(10) * 2, start + 2) :]}", "utf-8")


class Workplace:
    """A clone in which a command runs, with a folder of its own for what is temporary."""

    def __init__(self, command: str, folder: Path, numbers_kept: bool, within: float | None = None) -> None:
        """Clone, and run the command once to its end; once more, where it then goes on with the numbers of that run.

        Not where points within its first seconds are asked for, and nothing stands that would have to stand afterwards.
        """
        self.numbers_kept = False
        self.command, self.tree, self.temporary = command, folder / "tree", folder / "tmp"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(self.tree)], check=True)
        self.temporary.mkdir()
        (self.tree / ".cache").mkdir()  # kept from run to run, and no part of the repository
        if command == "small-site":
            home_alone(self.tree)
        self.output = self.tree / OUTPUT[command] if command in OUTPUT else None
        if command in ("pdf", "offline"):
            shutil.copytree(ROOT / "site", self.tree / "site")
        if numbers_kept:
            self.start().wait()
            self.numbers_kept = True
        self.seconds = within or 0.0
        if self.output or not within:
            begun = time.monotonic()
            ended = self.start()
            if ended.wait():
                raise SystemExit(f"{command}: expected it to work, got {ended.returncode}")
            self.seconds = within or time.monotonic() - begun
        self.new = digest(self.output) if self.output else ""
        if self.output:
            (self.output / "before.txt").write_text("of the run before", "utf-8")
            self.kept = shutil.copytree(self.output, folder / "kept")
            self.old = digest(self.output)
        self.names = self.left()

    def start(self) -> subprocess.Popen[str]:
        """The command, in a session of its own."""
        (self.tree / ".cache" / "site.json").unlink(missing_ok=True)  # else it sees that its site stands
        (self.tree / ".cache" / "checked.json").unlink(missing_ok=True)
        for numbers in () if self.numbers_kept else ("answers", "tables"):  # else it takes those of the run before
            shutil.rmtree(self.tree / ".cache" / numbers, ignore_errors=True)
        told = {**os.environ, "TMPDIR": str(self.temporary), "NO_MKDOCS_2_WARNING": "1", "SOURCE_DATE_EPOCH": "1790000000"}
        begin = ["-c", SMALL] if self.command == "small-site" else ["-m", "macros"]
        command = [sys.executable, *begin, *COMMANDS[self.command]]
        return subprocess.Popen(
            command, cwd=self.tree, env=told, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )

    def left(self) -> set[str]:
        """Names in the tree and in the folder for what is temporary, but for what is in the output and in caches of Python."""
        tops = {path.name for path in self.tree.iterdir()} | {f"tmp/{path.name}" for path in self.temporary.iterdir()}
        inside = {f"{name}/{path.name}" for name in (".cache", "dist") for path in (self.tree / name).glob(".*")}
        inside |= {f"revisions/{path.name}" for path in (self.tree / ".cache" / "revisions").glob("*")}
        return tops | inside

    def next_run(self) -> None:
        """What the run after it does first; of a build without building, of a comparison without comparing."""
        code = "import sys, pathlib\nfrom macros.publish import site\ntry:\n with site.workshop(pathlib.Path('site')): raise KeyError\n"
        if self.command in ("site", "small-site"):
            subprocess.run([sys.executable, "-c", f"{code}except KeyError: pass"], cwd=self.tree, check=True)
        elif self.command == "diff":
            with aside.folder(self.tree / ".cache" / "revisions"):
                pass
        elif self.left() - self.names:
            self.start().wait()

    def restore(self) -> None:
        """What stood before stands again."""
        if self.output and digest(self.output) != self.old:
            shutil.rmtree(self.output)
            shutil.copytree(self.kept, self.output)

    def faults(self, after: float, number: signal.Signals, group: bool) -> Iterator[str]:
        """Kill the command so many seconds after its start; what is wrong afterwards."""
        process = self.start()
        time.sleep(after)
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(process.pid, number)
        try:
            _, said = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            yield f"runs on {PATIENCE} s later"
            os.killpg(process.pid, signal.SIGKILL)
            _, said = process.communicate()
        if orphans := outliving(process.pid, ORPHANS):
            yield f"{len(orphans)} of its processes run on"
            os.killpg(process.pid, signal.SIGKILL)
        if "Traceback" in said:
            yield f"a traceback: {said.strip().splitlines()[-1]}"
        if number != signal.SIGKILL and (more := self.left() - self.names):
            yield f"left behind: {', '.join(sorted(more))}"
        self.next_run()
        if more := self.left() - self.names:
            yield f"left behind after the next run: {', '.join(sorted(more))}"
        if self.output and not self.output.exists():
            yield "neither the old nor the new stands"
            shutil.copytree(self.kept, self.output)
        elif self.output and digest(self.output) not in (self.old, self.new):
            yield "what stands is neither the old nor the new"


def main() -> int:
    """Each command at so many points; what was wrong."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background, and by children of that
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commands", nargs="*", choices=COMMANDS, default=["site"])
    parser.add_argument("--points", type=int, default=50)
    parser.add_argument("--numbers-kept", action="store_true")
    parser.add_argument("--within", type=float, metavar="SECONDS", help="points within the first seconds, instead of over the whole")
    arguments = parser.parse_args()
    wrong = 0
    for command in arguments.commands:
        with aside.folder(ROOT / ".cache" / "kills") as folder:
            place, chance = Workplace(command, folder, arguments.numbers_kept, arguments.within), random.Random(command)
            counted: Counter[str] = Counter()
            for point in range(arguments.points):
                way, number, group = WAYS[point % len(WAYS)]
                after = place.seconds * (point + chance.random()) / arguments.points
                faults = list(place.faults(after, number, group))
                stands = "" if not place.output else "the new" if digest(place.output) == place.new else "the old"
                counted[stands] += 1
                wrong += bool(faults)
                print(f"{command} {point + 1}: {way} after {after:.1f} s: {'; '.join(faults) or f'as it should be {stands}'}", flush=True)
                place.restore()
            print(f"{command}: {arguments.points} points of {place.seconds:.0f} s, {dict(counted)}", flush=True)
    print(f"{wrong} points with something wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
