"""Which page moved on without its other language."""

from pathlib import Path

import pytest

from macros.render import translations
from macros.specs import SpecErrors

TEXT = {
    "zh": "---\ntitle: 显卡\n---\n# 显卡 { #gpu }\n\n带宽决定速度。{{ table('a') }}\n",
    "en": "# GPU { #gpu }\n\nBandwidth decides. {{ table('a') }}\n",
}


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """Two pages in two languages, settled."""
    for language, text in TEXT.items():
        for name in ("gpu.md", "deep/cpu.md"):
            path = tmp_path / language / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    translations.settle(tmp_path, [])
    return tmp_path


def edit(docs: Path, language: str, old: str, new: str, name: str = "gpu.md") -> None:
    path = docs / language / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def told(docs: Path) -> list[str]:
    return [str(error) for error in translations.moved(docs)]


def test_settled_pages_are_not_named(docs: Path):
    """Nothing to say."""
    assert told(docs) == []


@pytest.mark.parametrize(("ahead", "behind", "old", "new"), [("zh", "en", "速度", "快慢"), ("en", "zh", "decides", "settles")])
def test_a_page_whose_other_language_moved_on_is_named(docs: Path, ahead: str, behind: str, old: str, new: str):
    """The one that stayed behind, with the command that settles it; either language may be first."""
    edit(docs, ahead, old, new)
    assert told(docs) == [
        f"docs/{behind}/gpu.md:1: translation: expected what docs/{ahead}/gpu.md says now, got what it said before. "
        "Fix: carry the change over; once both say the same, run `python -m macros settle gpu.md`"
    ]
    assert translations.settle(docs, []) == []  # not settled in passing
    assert len(told(docs)) == 1
    assert translations.settle(docs, ["gpu.md"]) == ["gpu.md"]
    assert told(docs) == []


def test_both_changed_is_settled_by_who_read_both(docs: Path):
    """The same change in both is no mistake, but somebody says so."""
    edit(docs, "zh", "速度", "快慢")
    edit(docs, "en", "decides", "settles")
    assert told(docs) == [
        "docs/zh/gpu.md:1: translation: expected a page held beside its other language, got both languages changed. "
        "Fix: read both, then run `python -m macros settle gpu.md`"
    ]
    assert translations.settle(docs, []) == ["gpu.md"]
    assert told(docs) == []


@pytest.mark.parametrize(
    ("old", "new"), [("决定", " 决定\n"), ("table('a')", "table('b', columns=['c'])"), ("# 显卡", "<!-- why -->\n# 显卡")]
)
def test_what_says_the_same_does_not_count(docs: Path, old: str, new: str):
    """White space, comments, and the arguments of macros (the lint holds those to each other)."""
    edit(docs, "zh", old, new)
    assert told(docs) == []


@pytest.mark.parametrize(("old", "new"), [("title: 显卡", "title: GPU"), ("table('a')", "chart('a')"), ("速度。", "速度")])
def test_words_titles_and_macros_count(docs: Path, old: str, new: str):
    """What a reader would see."""
    edit(docs, "zh", old, new)
    assert len(told(docs)) == 1


def test_pages_come_and_go(docs: Path):
    """A new page and one that is gone are settled too."""
    for language in TEXT:
        (docs / language / "new.md").write_text("x")
        (docs / language / "deep/cpu.md").unlink()
    assert [line.split(".md:")[0] for line in told(docs)] == ["docs/settled.yaml:1: deep/cpu", "docs/zh/new"]
    assert translations.settle(docs, []) == ["deep/cpu.md", "new.md"]
    assert told(docs) == []


def test_a_page_that_is_none_is_told(docs: Path):
    """With the nearest that there is."""
    with pytest.raises(SpecErrors, match=r"expected a page below docs/zh and docs/en, got none. Fix: write 'gpu.md'"):
        translations.settle(docs, ["gpu.m"])
