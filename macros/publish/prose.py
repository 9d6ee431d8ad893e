"""What a page may be made of: Markdown and calls of macros. A page cannot run code, neither in a build nor in a browser.

The generator's templates are a programming language, and Markdown lets HTML through. Pages need neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import jinja2
import yaml
from jinja2 import nodes

from macros.specs import SpecError
from macros.specs.errors import nearest

CALLS = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Call, nodes.Name, nodes.Const, nodes.Keyword, nodes.List, nodes.Neg)
"""What a call of a macro is made of: its name, texts, numbers and lists."""

FRONT = {"title", "description", "aliases", "for"}
"""Keys at the head of a page; others (a template, a record) steer the generator."""

FENCE = re.compile(r"^(```+|~~~+)")
CODE = re.compile(r"(?<!`)(`+)(?!`)(?:.*?)(?<!`)\1(?!`)", re.DOTALL)
CALL = re.compile(r"\{\{.*?\}\}", re.DOTALL)
MARKUP = re.compile(r"<(?:/?[A-Za-z][\w:-]*|!\[|!--|!DOCTYPE|\?)", re.IGNORECASE)
RUNS = re.compile(
    r"<\s*/?\s*(?:script|style|iframe|object|embed|applet|link|meta|base|form|svg|math|frame|frameset|portal|template)\b[^>\n]{0,40}"
    r"|\bon[a-z]{3,20}\s*=\s*[\"'a-z]|\b(?:java|vb)script\s*:|\bdata\s*:\s*text/html",
    re.IGNORECASE,
)
ADDRESS = re.compile(r"<https://[^\s<>\"'`]+>")
ATTRIBUTE = re.compile(r"\{:?[^{}]*?\b([\w:-]+)\s*=[^{}]*\}")
SCHEME = re.compile(r"(?:\]\(|\]:|href=|src=)\s*<?\s*(?!https:|mailto:)(?:([a-z][a-z0-9+.-]*):|[/\\]{2})", re.IGNORECASE)
SPELLED = re.compile(
    r"(?:\]\(|\]:)\s*<?[^)>\n]*?(?:&(?!amp;)(?:[a-zA-Z]+|#[0-9a-zA-Z]+);|[\x00-\x09\u200b-\u200f\u2060\ufeff]|\bjava\s+script)",
    re.IGNORECASE,
)
"""An address with characters that a browser reads as others, or not at all."""
ATTRIBUTES = {"class", "id", "title"}


def errors(root: Path, macros: Mapping[str, object]) -> Iterator[SpecError]:
    """Whatever in a page is no Markdown and no call of a macro.

    Args:
        root: the checkout
        macros: names that pages may call

    Yields:
        Each mistake with its file and line.
    """
    for path in sorted((root / "docs").glob("*/**/*.md")):
        shown = path.relative_to(root).as_posix()
        if path.is_symlink() or not path.is_file() or not path.resolve().is_relative_to((root / "docs").resolve()):
            got = "a folder" if path.is_dir() and not path.is_symlink() else "a link"
            yield SpecError(shown, 1, "page", "a plain file", got, "put the page itself there")
            continue
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError as error:
            yield SpecError(shown, 1, "page", "UTF-8 text", f"byte 0x{error.object[error.start]:02x}", "save the file as UTF-8")
            continue
        yield from calls(shown, text, macros)
        yield from front(shown, text)
        yield from markup(shown, text)


def links(root: Path) -> Iterator[SpecError]:
    """Files of the theme and the pages that lead elsewhere: what they lead to would be copied into the site."""
    for path in sorted((root / "docs").rglob("*")):
        if path.is_symlink():
            yield SpecError(path.relative_to(root).as_posix(), 1, "file", "a plain file", "a link", "put the file itself there")


def calls(shown: str, text: str, macros: Mapping[str, object]) -> Iterator[SpecError]:
    """Template syntax that is no call of a macro with texts, numbers and lists."""
    try:
        tree = jinja2.Environment(autoescape=True).parse(text)
    except jinja2.TemplateSyntaxError as error:
        yield SpecError(shown, error.lineno, "page", "macro calls like {{ name(…) }}", str(error.message), "correct the call")
        return
    called = {id(node.node) for node in tree.find_all(nodes.Call)}
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, CALLS):
            got, fix = f"template syntax ({type(node).__name__.lower()})", "pages only call macros: {{ name(…) }}"
            yield SpecError(shown, node.lineno, "page", "macro calls like {{ name(…) }}", got, fix)
        elif isinstance(node, nodes.Call) and not isinstance(node.node, nodes.Name):
            yield SpecError(shown, node.lineno, "page", "the call of a macro", "the call of something else", "call a macro by its name")
        elif isinstance(node, nodes.Call) and (node.dyn_args is not None or node.dyn_kwargs is not None):
            yield SpecError(shown, node.lineno, "page", "arguments written out", "a star", "write them out")
        elif isinstance(node, nodes.Name) and (node.name not in macros or id(node) not in called):
            got = "an undefined name" if node.name not in macros else "its name without a call"
            yield SpecError(shown, node.lineno, node.name, "a macro", got, nearest(node.name, macros))


def front(shown: str, text: str) -> Iterator[SpecError]:
    """Keys at the head of a page that steer the generator."""
    found = re.match(r"---\n(.*?)\n---\s*(?:\n|$)", text, re.DOTALL)
    try:
        keys = yaml.safe_load(found[1]) if found else {}
    except yaml.YAMLError as error:
        yield SpecError(shown, 1, "page", "well-formed YAML at the head", " ".join(str(error).split())[:120], "correct it")
        return
    for key in keys if isinstance(keys, dict) else ():
        if key not in FRONT:
            yield SpecError(shown, 1, str(key), "a key of a page", "an unknown key", nearest(str(key), FRONT))


def markup(shown: str, text: str) -> Iterator[SpecError]:
    """HTML, attributes that are more than names, and addresses that run something.

    What runs is looked for everywhere, in code too: where code ends is a question on which readers of Markdown differ.
    """
    for found in RUNS.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield SpecError(shown, line, "page", "no HTML that runs", f"'{' '.join(found[0].split())}'", "say it in words")
    for number, block in _blocks(text):
        bare = CODE.sub(lambda code: "\n" * code[0].count("\n"), CALL.sub("", block))
        bare = ADDRESS.sub("", bare)
        for pattern, expected, fix in (
            (MARKUP, "Markdown without HTML", "write it in Markdown, or make it with a macro"),
            (SCHEME, "an address that begins with https:", "link to a page"),
            (SPELLED, "an address in plain characters", "write the characters themselves"),
        ):
            for found in pattern.finditer(bare):
                yield SpecError(shown, number + bare.count("\n", 0, found.start()), "page", expected, f"'{found[0].strip()}'", fix)
        for found in ATTRIBUTE.finditer(bare):
            if found[1].lower() not in ATTRIBUTES:
                line = number + bare.count("\n", 0, found.start())
                yield SpecError(shown, line, "page", "no attribute but class, id and title", f"'{found[1]}'", "remove it")


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """First line and text of each paragraph that stands in no fence."""
    fence, block, first = None, list[str](), 1
    for number, line in enumerate([*text.split("\n"), ""], 1):
        mark = FENCE.match(line)
        if fence is None and mark is None and line.strip():
            first = first if block else number
            block.append(line)
            continue
        if block:
            yield first, "\n".join(block)
            block = []
        if mark and fence is None:
            fence = mark[1]
        elif mark and fence is not None and mark[1].startswith(fence) and line.strip() == mark[1]:
            fence = None
