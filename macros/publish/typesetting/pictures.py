"""Charts and the bars of device pages."""

from __future__ import annotations

import re

from lxml import html

from macros.publish import bar_picture, columns
from macros.publish.typesetting.page import BY_CLASS, BY_TAG, CannotSet, Element, Page, literal
from macros.render.palette import palette

TALLEST_CHART = 310.0
"""Two charts and their captions find room on a page [pt]."""
INK = palette()["ink"].light
CHART_FONT = "Noto Sans CJK SC"


def _figure(page: Page, element: Element) -> str:
    caption = next(iter(element.iterfind("figcaption")), None)
    inner = "".join(page.node(child) for child in element if child is not caption and isinstance(child.tag, str))
    words = page.content(caption) if caption is not None else "none"
    return f"#picture([{inner}], {words})\n"


def _svg(page: Page, element: Element) -> str:
    source = html.tostring(element, encoding="unicode", with_tail=False, method="xml")
    source = re.sub(r"var\(--[\w-]+,\s*(#\w+)\)", r"\1", source).replace("currentColor", INK)
    source = re.sub(r'font-family="[^"]*"', f'font-family="{CHART_FONT}"', source)
    if "xmlns=" not in source:
        source = source.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    title = element.get("aria-label") or element.findtext("title") or ""
    if not title:
        holder = element.getparent()
        title = (holder.get("aria-label") if holder is not None else "") or ""
    if not title:
        raise CannotSet(f"a picture without a text alternative, line {element.sourceline}")
    box = [float(part) for part in (element.get("viewbox") or element.get("viewBox") or "0 0 1 1").split()]
    share = min(1.0, TALLEST_CHART * box[2] / (box[3] * columns.LINE))
    return f'#image(bytes({literal(source)}), format: "svg", width: {share:.1%}, alt: {literal(title)})'


def _bars(page: Page, element: Element) -> str:
    """Bars of plain elements, drawn: paper has no style sheet."""
    shape = bar_picture.picture(element, ink=INK, font=CHART_FONT)
    return f'#image(bytes({literal(shape)}), format: "svg", width: 100%, alt: {literal(element.get("aria-label") or "")})'


def _bars_key(page: Page, element: Element) -> str:
    """What the colours of bars mean."""
    words = (f'#box(width: 0.7em, height: 0.7em, fill: rgb("{bar_picture.colour(one)}")) #{page.content(one)}' for one in element)
    return f"#par[{' #h(1em) '.join(words)}]\n"


BY_TAG.update({"figure": _figure, "svg": _svg})
BY_CLASS.update({"bars": _bars, "bars-key": _bars_key})
