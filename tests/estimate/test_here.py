"""Which records this machine's names mean; the names are those that drivers and systems print."""

from pathlib import Path

import pytest

from macros.estimate.here import Machine, question
from macros.estimate.refused import Refused
from macros.specs import load

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        (
            Machine((("NVIDIA GeForce RTX 4090", 23.99),), "AMD Ryzen 9 7950X 16-Core Processor", 62.7),
            {"gpus": ["rtx-4090"], "cpu": "ryzen-9-7950x"},
        ),
        (
            Machine((("NVIDIA GeForce RTX 3060", 12.0),), "12th Gen Intel(R) Core(TM) i5-12400", 31.2),
            {"gpus": ["rtx-3060"], "cpu": "core-i5-12400"},
        ),
        (Machine((("NVIDIA GeForce RTX 4060 Laptop GPU", 8.0),)), {"gpus": ["rtx-4060-mobile"]}),
        (Machine((("NVIDIA GeForce RTX 3090", 24.0), ("NVIDIA GeForce RTX 3090", 24.0))), {"gpus": ["rtx-3090", "rtx-3090"]}),
        (Machine((("Apple M4 Max (40-core GPU)", 64.0),), "Apple M4 Max", 64.0), {"gpus": ["apple-m4-max-40c"], "memory_gib": 64.0}),
        (Machine((), "Intel(R) Core(TM) i9-14900K", 64.0), {"cpu": "core-i9-14900k"}),
        (Machine((), "AMD EPYC 9654 96-Core Processor", 1500.0, 2), {"cpu": "epyc-9654", "sockets": 2}),
        (Machine((), "AMD EPYC 9654 96-Core Processor", 750.0, 1), {"cpu": "epyc-9654"}),
    ],
)  # fmt: skip
def test_names_of_drivers_are_known(machine, expected):
    assert question(machine, CATALOGUE) == expected


def test_a_machine_that_tells_nothing_of_use_is_refused_by_name():
    with pytest.raises(Refused, match="here: expected a card or a processor of the guide, got 'Zork 1000'"):
        question(Machine((("Zork 1000", 8.0),)), CATALOGUE)
