"""The guide as a book: the built pages of one language, set by Typst into one PDF.

Typst and not a browser or WeasyPrint: it sets a page in some milliseconds where those take 0.2 and 0.9 s, keeps headings with what
follows, repeats table heads, tags the document, knows where Chinese lines may break, and gives the same bytes for the same input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import html

from macros.publish.beside import beside
from macros.publish.edition import NAME, Edition
from macros.publish.site import workshop
from macros.publish.typesetting import CannotSet, Page, anchor, literal
from macros.render.palette import palette

FONTS = {"Noto Sans CJK SC": "fonts-noto-cjk"}
"""Typefaces of the book -> the Debian package that has them. Its Latin letters are drawn to go with its Chinese."""
FONT_FOLDERS = ("/usr/share/fonts/opentype/noto", "/usr/share/fonts/noto-cjk", "/usr/share/fonts/google-noto-cjk")
FONT_FILES = ("NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc")

WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "title": "本地大模型硬件指南",
        "other-title": "Local LLM Hardware Guide",
        "subtitle": "哪些硬件能运行哪些开放权重的大语言模型、速度多少、为什么。书中的数字都由公式和有出处的规格算出。",
        "authors": "本地大模型硬件指南的作者们",
        "contents": "目录",
        "version": "版本",
        "data": "数据日期",
        "licence": "许可",
        "address": "网址",
        "licences": "文字与图表 CC BY 4.0，数据 CC0 1.0，代码 MIT；字体 Noto：SIL OFL 1.1",
    },
    "en": {
        "title": "Local LLM Hardware Guide",
        "other-title": "本地大模型硬件指南",
        "subtitle": "Which hardware runs which open-weight language model, how fast, and why. "
        "Every figure is computed from formulas and sourced specifications.",
        "authors": "the authors of the Local LLM Hardware Guide",
        "contents": "Contents",
        "version": "Version",
        "data": "Date of the data",
        "licence": "Licence",
        "address": "Address",
        "licences": "Prose and charts CC BY 4.0, data CC0 1.0, code MIT; typefaces Noto: SIL OFL 1.1",
    },
}


def fonts() -> list[str]:
    """Folders with the typefaces; raises CannotSet with the command that installs what is missing, before any work."""
    found = [folder for folder in FONT_FOLDERS if all((Path(folder) / name).is_file() for name in FONT_FILES)]
    if not found:
        needed = ", ".join(FONT_FILES)
        raise CannotSet(
            f"expected the typeface {next(iter(FONTS))} ({needed}) in one of {', '.join(FONT_FOLDERS)}. "
            f"found none. Fix: apt-get install {next(iter(FONTS.values()))} (Debian, Ubuntu), or the package of that name elsewhere"
        )
    return found[:1]


def article(path: Path) -> Any:
    """The part of a built page that is the page."""
    tree = html.parse(str(path), parser=html.HTMLParser(encoding="utf-8"))
    found = tree.xpath("//article[@id='content']") or tree.xpath("//main")
    if not found:
        raise CannotSet("a page without an article")
    return found[0]


def write(site: Path, dist: Path, edition: Edition) -> None:
    """Both books. Each is set in a process of its own: two cores work, and no process holds more than one book."""
    fonts()
    books = {language: book(site if language == "zh" else site / language, language, edition) for language in WORDS}
    dist.mkdir(parents=True, exist_ok=True)
    with workshop(dist / "books") as aside, beside(len(books), fresh=True) as pool:
        done = {language: pool.submit(typeset, text, aside / language, edition.timestamp) for language, text in books.items()}
        made = {language: one.result() for language, one in done.items()}
        for language, book_of in made.items():
            book_of.replace(dist / f"{NAME}-{language}.pdf")


def chapters(site: Path) -> list[str]:
    """Addresses of the pages in the order of the navigation, as the home page shows it; what one only looks up is not printed."""
    tree = html.parse(str(site / "index.html"), parser=html.HTMLParser(encoding="utf-8"))
    shown = [urlsplit(urljoin("https://book/", address)).path.lstrip("/") for address in tree.xpath("//nav[@id='navigation']//a/@href")]
    there = [page for page in dict.fromkeys(shown) if (site / page / "index.html").is_file()]
    return [page for page in there if article(site / page / "index.html").get("data-for") != "lookup"]


def book(site: Path, language: str, edition: Edition) -> str:
    """The Typst source of one language's book.

    Args:
        site: folder of the language's built pages
        language: zh or en
        edition: what the title page says
    """
    order = chapters(site)
    articles = {page: article(site / page / "index.html") for page in order}
    address = _address(site)
    anchors = {anchor(page) for page in order}
    anchors |= {anchor(page, name) for page, root in articles.items() for name in root.xpath(".//@id")}
    entries = dict.fromkeys(_entries(site, order), "")
    words = WORDS[language]

    def put(page: str) -> str:
        try:
            return "".join(Page(page, set(order), anchors, address, entries=entries).nodes(articles[page]))
        except CannotSet as error:
            raise CannotSet(f"{language}/{page or 'home'}: {error}") from None

    body = [put(page) for page in order]
    if lost := sorted(page for page, where in entries.items() if not where):
        raise CannotSet(f"{language}: pages that no table of the book has a row for: {', '.join(lost[:5])}")
    facts = (
        (words["version"], edition.version),
        (words["data"], edition.data_date),
        (words["licence"], words["licences"]),
        (words["address"], address),
    )
    listed = ", ".join(f"({literal(name)}, {literal(value)})" for name, value in facts)
    spoken = ", ".join(f"{literal(name)}: {literal(text)}" for name, text in words.items())
    edition_line = f"{words['title']} {edition.version} · {edition.data_date}"
    return f"""#import "book.typ": *
#let words = ({spoken}, edition: {literal(edition_line)})
#show: setup.with(title: words.title, language: {literal(language)}, description: words.subtitle,
  fonts: ({", ".join(literal(name) for name in FONTS)},), mono: ("DejaVu Sans Mono", "Noto Sans Mono CJK SC"), words: words)
#title-page(words, ({listed},))
#contents(words.contents)
{"".join(body)}"""


def colours() -> str:
    """The palette of the pages on paper, for book.typ."""
    named = ", ".join(f"{literal(name)}: rgb({literal(colour.light)})" for name, colour in palette().items())
    return f"#let palette = ({named})\n"


def _address(site: Path) -> str:
    """Where the pages stand in public."""
    tree = html.parse(str(site / "index.html"), parser=html.HTMLParser(encoding="utf-8"))
    return str(next(iter(tree.xpath("//link[@rel='canonical']/@href")), ""))


def _entries(site: Path, order: Sequence[str]) -> list[str]:
    """Pages under a chapter (one for each model, each device): in the book they are rows of that chapter's table."""
    return sorted(f"{chapter}{page.parent.name}/" for chapter in order if chapter for page in (site / chapter).glob("*/index.html"))


def typeset(source: str, work: Path, timestamp: int) -> Path:
    """Set one book.

    Args:
        source: the book in Typst
        work: a folder for it, to be made
        timestamp: its date [s since 1970], so that equal input gives equal bytes

    Returns:
        The finished PDF, in that folder.
    """
    import pikepdf
    import typst

    folders = fonts()
    work.mkdir()
    (work / "book.typ").write_bytes((Path(__file__).parent / "book.typ").read_bytes())
    (work / "palette.typ").write_text(colours(), "utf-8")
    (work / "main.typ").write_text(source, "utf-8")
    made = work / "book.pdf"
    try:
        typst.compile(
            str(work / "main.typ"),
            output=str(made),
            root=str(work),
            font_paths=folders,
            ignore_system_fonts=True,
            timestamp=timestamp,
            pdf_standards=["ua-1"],
        )
    except typst.TypstError as error:
        raise CannotSet(f"{work.name}: {error}") from None
    packed = work / "packed.pdf"
    # A tagged table is thousands of small objects: packed into streams they take a third of the room.
    with pikepdf.open(made) as whole:
        whole.save(packed, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    return packed
