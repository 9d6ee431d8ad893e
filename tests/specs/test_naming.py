"""Names as people type them lead to the record that is meant, or to none of another number."""

from __future__ import annotations

from pathlib import Path

import pytest

from macros.estimate import Refused, estimate
from macros.estimate.answering import named
from macros.specs import load
from macros.specs.naming import meant, nearest_called, spelled

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        ("rtx-3060-12gb", ["rtx-3060"]),
        ("4090", ["rtx-4090"]),
        ("7900xtx", ["rx-7900-xtx"]),
        ("5070ti", ["rtx-5070-ti"]),
        ("m4 max 64gb", ["apple-m4-max-40c"]),
        ("mac studio m3 ultra 512gb", ["apple-m3-ultra-80c"]),
        ("MacBook Pro M3 Max 128GB", ["apple-m3-max-40c"]),
        ("strix halo", ["ryzen-ai-max-385", "ryzen-ai-max-395"]),
        ("rtx 4060 laptop 8gb", ["rtx-4060-mobile"]),
        ("2080ti 22g", ["rtx-2080-ti-22gb"]),
        ("p40", ["tesla-p40"]),
        ("mi300x", ["instinct-mi300x"]),
        ("a100 80gb", ["a100-pcie-80gb", "a100-sxm-80gb"]),
        ("780m", ["radeon-780m"]),
        ("w7900", ["radeon-pro-w7900"]),
        ("rtx 9999", []),
        ("banana", []),
        ("", []),
        ("nvidia", []),
    ],
)
def test_numbers_come_first_then_words_then_memory(typed: str, ids: list[str]) -> None:
    assert meant(typed, CATALOGUE.gpus)[0] == ids


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        ("9950x3d", ["ryzen-9-9950x"]),
        ("5800X3D", ["ryzen-7-5800x3d"]),
        ("5800x", ["ryzen-7-5800x3d"]),
        ("9800X3D", ["ryzen-7-9800x3d"]),
        ("7900X3D", ["ryzen-9-7900"]),
    ],
)
def test_a_cache_on_top_of_a_processor_is_one_word(typed: str, ids: list[str]) -> None:
    assert meant(typed, CATALOGUE.cpus)[0] == ids


@pytest.mark.parametrize(
    ("typed", "kind", "id"),
    [
        ("RTX 5070 Ti", "gpus", "rtx-5070-ti"),
        ("NVIDIA GeForce RTX 4060 Laptop GPU", "gpus", "rtx-4060-mobile"),
        ("AMD Ryzen AI Max+ 395", "gpus", "ryzen-ai-max-395"),
        ("RX 9070 XT 16GB", "gpus", "rx-9070-xt"),
        ("rtx_3090", "gpus", "rtx-3090"),
        ("AMD Ryzen 9 9950X", "cpus", "ryzen-9-9950x"),
        ("Llama 3.1 8B", "models", "llama-3.1-8b"),
        # Another memory, a part of a name, or several of a name: told, never taken.
        ("RTX 3060 8GB", "gpus", "rtx-3060-8gb"),
        ("RTX 4090 24 GB laptop", "gpus", "RTX 4090 24 GB laptop"),
        ("h200", "gpus", "h200"),
        ("x" * 10_000, "gpus", "x" * 10_000),
    ],
)
def test_a_whole_name_is_taken_for_its_record(typed: str, kind: str, id: str) -> None:
    assert spelled(typed, CATALOGUE.records[kind]) == id


def test_every_name_leads_to_its_own_record() -> None:
    """Unless two bear it."""
    for kind in ("gpus", "cpus", "models"):
        records = CATALOGUE.records[kind]
        for key, record in records.items():
            assert spelled(record.name, records) in (key, record.name), record.name
            assert key in meant(record.name, records)[0], record.name


def test_a_fix_names_the_size_of_shared_memory_too() -> None:
    assert nearest_called("m4 max 64gb", CATALOGUE.gpus) == "write 'apple-m4-max-40c' with memory_gib 64"


def test_a_question_may_say_names() -> None:
    """And the answer says which device it is for; a name that several bear is refused with all that may be meant."""
    question = {"model": "Qwen3 8B", "gpus": ["RTX 5070 Ti"], "cpu": "AMD Ryzen 9 9950X", "quant": "q4_k_m", "context": 4096}
    found = named(question, CATALOGUE)
    assert (found["model"], found["gpus"], found["cpu"]) == ("qwen3-8b", ["rtx-5070-ti"], "ryzen-9-9950x")
    with pytest.raises(Refused, match="rtx-5060-ti-16gb' or 'rtx-5060-ti-8gb"):
        estimate({"model": "qwen3-8b", "gpus": ["5060ti"], "quant": "q4_k_m", "context": 4096}, CATALOGUE)


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        ("4090", ["rtx-4090"]),
        ("NVIDIA GeForce RTX 4090", ["rtx-4090"]),
        ("4070ti super", ["rtx-4070-ti-super"]),
        ("7900xtx", ["rx-7900-xtx"]),
        ("Radeon RX 9070 XT", ["rx-9070-xt"]),
        ("p40", ["tesla-p40"]),
        ("780m", ["radeon-780m"]),
        ("rtx pro 6000", ["rtx-pro-6000-blackwell"]),
        ("RTX 4090 laptop", ["rtx-4090-mobile"]),
        ("2080ti 22g", ["rtx-2080-ti-22gb"]),
        ("rtx-3060-12gb", ["rtx-3060"]),
        ("h100", ["h100-nvl", "h100-pcie-80gb", "h100-sxm-80gb"]),
        ("v100 32gb", ["tesla-v100-pcie-32gb", "tesla-v100-sxm2-32gb"]),
        ("m4 max", ["apple-m4-max-32c", "apple-m4-max-40c"]),
    ],
)
def test_what_people_type_is_one_device_or_all_that_may_be_meant(typed: str, ids: list[str]) -> None:
    """The number tells; words that are always left out do not matter, and no size or kind is taken for another."""
    assert meant(typed, CATALOGUE.gpus) == (ids, len(ids) == 1)


def test_every_name_of_a_device_is_its_own() -> None:
    for record in [*CATALOGUE.gpus.values(), *CATALOGUE.cpus.values()]:
        records = CATALOGUE.gpus if record.id in CATALOGUE.gpus else CATALOGUE.cpus
        name = record.name if isinstance(record.name, str) else record.name.en
        assert spelled(name, records) == record.id


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("i7-8700", "core-i7-8700"),
        ("8840U", "ryzen-7-8840u"),
        ("Gold 6138", "xeon-gold-6138"),
        ("CIX P1", "cix-cd8180"),
        ("EPYC 7302P", "EPYC 7302P"),
        ("Apple M1", "Apple M1"),
    ],
)
def test_a_processor_s_number_is_enough_and_another_s_is_not(typed, found):
    assert spelled(typed, CATALOGUE.cpus) == found


@pytest.mark.parametrize(
    ("typed", "kind", "offered"),
    [
        ("EPYC 9V45", "cpus", "epyc-9454p"),  # of its maker's series, with the same digits first
        ("epyc 7702", "cpus", "epyc-7742"),
        ("rtx 9999", "gpus", "rtx-2060"),
        ("m2 ultra 192", "gpus", "apple-m2-ultra-76c"),
        ("banana", "gpus", "a10"),  # nothing is like it
    ],
)
def test_what_is_like_a_name_shares_its_words_and_first_digits(typed: str, kind: str, offered: str) -> None:
    assert offered in nearest_called(typed, getattr(CATALOGUE, kind))


@pytest.mark.parametrize("typed", ["2x epyc 9355", "2 × EPYC 9355", "dual EPYC 9355", "双路霄龙 9355", "two epyc-9355"])
def test_two_processors_lead_to_the_key_for_two_sockets(typed: str) -> None:
    """Never to one of them in silence."""
    with pytest.raises(Refused, match="write 'epyc-9355' and sockets: 2"):
        estimate({"model": "qwen3-8b", "quant": "q4_k_m", "context": 4096, "cpu": typed}, CATALOGUE)


@pytest.mark.parametrize("typed", ["2x rtx 3090", "dual 3090", "2×RTX 3090"])
def test_two_cards_lead_to_the_card_twice(typed: str) -> None:
    with pytest.raises(Refused, match="write 'rtx-3090', 2 times"):
        estimate({"model": "qwen3-8b", "quant": "q4_k_m", "context": 4096, "gpus": [typed]}, CATALOGUE)
