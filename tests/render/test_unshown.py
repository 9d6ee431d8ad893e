"""What is made for readers reaches them: columns, pages, and colours that all drawings share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from macros.render import palette, unshown
from macros.tables import tables

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def copy(tmp_path):
    """What is authored of pages and looks, to be spoilt."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    for name in ("mkdocs.yml", "mkdocs.en.yml"):
        shutil.copy(ROOT / name, tmp_path)
    for room in ("render", "publish"):
        shutil.copytree(ROOT / "macros" / room, tmp_path / "macros" / room)
    palette.palette.cache_clear()
    return tmp_path


def replace(path: Path, old: str, new: str) -> int:
    """Replace a text that is there; its line."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_a_column_that_no_page_shows(monkeypatch, copy):
    """Forgotten under columns= in both languages: named with its declaration; not so the key, nor what is for data files alone."""
    for language in ("zh", "en"):
        shutil.rmtree(copy / "docs" / language)
        (copy / "docs" / language).mkdir()
        text = '{{ table("gpus", columns=["gpu", "vendor"]) }} and {{ value(table="gpus", gpu="rtx-3090", get="bandwidth") }}\n'
        (copy / "docs" / language / "gpu.md").write_text(text, "utf-8")
    known = tables()["gpus"]
    left = [one.id for one in known.columns if one.id not in {*known.key, "gpu", "vendor", "bandwidth"} and not one.only_data]
    monkeypatch.setattr(unshown, "_place", lambda root, table, column: ("macros/tables/devices.py", 1))
    found = list(unshown.columns(copy))
    assert [error.key for error in found] == [f"gpus.{column}" for column in left]
    assert left
    assert all("columns= in docs/en/gpu.md" in error.fix for error in found)


def test_where_a_column_is_declared():
    path, line = unshown._place(ROOT, tables()["gpus"], "bandwidth")
    assert 'Column("bandwidth"' in (ROOT / path).read_text("utf-8").splitlines()[line - 1]


def test_a_page_that_the_navigation_lacks(copy):
    """In either language."""
    (copy / "docs/zh/lost.md").write_text("# 失落\n", "utf-8")
    replace(copy / "mkdocs.en.yml", "  - Calculator: calculator.md\n", "")
    assert [(error.path, error.fix) for error in unshown.pages(copy)] == [
        ("docs/zh/lost.md", "add a line `- …: lost.md` under `nav:` of mkdocs.yml"),
        ("docs/en/calculator.md", "add a line `- …: calculator.md` under `nav:` of mkdocs.en.yml"),
    ]


@pytest.mark.parametrize(
    ("name", "old", "new", "key"),
    [
        ("macros/render/charts/memory.py", '"color": INK', '"color": "#123456"', "#123456"),
        ("docs/theme/css/calculator.css", "color: var(--soft)", "color: #abc", "#abc"),
        ("macros/publish/book.typ", "fill: panel", 'fill: rgb("#f3f5f7")', "#f3f5f7"),
        ("macros/render/charts/__init__.py", 'palette()["ink"]', 'palette()["inc"]', "inc"),
    ],
)
def test_a_colour_of_its_own(copy, name, old, new, key):
    """Charts, style sheets and the book draw with one palette."""
    line = replace(copy / name, old, new)
    found = list(palette.strangers(copy))
    assert {(error.path, error.key) for error in found} == {(name, key)}
    assert found[0].line == line


def test_nothing_is_wrong_now():
    assert [*unshown.columns(ROOT), *unshown.pages(ROOT), *palette.strangers(ROOT)] == []


def test_charts_draw_with_colours_of_the_style_sheet(copy):
    """Another colour there is another colour in the picture and in the book."""
    replace(copy / palette.SHEET, "--ink-1: light-dark(#0b5a61", "--ink-1: light-dark(#0b5a62")
    assert palette.palette(copy)["ink-1"] == ("#0b5a62", "#6fc7cf")
