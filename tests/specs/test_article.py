"""The article's figures, typed a second time: a row that goes missing or changes is seen here."""

from pathlib import Path

import pytest
import yaml

from macros.specs import SpecErrors, load
from macros.specs.article import Chapter

DATA = Path(__file__).resolve().parents[2] / "data"

PUBLISHED = {
    # chapter, claim: case -> (low, high)
    ("introduction", "rtx-3090-llama-30b"): {"RTX 3090": (4, 10)},
    ("gpu", "llama-7b"): {"LLaMA-7B": (6, None)},
    ("gpu", "llama-13b"): {"LLaMA-13B": (10, None)},
    ("gpu", "llama-30b"): {"LLaMA-30B": (20, None)},
    ("gpu", "llama-65b"): {"LLaMA-65B": (40, None)},
    ("gpu", "rtx-3060-8gb"): {"RTX 3060 8GB": (8, None)},
    ("gpu", "six-gigabyte-cards"): {"RX 5700 XT": (6, None), "RTX 3050": (6, None)},
    ("cpu", "timing-memory-per-token"): {
        "LLaMA-7B": (14434244, None),
        "LLaMA-13B": (22439492, None),
        "LLaMA-30B": (43387780, None),
        "LLaMA-65B": (70897348, None),
    },
    ("cpu", "timing-load"): {
        "LLaMA-7B": (1270.15, None),
        "LLaMA-13B": (2946.00, None),
        "LLaMA-30B": (6666.53, None),
        "LLaMA-65B": (14010.35, None),
    },
    ("cpu", "timing-sample"): {
        "LLaMA-7B": (325.76, None),
        "LLaMA-13B": (86.11, None),
        "LLaMA-30B": (332.71, None),
        "LLaMA-65B": (335.09, None),
    },
    ("cpu", "timing-predict"): {
        "LLaMA-7B": (15147.15, None),
        "LLaMA-13B": (7358.48, None),
        "LLaMA-30B": (68779.27, None),
        "LLaMA-65B": (140527.48, None),
    },
    ("cpu", "timing-per-token"): {
        "LLaMA-7B": (117.42, None),
        "LLaMA-13B": (216.43, None),
        "LLaMA-30B": (533.17, None),
        "LLaMA-65B": (1089.36, None),
    },
    ("cpu", "timing-total"): {
        "LLaMA-7B": (17077.88, None),
        "LLaMA-13B": (11019.28, None),
        "LLaMA-30B": (77333.97, None),
        "LLaMA-65B": (157951.48, None),
    },
    ("ram", "ggml-original"): {"LLaMA-7B": (13, None), "LLaMA-13B": (24, None), "LLaMA-30B": (60, None), "LLaMA-65B": (120, None)},
    ("ram", "ggml-4bit"): {"LLaMA-7B": (3.9, 7.5), "LLaMA-13B": (7.8, 11), "LLaMA-30B": (19.5, 23.0), "LLaMA-65B": (38.5, 47.0)},
    ("ram", "ggml-5bit"): {"LLaMA-7B": (7.5, 8.5), "LLaMA-13B": (11.5, 13.5), "LLaMA-30B": (23.5, 27.5), "LLaMA-65B": (47.0, 52.0)},
    ("ram", "ggml-8bit"): {"LLaMA-7B": (8.5, 10.0), "LLaMA-13B": (13.5, 17.5), "LLaMA-30B": (28.5, 38.5), "LLaMA-65B": (71.0, 80.0)},
    ("ram", "bandwidth"): {
        "DDR4-3600 + Ryzen 5 3600": (56, None),
        "DDR4-3200 + Ryzen 5 5600X": (51, None),
        "DDR5-5600 + Core i9-13900K": (89.6, None),
        "DDR4-2666 + Core i5-10400F": (41.6, None),
    },
    ("ram", "bandwidth-ceiling"): {
        "DDR4-3600 + Ryzen 5 3600": (7, None),
        "DDR4-3200 + Ryzen 5 5600X": (6.3, None),
        "DDR5-5600 + Core i9-13900K": (11.2, None),
        "DDR4-2666 + Core i5-10400F": (5.1, None),
    },
    ("ram", "core-i9-10900x"): {"Bandwidth": (115, None)},
    ("ram", "thirteen-gigabyte-model"): {"Ceiling": (8.8, None)},
    ("parts", "ram-rule"): {"Relative to VRAM": (1.5, 2)},
    ("parts", "second-computer"): {"LLaMA-30B, one RTX 3090": (15, 30)},
}

CLAIMS = {"introduction": 6, "gpu": 6, "cpu": 11, "ram": 11, "storage": 2, "quantization": 6, "two-gpus": 8, "parts": 13}

CARDS = {
    "llama-7b": [["rtx-3060"], ["gtx-1660"], ["rtx-2060"], ["rx-5700-xt"], ["rtx-3050"]],
    "llama-13b": [["rx-6900-xt"], ["rtx-2060-12gb"], ["rtx-3060"], ["rtx-3080"], ["rtx-a2000-12gb"]],
    "llama-30b": [
        ["rtx-3080-20gb"], ["rtx-a4500"], ["rtx-a5000"], ["rtx-3090"], ["rtx-4090"],
        ["quadro-rtx-6000"], ["tesla-v100-pcie-32gb"], ["tesla-p40"],
    ],
    "llama-65b": [["a100-pcie-40gb"], ["rtx-3090"] * 2, ["rtx-4090"] * 2, ["a40"], ["rtx-a6000"], ["quadro-rtx-8000"]],
}  # fmt: skip


@pytest.fixture(scope="module")
def article():
    return load(DATA).article


@pytest.mark.parametrize(("chapter", "claim"), PUBLISHED)
def test_each_published_figure_is_kept_as_printed(article, chapter, claim):
    (found,) = [one for one in article[chapter].claims if one.id == claim]
    kept = {case.label["en"]: (case.published.low, case.published.high) for case in found.cases if case.published}
    assert kept == PUBLISHED[chapter, claim]


def test_each_claim_of_the_article_has_its_row(article):
    assert {name: len(chapter.claims) for name, chapter in article.items()} == CLAIMS


def test_the_cards_that_the_article_names(article):
    named = {claim.id: claim.setups for claim in article["gpu"].claims if claim.setups}
    assert named == CARDS


def record(**changes):
    text = (DATA / "article" / "storage.yaml").read_text("utf-8")
    return {**yaml.safe_load(text), "id": "storage", **changes}


def test_a_range_upside_down_is_refused():
    bad = record()
    bad["claims"][0]["cases"][0]["published"] = {"low": 9, "high": 4, "unit": "GB"}
    with pytest.raises(ValueError, match=r"expected high of at least 9\.0, got 4\.0"):
        Chapter.model_validate(bad)


def test_the_same_claim_twice_is_refused():
    bad = record()
    bad["claims"].append(bad["claims"][0])
    with pytest.raises(ValueError, match="expected each claim id once, got 'one-terabyte' twice"):
        Chapter.model_validate(bad)


def test_a_case_with_neither_figure_nor_unit_is_refused():
    bad = record()
    del bad["claims"][0]["cases"][0]["published"]
    with pytest.raises(ValueError, match="expected one of published and unit, got both or neither"):
        Chapter.model_validate(bad)


def test_an_unknown_verdict_names_the_line(tmp_path):
    data = tmp_path / "data"
    (data / "article").mkdir(parents=True)
    (data / "sources.yaml").write_text("{}\n")
    text = (DATA / "article" / "storage.yaml").read_text("utf-8").replace("verdict: holds", "verdict: true-ish", 1)
    (data / "article" / "storage.yaml").write_text(text)
    line = text[: text.index("true-ish")].count("\n") + 1
    with pytest.raises(SpecErrors, match=rf"data/article/storage.yaml:{line}: claims.0.verdict"):
        load(data)
