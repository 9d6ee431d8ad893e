"""For programs that read: a Markdown twin beside each page, made from the page itself, and `llms.txt`, which lists them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lxml import html
from lxml.html import HtmlElement

LEFT_OUT = {"script", "style", "link", "template", "noscript", "nav", "button", "input", "label", "select", "form", "textarea", "svg"}
LEFT_OUT_CLASSES = {"headerlink", "table-bar", "table-proof", "provenance", "calculator", "to-calculator"}
SPACE = re.compile(r"\s+")


def twins(site: Path, address: str) -> None:
    """Write `index.md` beside each `index.html`, and `llms.txt` at the root.

    Args:
        site: the built site
        address: where it will be published, with a slash at its end; a path where that is not known
    """
    listed: dict[str, list[str]] = {"": [], "en": []}
    for path in sorted(site.rglob("index.html")):
        article = _article(path)
        if article is None:
            continue
        path.with_suffix(".md").write_text(markdown(article), "utf-8")
        folder = path.parent.relative_to(site).as_posix()
        language = "en" if folder == "en" or folder.startswith("en/") else ""
        if folder.count("/") <= (1 if language else 0):
            title = " ".join(article.findtext(".//h1", "").replace("#", "").split())
            listed[language].append(f"- [{title or folder}]({address}{'' if folder == '.' else folder + '/'}index.md)")
    (site / "llms.txt").write_text(_index(listed, address), "utf-8")


def _index(listed: dict[str, list[str]], address: str) -> str:
    data = (
        f"- [Every model, device and format as records]({address}api/v1/models.json)\n"
        f"- [Every computed table]({address}api/v1/tables/index.json)\n"
        f"- [The question that `estimate` answers, as JSON Schema]({address}api/v1/schema/question.json)"
    )
    return (
        "# Local LLM Hardware Guide\n\n"
        "> Which hardware runs which open-weight language model, how fast, and why. Computed from formulas and sourced specifications. "
        "Each page has a Markdown twin, index.md, beside it.\n\n"
        "## English\n\n" + "\n".join(listed["en"]) + "\n\n## 中文\n\n" + "\n".join(listed[""]) + "\n\n## Data\n\n" + data + "\n"
    )


def _article(path: Path) -> HtmlElement | None:
    tree = html.document_fromstring(path.read_text("utf-8"))
    return next(iter(tree.iter("article")), None)


def markdown(article: HtmlElement) -> str:
    """A page's article as Markdown.

    >>> print(markdown(html.fromstring("<article><h1>GPU<a class='headerlink'>#</a></h1><p>a <b>b</b></p></article>")), end="")
    # GPU
    <BLANKLINE>
    a **b**
    """
    return "\n\n".join(part for part in _blocks(article) if part.strip()) + "\n"


def _skipped(element: HtmlElement) -> bool:
    return not isinstance(element.tag, str) or element.tag in LEFT_OUT or bool(LEFT_OUT_CLASSES & set((element.get("class") or "").split()))


def _blocks(element: HtmlElement) -> Iterator[str]:
    """The blocks inside an element, one after the other."""
    for child in element:
        if _skipped(child):
            continue
        match child.tag:
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                yield f"{'#' * int(child.tag[1])} {_inline(child)}"
            case "p" | "figcaption" | "summary" | "dt":
                yield _inline(child)
            case "ul" | "ol":
                yield "\n".join(f"- {_inline(item)}" for item in child.iterfind("li"))
            case "table":
                yield _table(child)
            case "pre":
                yield f"```\n{child.text_content().strip()}\n```"
            case "math":
                yield child.get("alttext") or _text(child.text_content())
            case _ if child.get("role") == "img":
                yield f"({child.get('aria-label')})"
            case _:
                yield from _blocks(child) if len(child) else iter([_inline(child)])


def _table(table: HtmlElement) -> str:
    """Rows of cells between bars; a heading row of its own where the table has none."""
    rows = [[_inline(cell).replace("|", "\\|") for cell in row if cell.tag in ("th", "td")] for row in table.iter("tr")]
    if not rows:
        return ""
    caption = table.findtext("caption")
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return (f"**{_text(caption)}**\n\n" if caption else "") + "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _text(text: str | None) -> str:
    return SPACE.sub(" ", text or "").strip()


def _inline(element: HtmlElement) -> str:
    return SPACE.sub(" ", "".join(_pieces(element))).strip()


def _pieces(element: HtmlElement) -> Iterator[str]:
    """The text of an element, with the marks of links, emphasis and code."""
    yield element.text or ""
    for child in element:
        if not _skipped(child):
            inner = "".join(_pieces(child))
            match child.tag:
                case "a" if child.get("href") and inner.strip():
                    yield f"[{inner.strip()}]({child.get('href')})"
                case "strong" | "b" if inner.strip():
                    yield f"**{inner.strip()}**"
                case "code":
                    yield f"`{inner}`"
                case "math":
                    yield child.get("alttext") or inner
                case "br" | "div" | "p" | "li" | "small":
                    yield f" {inner} "
                case _:
                    yield inner
        yield child.tail or ""
