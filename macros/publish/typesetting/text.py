"""Words: paragraphs, headings, lists, links, code."""

from __future__ import annotations

from macros.publish.typesetting.page import BY_CLASS, BY_TAG, Element, Page, Setter, anchor, literal

ZERO_WIDTH_SPACE = "\u200b"


def _paragraph(page: Page, element: Element) -> str:
    if element.get("class") == "equation":
        return f"#align(center){page.content(element)}\n"
    following = element.getnext()
    announces = following is not None and following.tag != "p" and element.text_content().rstrip().endswith((":", "："))
    return f"#{'announcement' if announces else 'par'}{page.content(element)}\n"


def _heading(page: Page, element: Element) -> str:
    level = int(element.tag[1])
    name = element.get("id") or ""
    label = f"#label({literal(anchor(page.url, name))})" if name else ""
    start = f"#place-label({literal(anchor(page.url))})" if element.tag == "h1" else ""
    return f"\n#heading(level: {level}){page.content(element)}{label}{start}\n"


def _link(page: Page, element: Element) -> str:
    address = element.get("href")
    inner = page.cell(element)
    if not address or inner == "[]":
        return f"#{inner}"
    kind, to = page.target(address)
    if kind == "inside" and page.in_table and (page.alike or to in page.linked):
        return f"#{inner}"
    entry = to.removesuffix("#")
    if kind == "inside" and page.entries.get(entry) == "" and page.url and entry.startswith(page.url) and page.in_table:
        page.entries[entry] = page.url
        return f"#place-label({literal(to)})#{inner}"
    if kind == "inside" and page.in_table:
        page.linked.add(to)
    if kind == "inside":
        shown = "" if page.in_table or element.getparent().get("class") == "no-page" else f"#page-of({literal(to)})"
        return f"#link(label({literal(to)}), {inner}){shown}"
    if to in page.noted:
        return f"#link({literal(to)}, {inner})#again({literal(page.url)}, {page.noted[to]})"
    if "".join(element.itertext()).strip() == to:
        return f"#link({literal(to)}, {inner})"
    page.noted[to] = len(page.noted)
    return f"#link({literal(to)}, {inner})#noted({literal(page.url)}, {page.noted[to]}, {literal(to)})"


def _list(function: str) -> Setter:
    def put(page: Page, element: Element) -> str:
        items = ", ".join(page.content(child) for child in element if child.tag == "li")
        start = f"start: {int(element.get('start'))}, " if element.get("start") else ""
        return f"#{function}({start}{items})\n"

    return put


def _terms(page: Page, element: Element) -> str:
    rows, term = [], "[]"
    for child in element.iter("dt", "dd"):
        if child.tag == "dt":
            term = f"[{page.label(child)}" + page.content(child)[1:]
        elif child.tag == "dd":
            rows.append(f"terms.item({term}, {page.content(child)})")
            term = "[]"
    return f"#terms({', '.join(rows)})\n"


def _wrapped(function: str) -> Setter:
    return lambda page, element: f"#{function}{page.content(element)}"


def _small(page: Page, element: Element) -> str:
    """Small type; the range below a figure stands beside it on paper."""
    return f"{' ' * _is_range(element)}#aside{page.content(element)}"


def _is_range(element: Element) -> bool:
    return bool(element.tag == "small" and element.get("class") == "range")


def _code(page: Page, element: Element) -> str:
    return f"#raw({literal(words(element))})"


def code_block(page: Page, element: Element) -> str:
    return f"#raw({literal(element.text_content().rstrip())}, block: true)\n"


def words(element: Element) -> str:
    """The text of an element; where a line may break within a word, a space of no width."""
    parts = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str):
            # The parser takes what follows a <wbr> for its content.
            parts.append(ZERO_WIDTH_SPACE * (child.tag == "wbr") + " " * _is_range(child) + words(child))
        parts.append(child.tail or "")
    return "".join(parts)


BY_TAG.update(
    {
        **{f"h{level}": _heading for level in range(1, 7)},
        "p": _paragraph,
        "a": _link,
        "ul": _list("list"),
        "ol": _list("enum"),
        "dl": _terms,
        "strong": _wrapped("strong"),
        "b": _wrapped("strong"),
        "em": _wrapped("emph"),
        "i": _wrapped("emph"),
        "cite": _wrapped("emph"),
        "q": _wrapped("quote"),
        "small": _small,
        "sub": _wrapped("sub"),
        "sup": _wrapped("super"),
        "mark": _wrapped("highlight"),
        "ins": _wrapped("underline"),
        "del": _wrapped("strike"),
        "code": _code,
        "kbd": _code,
        "samp": _code,
        "var": _wrapped("emph"),
        "pre": code_block,
        "br": lambda page, element: "#linebreak()",
        "wbr": lambda page, element: "#sym.zws" + "".join(page.nodes(element)),
        "hr": lambda page, element: "#line(length: 100%, stroke: 0.5pt + rule-colour)\n",
        "blockquote": lambda page, element: f"#quote(block: true){page.content(element)}\n",
        "address": _wrapped("par"),
        "fieldset": lambda page, element: "",
    }
)
BY_CLASS["highlight"] = code_block
