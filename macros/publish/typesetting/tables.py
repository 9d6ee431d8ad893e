"""Tables: what each column holds, how wide it is, and whether the page turns for it."""

from __future__ import annotations

from collections.abc import Iterator

from macros.publish import columns
from macros.publish.typesetting.page import BY_TAG, Element, Page, literal
from macros.publish.typesetting.text import words

NARROW_LINE, NARROW_SIZES = 150.0, (6.6,)
"""Room and type of a table in a column [pt]."""


def _table(page: Page, element: Element) -> str:
    outer, page.in_table = page.in_table, True
    head = list(element.iterfind("thead/tr"))
    body = [row for row in element.iter("tr") if row not in head]
    rows = [*head, *body]
    if not rows:
        page.in_table = outer
        return ""
    count = max(sum(int(cell.get("colspan") or 1) for cell in row if cell.tag in {"td", "th"}) for row in rows)

    def cells(row: Element) -> Iterator[str]:
        column = 0
        for cell in row:
            if cell.tag not in {"td", "th"}:
                continue
            options = [f"{name}: {int(cell.get(name))}" for name in ("colspan", "rowspan") if int(cell.get(name) or 1) > 1]
            if _is_number(cell) != numeric[min(column, count - 1)]:
                options.append(f"align: {'right' if _is_number(cell) else 'left'}")
            inner = page.cell(cell)
            yield f"table.cell({', '.join(options)}, {inner})" if options else inner
            column += int(cell.get("colspan") or 1)

    numeric = _numeric(body, count)
    parts = [", ".join(cells(row)) for row in body]
    header = ", ".join(cell for row in head for cell in cells(row))
    caption = next(iter(element.iterfind("caption")), None)
    title = page.content(caption) if caption is not None and not page.alike else "none"
    formulas = ", ".join(f"raw({literal(name)})" for name in element.xpath("../../details[contains(@class, 'table-proof')]//@data-formula"))
    page.in_table = outer
    listed = ",\n  ".join(part for part in parts if part)
    held = _columns(head, body, count)
    fit = columns.fit(held, NARROW_LINE, NARROW_SIZES) if page.alike else columns.fit(held)
    page.turned = page.turned or fit.turned
    widths = ", ".join(fit.widths)
    aligned = ", ".join("right" if number else "left" for number in numeric)
    shown = f"{_named(body)}, {title}, {_list_of(formulas)}, {_list_of(header)}"
    return f"\n#data-table({fit.size}pt, {fit.inset / 2}pt, ({widths},), ({aligned},), {shown},\n  ({listed},))\n"


def _list_of(items: str) -> str:
    return f"({items},)" if items else "()"


def _numeric(body: list[Element], count: int) -> list[bool]:
    """Columns of numbers."""
    full = [[cell for cell in row if cell.tag in {"td", "th"}] for row in body]
    full = [row for row in full if len(row) == count]
    return [any(_is_number(row[index]) for row in full) for index in range(count)]


def _named(body: list[Element]) -> str:
    """Whether the first column names the rows."""
    return "true" if any(cell.tag == "th" for row in body for cell in row[:1]) else "false"


def _columns(head: list[Element], body: list[Element], count: int) -> list[columns.Column]:
    """What each column of a table holds; cells that span several columns fit themselves in."""

    def whole(rows: list[Element]) -> list[list[str]]:
        cells = [[cell for cell in row if cell.tag in {"td", "th"}] for row in rows]
        return [[" ".join(words(cell).split()) for cell in row] for row in cells if len(row) == count]

    headings, rows = whole(head)[:1] or [[""] * count], whole(body)
    return [columns.column(headings[0][index], [row[index] for row in rows], bold=not index) for index in range(count)]


def _is_number(cell: Element) -> bool:
    classes = set((cell.get("class") or "").split())
    return "n" in classes or "text-align: right" in (cell.get("style") or "")


BY_TAG["table"] = _table
