"""Figures of the build, of the books and of the edit loop: `make bench`. Prints; fails at nothing, because a busy machine is no mistake."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pypdf

from macros.specs import aside

ROOT = Path(__file__).resolve().parents[1]
HERE = "import pathlib; from macros import generator; generator.ROOT = pathlib.Path.cwd(); generator.CACHE = generator.ROOT / '.cache'; "
BUILD = HERE + "from macros.generator.build import build; build(generator.ROOT / 'site')"
PORT = 8791
SERVE = HERE + f"from macros.generator.server import serve; serve(port={PORT})"
PLAIN = """
from mkdocs.commands.build import build
from mkdocs.config import load_config
for name in ("zh", "en"):
    build(load_config(f"{name}.yml"))
"""


def cpu(code: str, where: Path) -> tuple[float, float]:
    """CPU seconds and peak memory [MiB] of a Python process and its children."""
    measured = (
        "import resource, sys\n"
        + code
        + "\nown, of = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))\n"
        "print('figures', own.ru_utime + own.ru_stime + of.ru_utime + of.ru_stime, own.ru_maxrss / 1024, file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", measured], cwd=where, capture_output=True, text=True, check=False, env=environment())
    found = re.search(r"figures (\S+) (\S+)", ran.stderr)
    if found is None:
        raise SystemExit(ran.stderr[-2000:])
    return float(found[1]), float(found[2])


def quieter(code: str, where: Path) -> tuple[float, float]:
    """The same of two runs, the one that took less: what else the machine does only ever adds."""
    return min(cpu(code, where) for _ in range(2))


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}


BOOK = """
from pathlib import Path
from macros.publish import pdf
from macros.publish.edition import edition
from macros.specs import load
root = Path({root!r})
source = pdf.book(Path({site!r}), {language!r}, edition(root, load(root / "data")))
if {twice}:
    body = source.split("#contents(words.contents)", 1)[1]
    source += body.replace('label("', 'label("again/').replace('page-of("', 'page-of("again/')
Path({out!r}).with_suffix(".typ").write_text(source)
"""
SET = """
from pathlib import Path
from macros.publish.pdf import typeset
typeset(Path({out!r}).with_suffix(".typ").read_text(), Path({out!r}).with_suffix(""), 0).replace({out!r})
"""


def editions(site: Path, folder: Path) -> None:
    """The books, each in a process of its own as `make pdf` has it; then one book twice over, to see what a page costs as it grows."""
    for language, twice in (("zh", False), ("en", False), ("zh", True)):
        out = str(folder / f"{language}-{twice}.pdf")
        pages = str(site if language == "zh" else site / language)
        gathered, _ = cpu(BOOK.format(root=str(ROOT), site=pages, language=language, out=out, twice=twice), folder)
        seconds, peak = cpu(SET.format(out=out), folder)
        count, size = len(pypdf.PdfReader(out).pages), Path(out).stat().st_size / 1e6
        name = f"PDF, {language}{', twice over' if twice else ''}"
        total = gathered + seconds
        print(f"{name}: {count} pages, {size:.2f} MB, {total:.1f} s CPU, {1000 * total / count:.0f} ms a page, peak {peak:.0f} MiB")


def copy(into: Path) -> Path:
    """What is authored, where it may be multiplied."""
    into.mkdir()
    for name in ("data", "docs"):
        shutil.copytree(ROOT / name, into / name)
    (into / "macros").symlink_to(ROOT / "macros")
    for name in ("mkdocs.yml", "mkdocs.en.yml"):
        shutil.copy(ROOT / name, into)
    return into


def plain_material(site: Path, into: Path) -> tuple[float, float]:
    """The same pages, their tables already rendered, built by Material as it comes (its search included)."""
    for language, folder in (("zh", site), ("en", site / "en")):
        for path in folder.rglob("index.html"):
            name = path.relative_to(folder).parent
            if language == "zh" and name.parts[:1] == ("en",):
                continue
            html = path.read_text("utf-8")
            article = re.search(r"<article[^>]*>(.*)</article>", html, re.S)
            title = re.search(r"<title>(.*?)</title>", html, re.S)
            target = into / language / (f"{name}.md" if name.parts else "index.md")
            target.parent.mkdir(parents=True, exist_ok=True)
            body = re.sub(r"\n\s*\n", "\n", article[1]) if article else ""
            target.write_text(f"---\ntitle: '{title[1] if title else ''}'\n---\n<div>{body}</div>\n", "utf-8")
        authored = sorted(path.stem for path in (ROOT / "docs" / language).glob("*.md"))
        pages = "".join(f"  - {name}.md\n" for name in authored)
        config = f"site_name: x\ndocs_dir: {language}\nsite_dir: built-{language}\n"
        config += f"theme: {{name: material, language: {language}, font: false}}\nnav:\n{pages}"
        (into / f"{language}.yml").write_text(config, "utf-8")
    return quieter(PLAIN, into)


def edit_loop(where: Path) -> list[float]:
    """Seconds from saving one value to the page that serves it."""
    path = where / "data/gpus/rtx-3090.yaml"
    before = path.read_text("utf-8")
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE], cwd=where, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

    def get(address: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{address}") as answer:
            return str(answer.read().decode())

    try:
        for _ in range(600):
            try:
                get("/devices/rtx-3090/")
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        seconds = []
        for number, page in enumerate(
            ["/devices/rtx-3090/", "/en/devices/", "/devices/rtx-3090/", "/en/devices/rtx-3090/", "/en/devices/"]
        ):
            value = 901 + number
            get(page)
            path.write_text(re.sub(r"(bandwidth_gb_per_s: ).*", rf"\g<1>{value}", before), "utf-8")
            start = time.monotonic()
            while f"{value}" not in get(page):
                time.sleep(0.01)
            seconds.append(time.monotonic() - start)
        return seconds
    finally:
        server.terminate()
        server.wait()


def multiply(root: Path, kind: str, count: int) -> None:
    """So many more records of a kind, copies of those there are."""
    known = sorted((root / "data" / kind).glob("*.yaml"))
    for number in range(count):
        path = known[number % len(known)]
        (path.parent / f"copy-{number}-{path.name}").write_text(path.read_text("utf-8"), "utf-8")


def built(name: str, where: Path, measured: Callable[[str, Path], tuple[float, float]]) -> float:
    """Build what lies there, print what it took and what came of it; CPU seconds."""
    seconds, peak = measured(BUILD, where)
    site = where / "site"
    pages = len(list(site.rglob("index.html")))
    size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) / 1e6
    calculator = (site / "api/v1/calculator/data.js").stat().st_size / 1e3
    print(f"{name}: {pages} pages, {seconds:.1f} s CPU, {seconds / pages * 1000:.1f} ms a page, peak {peak:.0f} MiB", flush=True)
    print(f"{name}: site {size:.0f} MB, records for the calculator {calculator:.0f} kB (not compressed)", flush=True)
    return seconds


def edited(name: str, where: Path) -> None:
    """Print how long an edited value takes to be served."""
    loop = edit_loop(where)
    print(f"{name}: edit to served: median {median(loop):.3f} s, worst {max(loop):.3f} s of {len(loop)}", flush=True)


def main() -> None:
    began = time.monotonic()
    with aside.folder(Path(tempfile.gettempdir(), "llm-hardware-bench")) as folder:  # outside the checkout, of whose history it is no part
        own = copy(folder / "own")
        seconds = built("build", own, quieter)
        plain = folder / "plain"
        plain.mkdir()
        reference, _ = plain_material(own / "site", plain)
        print(f"plain Material, tables rendered before: {reference:.1f} s CPU; ours is {seconds / reference:.2f} of it", flush=True)
        edited("build", own)
        editions(own / "site", folder)
        for more in (200, 800):
            grown = copy(folder / f"grown-{more}")
            multiply(grown, "gpus", more // 2)
            cost = (quieter(BUILD, grown)[0] - seconds) / more
            print(f"{more} generated pages more: {cost * 1000:.1f} ms CPU a page", flush=True)
        if "--tenfold" in sys.argv:
            grown = copy(folder / "tenfold")
            for kind in ("models", "gpus", "cpus"):
                multiply(grown, kind, 9 * len(list((ROOT / "data" / kind).glob("*.yaml"))))
            built("ten times the models and devices", grown, cpu)
            edited("ten times the models and devices", grown)
    print(f"load of the machine: {os.getloadavg()[0]:.1f}; all of this took {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
