"""What stands in a frame or a list of its own: folded parts, notes, tabs, formulas with their arguments, what to run."""

from __future__ import annotations

from macros.publish.typesetting.page import BY_CLASS, BY_TAG, Element, Page


def _opened(page: Page, element: Element, title: str) -> str:
    # A frame cannot hold a table that turns its page.
    frame = "listed" if any(True for _ in element.iter("table")) else "framed"
    return f"#{frame}({title}, {page.content(element)})\n"


def _details(page: Page, element: Element) -> str:
    return _opened(page, element, _summary(page, element))


def _summary(page: Page, element: Element) -> str:
    """What a folded part is called; taken out of it."""
    summary = next(iter(element.iterfind("summary")), None)
    if summary is None:
        return "none"
    title = page.content(summary)
    summary.drop_tree()
    return title


def _formula(page: Page, element: Element) -> str:
    # An equation and what it says stay on one page, unless that would leave half of the one before empty.
    short = len(element.xpath(".//dt")) <= 14
    return f"#{'together' if short else 'par'}{page.content(element)}\n"


def _admonition(page: Page, element: Element) -> str:
    title = next((child for child in element if "admonition-title" in (child.get("class") or "")), None)
    words = page.content(title) if title is not None else "none"
    if title is not None:
        title.drop_tree()
    return _opened(page, element, words)


def _tabs(page: Page, element: Element) -> str:
    labels = [page.content(label) for label in element.iterfind("div[@class='tabbed-labels']/label")]
    blocks = element.findall("div[@class='tabbed-content']/div")
    return "".join(_opened(page, block, label) for label, block in zip(labels, blocks, strict=True))


def _what_runs(page: Page, element: Element) -> str:
    """What to run: for each kind of machine a table, with a row of models for each size of memory."""
    outer, page.alike = page.alike, True
    parts = []
    for label, sizes in zip(element.iterfind("label"), element.iterfind("dl"), strict=True):
        rows = []
        for size in sizes.iterfind("div"):
            models = size.findall("dd/ul/li") or size.findall("dd")
            rows.append(f"({page.content(size.find('dt'))}, ({', '.join(page.content(model) for model in models)},))")
        parts.append(f"#answers({page.content(label)}, ({', '.join(rows)},))\n")
    page.alike = outer
    return "".join(parts)


def _footnotes(page: Page, element: Element) -> str:
    return "".join(page.nodes(element))


BY_TAG["details"] = _details
BY_CLASS.update({"what-runs": _what_runs, "formula": _formula, "admonition": _admonition, "tabbed-set": _tabs, "footnote": _footnotes})
