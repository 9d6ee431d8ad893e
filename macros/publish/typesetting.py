"""Built HTML -> Typst: the same words, tables, charts and formulas, set for paper.

Everything is written in Typst's code mode, text as string literals, so that nothing in a page can be taken for markup.
An element that is not known here is refused by name: nothing gets lost without a word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import unquote, urljoin, urlsplit

from lxml import html

from macros.publish import bar_picture, columns
from macros.render.palette import palette

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
TALLEST_CHART = 310.0
"""Two charts and their captions find room on a page [pt]."""
NARROW_LINE, NARROW_SIZES = 150.0, (6.6,)
"""Room and type of a table in a column [pt]."""
TURNS = {"article", "section", "details"}
"""Elements whose parts may stand on pages of their own."""


class CannotSet(Exception):  # noqa: N818  (told to the user as it is)
    """A page that cannot be turned into paper, and why."""


INK = palette()["ink"].light
ZERO_WIDTH_SPACE = "\u200b"
RATE = re.compile(r"\b([KMGT]i?B|[MG]T|tokens)/s\b")
"""Units in which no line breaks."""
CHART_FONT = "Noto Sans CJK SC"


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


def _list(function: str) -> Callable[[Page, Element], str]:
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


def _wrapped(function: str) -> Callable[[Page, Element], str]:
    return lambda page, element: f"#{function}{page.content(element)}"


def _small(page: Page, element: Element) -> str:
    """Small type; the range below a figure stands beside it on paper."""
    return f"{' ' * _is_range(element)}#aside{page.content(element)}"


def _is_range(element: Element) -> bool:
    return bool(element.tag == "small" and element.get("class") == "range")


def _code(page: Page, element: Element) -> str:
    return f"#raw({literal(words(element))})"


def _code_block(page: Page, element: Element) -> str:
    return f"#raw({literal(element.text_content().rstrip())}, block: true)\n"


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


def words(element: Element) -> str:
    """The text of an element; where a line may break within a word, a space of no width."""
    parts = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str):
            # The parser takes what follows a <wbr> for its content.
            parts.append(ZERO_WIDTH_SPACE * (child.tag == "wbr") + " " * _is_range(child) + words(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _is_number(cell: Element) -> bool:
    classes = set((cell.get("class") or "").split())
    return "n" in classes or "text-align: right" in (cell.get("style") or "")


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


def _bars(page: Page, element: Element) -> str:
    """Bars of plain elements, drawn: paper has no style sheet."""
    shape = bar_picture.picture(element, ink=INK, font=CHART_FONT)
    return f'#image(bytes({literal(shape)}), format: "svg", width: 100%, alt: {literal(element.get("aria-label") or "")})'


def _bars_key(page: Page, element: Element) -> str:
    """What the colours of bars mean."""
    words = (f'#box(width: 0.7em, height: 0.7em, fill: rgb("{bar_picture.colour(one)}")) #{page.content(one)}' for one in element)
    return f"#par[{' #h(1em) '.join(words)}]\n"


def _footnotes(page: Page, element: Element) -> str:
    return "".join(page.nodes(element))


SPACING = {
    **dict.fromkeys("([{⌊⌈", "opening"),
    **dict.fromkeys(")]}⌋⌉", "closing"),
    **dict.fromkeys(",;", "punctuation"),
    **dict.fromkeys("|", "fence"),
    **dict.fromkeys("=<>≤≥≠≈→", "relation"),
    **dict.fromkeys("+-−×·⋅/÷*", "binary"),
}
"""How Typst sets a sign apart from what stands around it."""


def math(element: Element) -> str:
    """MathML -> Typst's math, written as code."""
    tag = str(element.tag).split("}")[-1]
    children = [child for child in element if isinstance(child.tag, str)]
    word = (element.text or "").strip()

    def row(items: list[Element]) -> str:
        # Cases bring their own brace.
        shown = [item for item, after in zip(items, [*items[1:], None], strict=True) if after is None or str(after.tag) != "mtable"]
        return " ".join(math(item) for item in shown)

    match tag:
        case "math" | "mrow" | "mstyle" | "mpadded" | "mtd":
            return row(children)
        case "semantics":
            return math(children[0])
        case "annotation" | "mphantom":
            return ""
        case "mspace":
            return "#h(0.3em)"
        case "mi" | "mtext" | "mn" | "mo" | "ms":
            if not word:
                return ""
            if tag == "mo":
                return f"#math.class({literal(SPACING.get(word, 'normal'))}, {literal(word)})"
            if tag == "mi" and len(word) == 1:
                return f"#math.italic({literal(word)})"
            return f"#math.upright({literal(word)})"
        case "mfrac":
            return f"#math.frac($ {math(children[0])} $, $ {math(children[1])} $)"
        case "msqrt":
            return f"#math.sqrt($ {row(children)} $)"
        case "msub" | "munder":
            return f"#math.attach($ {math(children[0])} $, b: $ {math(children[1])} $)"
        case "msup" | "mover":
            return f"#math.attach($ {math(children[0])} $, t: $ {math(children[1])} $)"
        case "msubsup" | "munderover":
            return f"#math.attach($ {math(children[0])} $, b: $ {math(children[1])} $, t: $ {math(children[2])} $)"
        case "mfenced":
            return f"#math.lr($ ({row(children)}) $)"
        case "mtable":
            rows = (" #math.quad ".join(math(cell) for cell in line) for line in children)
            return f"#math.cases({', '.join(f'$ {line} $' for line in rows)})"
    raise CannotSet(f"a formula with <{tag}>, line {element.sourceline}")


def _equation(page: Page, element: Element) -> str:
    alternative = element.get("alttext") or element.get("aria-label") or " ".join(element.itertext())
    block = "true" if element.get("display") == "block" else "false"
    return f"#math.equation(block: {block}, alt: {literal(' '.join(alternative.split()))}, $ {math(element)} $)"


BY_CLASS: dict[str, Callable[[Page, Element], str]] = {
    "what-runs": _what_runs,
    "bars": _bars,
    "bars-key": _bars_key,
    "formula": _formula,
    "admonition": _admonition,
    "tabbed-set": _tabs,
    "highlight": lambda page, element: _code_block(page, element),
    "footnote": _footnotes,
}

BY_TAG: dict[str, Callable[[Page, Element], str]] = {
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
    "pre": _code_block,
    "br": lambda page, element: "#linebreak()",
    "wbr": lambda page, element: "#sym.zws" + "".join(page.nodes(element)),
    "hr": lambda page, element: "#line(length: 100%, stroke: 0.5pt + rule-colour)\n",
    "blockquote": lambda page, element: f"#quote(block: true){page.content(element)}\n",
    "table": _table,
    "figure": _figure,
    "svg": _svg,
    "details": _details,
    "math": _equation,
    "address": _wrapped("par"),
    "fieldset": lambda page, element: "",
}
