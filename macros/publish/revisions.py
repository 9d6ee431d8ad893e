"""Two revisions of this repository -> their dumps: each tree computes its own tables with its own code and its own locked packages."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

from macros.publish import diff, untrusted
from macros.publish.beside import beside
from macros.specs import aside

Dump = dict[str, Any]
LOCK = "requirements.txt"
PATIENCE = 900
"""Seconds until a tree that computes for ever is given up."""


class NoSuchRevision(Exception):  # noqa: N818  (names what is wrong)
    """The base is no revision of this repository."""


def git(root: Path, *arguments: str) -> bytes:
    """What git says; NoSuchRevision with its last line when it refuses."""
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)
    if done.returncode:
        raise NoSuchRevision(last_line(done.stderr) or f"git {arguments[0]} failed")
    return done.stdout


def merge_base(root: Path, base: str) -> str:
    """The commit that the work started from, so that what others landed since does not appear as a change.

    The base itself where the two share no history (a shallow clone).
    """
    commit = git(root, "rev-parse", "--verify", "--quiet", base + "^{commit}").decode().strip()
    try:
        return git(root, "merge-base", "HEAD", commit).decode().split()[0]
    except NoSuchRevision:
        return commit


def changed_code(root: Path, base: str) -> list[str]:
    """Paths of code, and of the lock, that the working tree has changed since the base."""
    paths = git(root, "diff", "--name-only", "-z", base, "--", "macros", LOCK) + git(
        root, "ls-files", "--others", "--exclude-standard", "-z", "--", "macros"
    )
    return sorted({path for path in paths.decode().split("\0") if path})


def dumps(root: Path, base: str) -> tuple[Dump, Dump, list[str]]:
    """(base's dump, the working tree's dump, changed code); a dump that failed is {"failed": why} or {"errors": […]}."""
    with aside.folder(root / ".cache" / "revisions") as tree, beside(2, fresh=True) as pool:
        head = pool.submit(dump_of, root, Path(sys.executable))  # while the base is set up and computed
        try:
            commit = merge_base(root, base)
            of_base, code = pool.submit(dump_of_commit, root, commit, tree), changed_code(root, commit)
            before = of_base.result()
        except NoSuchRevision as error:
            before, code = failed(f"{base} is no revision of this repository: {error}"), []
        return before, head.result(), code


def dump_of_commit(root: Path, commit: str, tree: Path) -> Dump:
    """What a commit computes, with its own code and packages, in a folder of its own."""
    try:
        with tarfile.open(fileobj=BytesIO(git(root, "archive", "--format=tar", commit))) as archive:
            archive.extractall(tree, filter="data")
    except tarfile.ReadError:
        return failed("its tree holds no file")
    except tarfile.FilterError as error:
        return failed(f"its tree cannot be laid out: {error}")
    if not (tree / "macros").is_dir():
        return failed("its tree holds no macros")
    try:
        found = dump_of(tree, interpreter(root, tree))
    except subprocess.CalledProcessError as error:
        return failed(f"its packages cannot be set up: {last_line(error.stderr)}")
    if not (tree / "data").is_dir() and str(found.get("failed")).startswith("FileNotFoundError"):
        return failed("its tree holds no data")
    return found


def interpreter(root: Path, tree: Path) -> Path:
    """The Python that has a tree's locked packages: this one where the locks are equal, else an environment kept by the lock's hash."""
    lock = tree / LOCK
    if not lock.exists() or lock.read_bytes() == (root / LOCK).read_bytes():
        return Path(sys.executable)
    home = root / ".cache" / "environments" / hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    ready = home / "site.ok"
    if not ready.exists():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        (tree / ".venv").symlink_to(home)
        subprocess.run(["make", "--silent", ".venv/site.ok"], cwd=tree, capture_output=True, check=True)
    return home / "bin" / "python"


def dump_of(tree: Path, python: Path) -> Dump:
    """What `python -m macros tables` of a tree prints."""
    alone = {**os.environ, "GIT_CEILING_DIRECTORIES": str(tree.parent)}  # a tree inside the checkout is none of it
    try:
        ran = subprocess.run(
            [str(python), "-m", "macros", "tables"], cwd=tree, env=alone, capture_output=True, check=False, timeout=PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return failed(str(error))
    try:
        dump = json.loads(ran.stdout)
        if "errors" in dump or not ran.returncode:
            return untrusted.checked(dump)
    except (ValueError, TypeError, RecursionError):
        pass
    except untrusted.Refused as error:
        return failed(str(error))
    return failed(last_line(ran.stderr) or f"`python -m macros tables` ended with code {ran.returncode} and no tables")


def failed(why: str) -> Dump:
    """The dump of a tree that gives none."""
    return {"schema": 1, "failed": why}


def last_line(raw: bytes | None) -> str:
    """The last line that says something: an error's, of a traceback."""
    lines = [line.strip() for line in (raw or b"").decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""


def write(folder: Path, base: Dump, head: Dump) -> None:
    """The two dumps as the files that the reporter of pull requests reads."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, dump in (("base", base), ("head", head)):
        (folder / f"{name}.json").write_text(json.dumps(dump, ensure_ascii=False, sort_keys=True), "utf-8")


def notes(root: Path) -> str:
    """Which computed values changed since the tag before."""
    try:
        last = git(root, "describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD^").decode().strip()
    except NoSuchRevision:
        return "The first release.\n"
    base, head, code = dumps(root, last)
    return f"Since {last}:\n\n{diff.markdown(base, head, code=code)}"
