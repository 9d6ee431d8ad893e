"""The way out of a frozen generator, rehearsed: the same pages through ProperDocs and Zensical, compared word by word.

    python -m tests.rehearse_generator                both
    python -m tests.rehearse_generator zensical       one of them

MkDocs 1.x gets no more work. What the guide would lose with another generator can be seen today: macros leave marks in plain Markdown
(macros/render/slots.py), so a page with marks is a page for any generator, and the finished HTML is put in afterwards. Each builds
every authored page of both languages with the Markdown extensions of mkdocs.yml; the written text of each is held against site/.
The report goes to dist/generators.md.
"""

from __future__ import annotations

import difflib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jinja2
import yaml
from lxml import html

from macros.generator import CONFIGS, MACROS
from macros.render import slots
from macros.render.view import View
from macros.specs import load

ROOT = Path(__file__).resolve().parent.parent
STAGE = ROOT / ".cache" / "rehearsal"
GENERATORS = {
    "properdocs": ("properdocs==1.6.7", ["-m", "properdocs", "build", "--quiet", "--config-file"]),
    "zensical": ("zensical==0.0.73", ["-m", "zensical", "build", "--config-file"]),
}
"""Name -> the package, pinned, and how it builds. Zensical 0.1.1 cannot be installed yet: what it needs is not there."""
NOT_TEXT = (
    "//*[contains(@class, 'headerlink') or contains(@class, 'aliases') or contains(@class, 'provenance') or self::script or self::style]"
)
SHOWN = 5


class _Loader(yaml.CSafeLoader):
    """Reads the configuration without what it takes from the environment."""


_Loader.add_constructor("!ENV", lambda loader, node: loader.construct_sequence(node)[-1])


def interpreter(name: str) -> Path:
    """An environment with the generator and with the Markdown extensions of the lock."""
    home, package = ROOT / ".cache" / "environments" / name, GENERATORS[name][0]
    lock = (ROOT / "requirements.txt").read_text("utf-8")
    shared = re.findall(r"^((?:markdown|pygments)==\S+)", lock, re.MULTILINE)
    mark, wanted = home / "installed.txt", [package, "pymdown-extensions", *shared]
    if not mark.exists() or mark.read_text("utf-8") != "\n".join(wanted):
        uv = str(Path(sys.executable).with_name("uv"))
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(home)], check=True)
        done = subprocess.run([uv, "pip", "install", "--quiet", "--python", str(home / "bin" / "python"), *wanted], check=False)
        if done.returncode:  # it may ask for newer extensions than the lock has
            subprocess.run(
                [uv, "pip", "install", "--quiet", "--python", str(home / "bin" / "python"), package, "pymdown-extensions"], check=True
            )
        mark.write_text("\n".join(wanted), "utf-8")
    return home / "bin" / "python"


def staged(language: str, configuration: dict[str, Any]) -> Path:
    """The authored pages of a language with marks for what macros make."""
    catalogue, folder = load(ROOT / "data"), STAGE / language / "docs"
    shutil.rmtree(folder, ignore_errors=True)
    for path in sorted((ROOT / "docs" / language).rglob("*.md")):
        page = path.relative_to(ROOT / "docs" / language)
        depth = len(page.parts) - 1 + (page.name != "index.md")
        view = View(catalogue, language, "../" * depth, configuration["extra"]["root"])
        environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
        environment.globals = {name: _bound(macro, view) for name, macro in MACROS.items()}
        (folder / page).parent.mkdir(parents=True, exist_ok=True)
        (folder / page).write_text(environment.from_string(path.read_text("utf-8")).render(), "utf-8")
    return folder


def _bound(macro: Any, view: View) -> Any:
    def call(*arguments: Any, **named: Any) -> str:
        try:
            return str(macro(view, *arguments, **named))
        except Exception as error:  # the build of the site tells of it with its place
            print(f"{macro.__name__}{arguments}: {type(error).__name__} {error}", file=sys.stderr)
            return ""

    return call


def configured(name: str, language: str, whole: dict[str, Any]) -> Path:
    """A configuration of the generator: the pages, their order and the Markdown extensions, nothing of our theme."""
    home = STAGE / language
    extensions = {key: value for key, value in whole["markdown_extensions"].items() if not key.startswith("macros.")}
    made: dict[str, Any] = {
        "site_name": whole["site_name"], "site_url": "https://example.org/", "docs_dir": "docs", "site_dir": f"site-{name}",
        "use_directory_urls": True, "nav": whole["nav"], "markdown_extensions": [{key: value} for key, value in extensions.items()],
    }  # fmt: skip
    if name == "properdocs":
        theme = home / "theme"
        theme.mkdir(exist_ok=True)
        (theme / "main.html").write_text("<html><body><article>{{ page.content }}</article></body></html>", "utf-8")
        made["theme"] = {"name": None, "custom_dir": "theme"}
        made["plugins"] = []
    path = home / f"{name}.yml"
    path.write_text(yaml.safe_dump(made, allow_unicode=True, sort_keys=False), "utf-8")
    return path


def words(path: Path) -> list[str]:
    """The written text of a page, in words."""
    text = slots.fill(path.read_text("utf-8"))
    tree = html.document_fromstring(text)
    article = (tree.xpath("//article") or [tree])[0]
    for element in article.xpath("." + NOT_TEXT):
        element.drop_tree()
    return " ".join(part.strip() for part in article.itertext()).split()


def differences(ours: list[str], theirs: list[str]) -> list[str]:
    """Where two texts part, each with what stands on both sides."""
    found = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes() if ours != theirs else ():
        if kind != "equal":
            found.append(f"`{' '.join(ours[a:b])[:120]}` → `{' '.join(theirs[c:d])[:120]}`")
    return found


def rehearse(name: str) -> tuple[list[str], int]:
    """Build both languages with a generator; lines of the report, and how many pages differ."""
    python, lines, differing, seen = interpreter(name), [f"## {GENERATORS[name][0]}", ""], 0, 0
    chinese = yaml.load((ROOT / CONFIGS["zh"]).read_text("utf-8"), _Loader)
    for language in CONFIGS:
        own = yaml.load((ROOT / CONFIGS[language]).read_text("utf-8"), _Loader)
        whole = {**chinese, **own, "markdown_extensions": {**chinese["markdown_extensions"], **own["markdown_extensions"]}}
        whole["extra"] = {**chinese["extra"], **own["extra"]}
        slots.clear()
        folder = staged(language, whole)
        config = configured(name, language, whole)
        shutil.rmtree(config.parent / f"site-{name}", ignore_errors=True)
        done = subprocess.run([python, *GENERATORS[name][1], config.name], cwd=config.parent, capture_output=True, text=True, check=False)
        if done.returncode:
            told = (done.stdout + done.stderr).strip().splitlines()
            return [*lines, f"It does not build: `{told[-1] if told else done.returncode}`", ""], 1
        for source in sorted(folder.rglob("*.md")):
            page = source.relative_to(folder)
            place = Path("index.html") if page.name == "index.md" else page.with_suffix("") / "index.html"
            place = page.parent / "index.html" if page.name == "index.md" else place
            theirs, ours = config.parent / f"site-{name}" / place, ROOT / "site" / ("" if language == "zh" else language) / place
            if not ours.exists():
                lines.append(f"- {language}/{page}: not in site/, which is older: run `make site`")
                continue
            if not theirs.exists():
                lines.append(f"- {language}/{page}: not written")
                differing += 1
                continue
            seen += 1
            found = differences(words(ours), words(theirs))
            if found:
                differing += 1
                rest = f" … {len(found) - SHOWN} more" if len(found) > SHOWN else ""
                lines.append(f"- {language}/{page}: {len(found)} places: {'; '.join(found[:SHOWN])}{rest}")
    return [*lines, "", f"{seen} pages built, {differing} with another text than the site's.", ""], differing


def main() -> int:
    """Both generators, or those that are named."""
    names = sys.argv[1:] or list(GENERATORS)
    lines = ["# The guide through other generators", ""]
    for name in names:
        said, _ = rehearse(name)
        lines += said
    text = "\n".join(lines) + "\n"
    (ROOT / "dist").mkdir(exist_ok=True)
    (ROOT / "dist" / "generators.md").write_text(text, "utf-8")
    print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
