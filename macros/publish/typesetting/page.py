"""One page on its way to paper: its text and elements in order, its labels, and where its links lead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import unquote, urljoin, urlsplit

Element: TypeAlias = Any  # an lxml element: the library has no types of its own

LEFT_OUT = {
    *("script", "style", "link", "template", "noscript", "nav"),
    *("button", "input", "label", "select", "option", "form", "textarea", "output"),
}
"""What a reader of paper can't use."""
LEFT_OUT_CLASSES = {"headerlink", "screen-only", "aliases", "table-bar", "table-proof", "calculator", "provenance"}
INLINE = {"span", "abbr", "u", "time", "dfn", "data"}
TRANSPARENT = INLINE | {"div", "section", "article", "main", "tbody", "aside", "header", "footer"}
BLOCKS = {"p", "div", "section", "table", "figure", "ul", "ol", "dl", "details", "blockquote", "pre", "hr"} | {f"h{n}" for n in range(1, 7)}
TURNS = {"article", "section", "details"}
"""Elements whose parts may stand on pages of their own."""
RATE = re.compile(r"\b([KMGT]i?B|[MG]T|tokens)/s\b")
"""Units in which no line breaks."""


class CannotSet(Exception):  # noqa: N818  (told to the user as it is)
    """A page that cannot be turned into paper, and why."""


def literal(text: str) -> str:
    r"""A Typst string.

    >>> print(literal('say "a\\b"'))
    "say \"a\\b\""
    """
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def anchor(page: str, fragment: str = "") -> str:
    """The label of a page or of a place on it; one name for the whole book.

    >>> anchor("gpu/", "why")
    'gpu/#why'
    """
    return f"{page}#{fragment}"


@dataclass
class Page:
    """One page of the site on its way to paper."""

    url: str
    """Its address within the language, `gpu/`; empty for the home page."""
    pages: set[str]
    """Addresses of all pages of the book."""
    anchors: set[str]
    """Every label of the book."""
    site: str
    """Public address of the language's site, for links that lead out of the book."""
    noted: dict[str, int] = field(default_factory=dict)
    """Footnotes of this page: address -> its number, so that an address is printed once a page."""
    linked: set[str] = field(default_factory=set)
    """Where links in tables of this page lead: each stands once, for a link is weight in a book and the second one no help."""
    in_table: bool = False
    alike: bool = False
    """Whether many tables of one form follow each other: they stand in columns, under one title, their names without links."""
    turned: bool = False
    """Whether what was set last needs a turned page."""
    entries: dict[str, str] = field(default_factory=dict)
    """Pages of the site that are one row of a table here -> the address of this page once that row is set; empty until then."""

    def content(self, element: Element) -> str:
        """The children of an element as a Typst content block `[…]`."""
        return "[" + "".join(self.nodes(element)) + "]"

    def cell(self, element: Element) -> str:
        """The content of a cell or a link. Plain text goes in as a string: in a large table that halves the memory."""
        content = self.content(element)
        plain = re.fullmatch(r'\[#("(?:[^"\\]|\\.)*")\]', content)
        return plain[1] if plain else content

    def nodes(self, element: Element) -> Iterator[str]:
        """Text and children, in order; what is white between blocks is no text."""
        between_blocks = any(child.tag in BLOCKS for child in element)

        def text(run: str | None) -> str:
            return "\n" if between_blocks and not (run or "").strip() else self.text(run)

        parts = [text(element.text)]
        for child in element:
            if isinstance(child.tag, str):
                parts.append(self.node(child))
                if self.turned and element.tag in TURNS:
                    self.turned = False
                    parts[-1] = f"#turned[{_headings_before(parts)}{parts[-1]}]\n"
            parts.append(text(child.tail))
        yield from parts

    def text(self, text: str | None) -> str:
        """A run of text; line ends between Chinese characters are no spaces."""
        if not text:
            return ""
        text = re.sub(r"(?<=[\u3000-\u9fff\uff00-\uffef])\s*\n\s*(?=[\u3000-\u9fff\uff00-\uffef])", "", text)
        text = re.sub(r"[ \t\r\n]+", " ", text)
        text = RATE.sub("\\1/\u2060s", text)
        return f"#{literal(text)}" if text else ""

    def node(self, element: Element) -> str:
        """One element."""
        tag = element.tag
        classes = set((element.get("class") or "").split())
        unseen = element.get("aria-hidden") == "true" and tag != "svg"
        if tag in LEFT_OUT or classes & LEFT_OUT_CLASSES or unseen or "hidden" in element.attrib:
            return ""
        mark = self.label(element)
        if tag in TRANSPARENT:
            special = next((BY_CLASS[name] for name in BY_CLASS if name in classes), None)
            inner = special(self, element) if special else "".join(self.nodes(element))
            return mark + inner if tag in INLINE else f"{mark}#parbreak(){inner}#parbreak()"
        try:
            return mark + BY_TAG[tag](self, element)
        except KeyError:
            raise CannotSet(f"an element <{tag}> that paper does not know, line {element.sourceline}") from None

    def label(self, element: Element) -> str:
        """A place that links can lead to."""
        name = element.get("id")
        if not name or anchor(self.url, name) not in self.anchors or re.fullmatch(r"h[1-6]", str(element.tag)):
            return ""
        return f"#place-label({literal(anchor(self.url, name))})"

    def target(self, address: str) -> tuple[str, str]:
        """Where a link leads: ("inside", label) or ("outside", address)."""
        parts = urlsplit(urljoin(f"https://book/{self.url}", address))
        if parts.netloc != "book":
            return "outside", urljoin(f"https://book/{self.url}", address)
        page = unquote(parts.path).lstrip("/").removesuffix("index.html")
        label = anchor(page, unquote(parts.fragment))
        if page in self.entries:
            return "inside", anchor(page)
        if label in self.anchors:
            return "inside", label
        if page in self.pages:
            return "inside", anchor(page)
        return "outside", urljoin(self.site, page) + (f"#{parts.fragment}" if parts.fragment else "")


Setter: TypeAlias = Callable[[Page, Element], str]
"""What sets an element of a page."""
BY_TAG: dict[str, Setter] = {}
"""Tag -> what sets such an element; each module of this folder adds its own."""
BY_CLASS: dict[str, Setter] = {}
"""The same for elements that mean nothing by their tag."""


def _headings_before(parts: list[str]) -> str:
    """Takes the headings that stand right before the last part with it: none stays behind on the page before."""
    taken: list[str] = []
    for index in range(len(parts) - 2, -1, -1):
        if parts[index].startswith("\n#heading("):
            taken.insert(0, parts[index])
            parts[index] = ""
        elif parts[index].strip():
            break
    return "".join(taken)
