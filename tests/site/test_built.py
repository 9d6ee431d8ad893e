"""What only the built site can show: pages without leftovers, links that lead somewhere, and two languages that agree."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from macros.tables import tables

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Document(HTMLParser):
    """Links, ids, texts and tables of one page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.headings: list[tuple[str, str]] = []
        self.tables: list[tuple[str, list[list[str]]]] = []
        self.text: list[str] = []
        self.meta: dict[str, str] = {}
        self._within: list[tuple[str, dict[str, str]]] = []
        self.title = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        named = {key: value or "" for key, value in attrs}
        if tag not in VOID:
            self._within.append((tag, named))
        if "id" in named:
            self.ids.append(named["id"])
        for key in ("href", "src"):
            if key in named:
                self.links.append((tag, named[key]))
        if tag == "meta" and "name" in named:
            self.meta[named["name"]] = named.get("content", "")
        if tag in ("h1", "h2", "h3"):
            self.headings.append((tag, named.get("id", "")))
        if tag == "table":
            self.tables.append((next((at["data-table"] for _, at in reversed(self._within) if "data-table" in at), ""), []))
        if tag == "tr" and self.tables:
            self.tables[-1][1].append([])
        if tag in ("td", "th") and self.tables:
            self.tables[-1][1][-1].append("")

    def handle_endtag(self, tag):
        while self._within and self._within.pop()[0] != tag:
            pass

    def handle_data(self, data):
        inside = [tag for tag, _ in self._within]
        if "title" in inside and "svg" not in inside:
            self.title += data
        if "script" not in inside and "style" not in inside:
            if "pre" not in inside and "code" not in inside:
                self.text.append(data)
            if self.tables and ("td" in inside or "th" in inside):
                self.tables[-1][1][-1][-1] += data


@cache
def read(path: Path) -> Document:
    return Document(path.read_text("utf-8"))


@pytest.fixture(scope="session")
def pages(site):
    """Address below the root of its language -> file, for each language."""
    found = {"zh": {}, "en": {}}
    for path in sorted(site.rglob("*.html")):
        name = path.relative_to(site).as_posix()
        if name not in ("404.html", "en/404.html"):
            found["en" if name.startswith("en/") else "zh"][name.removeprefix("en/")] = path
    return found


def test_both_languages_have_the_same_pages(pages):
    assert list(pages["zh"]) == list(pages["en"])
    assert len(pages["zh"]) > 100


def test_every_record_has_a_page(pages, catalogue):
    wanted = {f"models/{name}/index.html" for name in catalogue.models}
    wanted |= {f"devices/{name}/index.html" for name in [*catalogue.gpus, *catalogue.cpus]}
    assert wanted <= set(pages["zh"])


def test_nothing_is_left_of_templates_and_macros(pages):
    wrong = []
    for path in [*pages["zh"].values(), *pages["en"].values()]:
        text = " ".join(read(path).text)
        for mark in ("{{", "}}", "{%", "slot0x", "Macro", "Undefined", "Traceback"):
            if re.search(rf"(?<!\w){re.escape(mark)}(?!\w)", text):
                wrong.append((path.as_posix(), mark, re.findall(rf".{{0,40}}{re.escape(mark)}.{{0,40}}", text)[:1]))
        wrong += [
            (path.as_posix(), cell) for _, rows in read(path).tables for row in rows for cell in row if cell.strip() in ("None", "nan")
        ]
    assert not wrong, wrong[:5]


def test_no_link_and_no_anchor_is_broken(site, pages):
    """What stands behind # with an equals sign is a question for the calculator, and no anchor."""
    wrong = []
    for path in [*pages["zh"].values(), *pages["en"].values()]:
        here = "/" + path.relative_to(site).as_posix().removesuffix("index.html")
        for tag, link in read(path).links:
            parts = urlsplit(urljoin(here, link))
            if parts.scheme in ("https", "http", "data", "mailto"):
                if tag not in ("a", "link") and parts.scheme != "data":
                    wrong.append((here, f"{tag} loads {link}"))
                continue
            target = site / unquote(parts.path).lstrip("/")
            target = target / "index.html" if parts.path.endswith("/") else target
            if not target.is_file() or (
                parts.fragment
                and "=" not in parts.fragment
                and target.suffix == ".html"
                and unquote(parts.fragment) not in read(target).ids
            ):
                wrong.append((here, link))
    assert not wrong, (len(wrong), wrong[:10])


def test_ids_are_unique(pages):
    wrong = []
    for path in [*pages["zh"].values(), *pages["en"].values()]:
        twice = [name for name, count in Counter(read(path).ids).items() if count > 1]
        wrong += [(path.as_posix(), twice)] if twice else []
    assert not wrong, wrong[:5]


def test_headings_have_the_same_anchors(pages):
    wrong = [name for name, path in pages["zh"].items() if read(path).headings != read(pages["en"][name]).headings]
    assert not wrong, [(name, read(pages["zh"][name]).headings, read(pages["en"][name]).headings) for name in wrong[:3]]


NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


def test_tables_are_equal_to_the_last_digit(pages):
    wrong = []
    for name, path in pages["zh"].items():
        chinese, english = read(path).tables, read(pages["en"][name]).tables
        if [table for table, _ in chinese] != [table for table, _ in english]:
            wrong.append((name, "tables"))
            continue
        for (table, rows), (_, others) in zip(chinese, english, strict=True):
            # The first rows are headings; a name may be spelt in another order of words, a number may not.
            for row, other in zip(rows[1:], others[1:], strict=True):
                for cell, counterpart in zip(row, other, strict=True):
                    plain = not re.search(r"\w", NUMBER.sub("", cell))  # a number and nothing else; sentences may count differently
                    if plain and NUMBER.findall(cell) != NUMBER.findall(counterpart):
                        wrong.append((name, table, cell, counterpart))
    assert not wrong, wrong[:5]


def test_every_table_is_shown(pages):
    shown = {table for path in pages["zh"].values() for table, _ in read(path).tables}
    shown |= {name for path in pages["zh"].values() for name in re.findall(r'data-table-files="([\w-]+)"', path.read_text("utf-8"))}
    assert not set(tables()) - shown, sorted(set(tables()) - shown)


def test_every_page_tells_search_engines_what_it_is(pages):
    for language, found in pages.items():
        seen = Counter(read(path).title for path in found.values())
        assert [title for title, count in seen.items() if count > 1] == [], language
        short = [name for name, path in found.items() if not 20 <= len(read(path).meta.get("description", "")) <= 220]
        assert not short, (language, [(name, read(found[name]).meta.get("description")) for name in short[:3]])


def test_site_map_lists_every_page(site, pages):
    for language, folder in (("zh", site), ("en", site / "en")):
        listed = re.findall(r"<loc>(.*?)</loc>", (folder / "sitemap.xml").read_text("utf-8"))
        assert len(listed) == len(set(listed)) == len(pages[language])


def test_data_files_say_what_the_tables_say(site):
    index = json.loads((site / "api/v1/tables/index.json").read_text("utf-8"))
    assert [entry["id"] for entry in index] == sorted(tables())
    for entry in index:
        whole = json.loads((site / f"api/v1/tables/{entry['id']}.json").read_text("utf-8"))
        assert set(whole) == {"id", "title", "key", "columns", "rows"}
        names = [column["id"] for column in whole["columns"]]
        assert all(list(row) == names for row in whole["rows"])
        lines = (site / f"api/v1/tables/{entry['id']}.csv").read_text("utf-8-sig").splitlines()
        assert len(lines) >= len(whole["rows"]) + 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_page_leads_to_the_file_that_it_is_made_of(pages, language):
    root, led = Path(__file__).parents[2], {}
    for name, path in pages[language].items():
        files = {urlsplit(link).path.partition("/edit/main/")[2] for _, link in read(path).links if "/edit/main/" in link}
        assert len(files) == 1, name
        led[name] = files.pop()
    assert not [(name, file) for name, file in led.items() if not (root / file).is_file()]
    assert led["gpu/index.html"] == f"docs/{language}/gpu.md"
    assert led["devices/rtx-3090/index.html"] == "data/gpus/rtx-3090.yaml"
