"""What the lint of the pages must see: each rule on a page that breaks it, and pages that break none."""

from dataclasses import replace
from pathlib import Path

import pytest

from macros.render import lint
from macros.specs import load

ROOT = Path(__file__).resolve().parents[2]
FRONT = "---\ntitle: T\ndescription: D\n---\n"


@pytest.fixture(scope="module")
def catalogue():
    return load(ROOT / "data")


@pytest.fixture
def wrong(tmp_path, catalogue):
    """Lint a pair of pages; gives the messages, without those about the data."""

    def run(zh, en="# Title\n", front=FRONT):
        docs = tmp_path / "docs"
        for language, text in (("zh", zh), ("en", en)):
            if text is not None:
                (docs / language).mkdir(parents=True, exist_ok=True)
                (docs / language / "page.md").write_text(front + text, "utf-8")
        return [str(error) for error in sorted(set(lint.check(docs, catalogue))) if error.path.startswith("docs/")]

    return run


def test_the_guide_itself_is_clean(catalogue):
    assert [str(error) for error in lint.check(ROOT / "docs", catalogue)] == []


def test_a_sound_pair_of_pages(wrong):
    code = "\n\n```\n24 GB\n```\n"
    zh = '# 标题\n\n用 {{ value("gpus.rtx-3090.memory_gib") }} 的卡，见[内存](ram.md)（`-c 8192`）。\n\n## 缘由 { #why }' + code
    en = '# Title\n\nA card with {{ value("gpus.rtx-3090.memory_gib") }}, see [RAM](ram.md) (`-c 8192`).\n\n## Why { #why }' + code
    assert wrong(zh, en) == []


@pytest.mark.parametrize(
    ("zh", "said"),
    [
        ("显卡有24层", "a space between Chinese and Latin letters or digits, got '显卡有24层'"),
        ("用 GPU计算", "a space between Chinese and Latin letters or digits"),
        ("快，但是贵,不值", "full-width punctuation in Chinese"),
        ("显存(VRAM)", "full-width punctuation in Chinese"),
        ("很快.", "full-width punctuation in Chinese"),
        ("快， 但是贵", "no space beside full-width punctuation"),
        ("**快。** 但是贵", "no space beside full-width punctuation"),
        ('带宽{{ value("gpus.rtx-3090.memory_gib") }}', "a space between Chinese and Latin letters or digits"),
        ("键值缓存很大", "'KV 缓存', got '键值缓存'. Fix: write 'KV 缓存' (data/glossary)"),
    ],
)
def test_chinese_is_set_as_chinese(wrong, zh, said):
    en = "# T\n\n" + ('{{ value("gpus.rtx-3090.memory_gib") }}' if "{{" in zh else "x")
    found = wrong(f"# 标题\n\n{zh}\n", en)
    assert len(found) == 1
    assert found[0].startswith("docs/zh/page.md:7: ")
    assert said in found[0]


@pytest.mark.parametrize("text", ["It needs 24 GB.", "at 4–10 tokens/s", "about 30 % faster", "costs $ 400", "draws 350 W", "10 000 ms"])
def test_a_figure_typed_by_hand_is_found(wrong, text):
    found = wrong("# 标题\n\n无\n", f"# T\n\n{text}\n")
    assert len(found) == 1
    assert "docs/en/page.md:7: figure: expected a figure with a unit from a macro or with a citation" in found[0]


@pytest.mark.parametrize(
    "text",
    [
        "A card sold as “24 GB” is meant.",
        'It needs 24 GB {{ cite("gptq") }}.',
        "The option `--memory 24 GB` is code.",
        "In 2023, at 4-bit, with 30B and Q4_K_M, on PCIe 4.0 x16.",
    ],
)
def test_labels_citations_and_names_are_no_figures(wrong, text):
    zh = '{{ cite("gptq") }}' if "cite" in text else "无"
    assert wrong(f"# 标题\n\n{zh}\n", f"# T\n\n{text}\n") == []


def test_a_citation_covers_its_own_list_item_only(wrong):
    found = wrong('# 标题\n\n- {{ cite("gptq") }}\n- 无\n', '# T\n\n- 24 GB {{ cite("gptq") }}\n- 24 GB\n')
    assert [message.split(": ")[0] for message in found] == ["docs/en/page.md:8"]


def test_english_has_one_word_for_one_thing(wrong):
    (found,) = wrong("# 标题\n\n无\n", "# T\n\nThe context size matters.\n")
    assert "expected 'context length', got 'context size'" in found


def test_english_has_no_full_width_marks(wrong):
    (found,) = wrong("# 标题\n\n无\n", "# T\n\nFast，and dear.\n")
    assert "docs/en/page.md:7: setting: expected English" in found


@pytest.mark.parametrize(
    ("zh", "en", "said"),
    [
        ("# 标题\n## 一 { #one }\n", "# T\n### One { #one }\n", "page.md:6: parity of headings: expected as in docs/en/page.md:6: ### one"),
        ("# 标题\n## 一 { #one }\n", "# T\n## One { #other }\n", "expected as in docs/en/page.md:6: ## other, got ## one"),
        ('# 标题\n\n{{ table("cpus") }}\n', "# T\n\nx\n", "page.md:7: parity of calls: expected none, as in docs/en/page.md"),
        (
            '# 标题\n{{ table("cpus") }}\n',
            '# T\n{{ table("gpus") }}\n',
            'expected as in docs/en/page.md:6: table("gpus"), got table("cpus")',
        ),
        (
            "# 标题\n\n见[内存](ram.md)。\n",
            "# T\n\nSee [RAM](ram.md#why).\n",
            "parity of links: expected as in docs/en/page.md:7: ram.md#why",
        ),
        ("# 标题\n\n```\nx\n```\n", "# T\n", "parity of fences: expected none, as in docs/en/page.md, got ```"),
    ],
)
def test_the_languages_mirror_each_other(wrong, zh, en, said):
    (found,) = wrong(zh, en)
    assert said in found


def test_term_may_be_inflected_in_each_language(wrong):
    assert wrong('# 标题\n{{ term("kv-cache") }}\n', '# T\n{{ term("kv-cache", "caches") }}\n') == []


@pytest.mark.parametrize(("zh", "en", "there"), [("# 标题\n", None, "zh"), (None, "# T\n", "en")])
def test_a_page_in_one_language_only(wrong, zh, en, there):
    (found,) = wrong(zh, en)
    missing = {"zh": "en", "en": "zh"}[there]
    assert f"docs/{there}/page.md:1: parity: expected its counterpart docs/{missing}/page.md, got none" in found


def test_a_page_without_a_description(wrong):
    found = wrong("# 标题\n", front="---\ntitle: T\n---\n")
    assert sorted(found) == [
        f"docs/{language}/page.md:1: description: expected `description:` in the front matter, got none. Fix: add `description:`"
        for language in ("en", "zh")
    ]


def test_a_heading_without_an_anchor(wrong):
    (found, other) = wrong("# 标题\n## 一\n", "# T\n## One\n")
    assert "docs/zh/page.md:6: anchor: expected an explicit anchor" in found + other


def test_titles_of_tables_use_the_words_of_the_glossary(catalogue, monkeypatch):
    table = lint.tables()["cpus"]
    wrong_title = {"zh": "令牌的(速度)", "en": "Tok/s by context size"}
    monkeypatch.setattr(lint, "tables", lambda: {"cpus": replace(table, title=wrong_title)})
    found = {str(error) for error in lint.headings(catalogue)}
    assert any("table cpus: title: expected '词元', got '令牌'" in message for message in found)
    assert any("full-width punctuation" in message for message in found)
    assert any("expected 'context length', got 'context size'" in message for message in found)
