"""Which locked packages are advised against, yanked, or no longer kept: asked of their registry through its ordinary clients."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from macros.publish.beside import beside
from macros.publish.diff import shown

MARKER = "<!-- watch -->"
AUDIT = "pip-audit==2.10.1"
"""What asks the database of advisories."""
UNKEPT = timedelta(days=550)
"""A package without a release for so long has nobody who would mend it."""
LOCKS = ("requirements-uv.txt", "requirements.txt", "requirements-test.txt")

Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """A client's answer; the client ends with this process, whatever ends it."""
    with beside(1, fresh=True) as pool:
        return pool.submit(_answer, command).result()


def _answer(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


def locked(text: str) -> dict[str, str]:
    """Name -> version, of a lock.

    >>> locked("jinja2==3.1.6 \\\\\\n    --hash=sha256:00\\n# a comment\\n")
    {'jinja2': '3.1.6'}
    """
    return dict(re.findall(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)", text, re.MULTILINE))


def advised(lock: Path, ask: Run = run) -> list[str]:
    """Packages of a lock that an advisory speaks of, each with what mends it."""
    uv = str(Path(sys.executable).with_name("uv"))
    options = ["--requirement", str(lock), "--require-hashes", "--disable-pip", "--vulnerability-service", "osv", "--format", "json"]
    done = ask([uv, "tool", "run", "--from", AUDIT, "pip-audit", *options, "--progress-spinner", "off"])
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return [f"{lock.name}: the advisories could not be read: {last(done.stderr)}"]
    return [_advice(package, issue) for package in found for issue in package.get("vulns", [])]


def _advice(package: dict[str, Any], issue: dict[str, Any]) -> str:
    mended = ", ".join(issue.get("fix_versions", [])) or "no version"
    return f"{package['name']} {package.get('version', '')}: {issue['id']}, mended in {mended}"


def yanked(lock: Path, ask: Run = run) -> list[str]:
    """Packages of a lock whose version was taken back."""
    uv = str(Path(sys.executable).with_name("uv"))
    done = ask([uv, "pip", "install", "--dry-run", "--reinstall", "--no-deps", "--python", sys.executable, "--requirement", str(lock)])
    if done.returncode:
        return [f"{lock.name}: what was taken back could not be read: {last(done.stderr)}"]
    return [line.strip() for line in done.stderr.splitlines() if "yanked" in line]


def unkept(names: Iterable[str], today: date, ask: Run = run) -> list[str]:
    """Packages whose newest version is as old as UNKEPT: that of then is that of now."""
    uv, then = str(Path(sys.executable).with_name("uv")), (today - UNKEPT).isoformat()
    found = []
    for name in sorted(names):
        newest = [_newest(uv, name, until, ask) for until in ([], ["--exclude-newer", then])]
        if newest[0] is not None and newest[0] == newest[1]:
            found.append(f"{name} {newest[0]}: no release since {then}")
    return found


def _newest(uv: str, name: str, until: Sequence[str], ask: Run) -> str | None:
    """The newest version that a client would take, at a time."""
    done = ask([uv, "pip", "install", "--dry-run", "--reinstall", "--no-deps", "--python", sys.executable, *until, name])
    versions = re.findall(rf"^ \+ {re.escape(name)}==(\S+)", done.stderr + done.stdout, re.MULTILINE | re.IGNORECASE)
    return versions[0] if versions else None


def last(text: str) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "nothing was said"


def direct(root: Path) -> set[str]:
    """Packages that the guide asks for by name, and those that its pages are made by."""
    texts = [(root / f"{name.removesuffix('.txt')}.in").read_text("utf-8") for name in LOCKS]
    return {found for text in texts for found in re.findall(r"^([A-Za-z0-9][\w.-]*)", text, re.MULTILINE)} | {
        "jinja2",
        "markdown",
        "pymdown-extensions",
    }


def look(root: Path, today: date, ask: Run = run) -> str:
    """What there is to tell of all locks, as Markdown.

    Args:
        root: the checkout
        today: the day of the question
        ask: runs a client

    Returns:
        A list; first what an advisory speaks of.
    """
    parts = {
        "Advised against · 有安全公告": [line for name in LOCKS for line in advised(root / name, ask)],
        "Yanked · 已撤回": [line for name in LOCKS for line in yanked(root / name, ask)],
        "Not kept any more · 无人维护": unkept(direct(root), today, ask),
    }
    lines = [MARKER, f"{len(LOCKS)} locks looked at on {today} · 检查了 {len(LOCKS)} 个锁定文件", ""]
    for title, found in parts.items():
        if found:
            lines += [f"### {title} ({len(found)})", "", *(f"- {shown(line, 300)}" for line in dict.fromkeys(found)), ""]
    lines += (
        ["Renew with `make lock`, or leave the package · 用 `make lock` 更新，或改用别的包。"]
        if len(lines) > 3
        else ["Nothing to do · 无需处理。"]
    )
    return "\n".join(lines) + "\n"
