"""Generated pages say of a device what makes its speeds less certain."""

from pathlib import Path

import pytest

from macros.render import pages, slots
from macros.render.view import View
from macros.specs import load

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")


@pytest.mark.parametrize(
    ("language", "device", "words"),
    [
        ("zh", "rx-590", "没有 GCN 4（Polaris）系列的测量"),
        ("en", "rx-590", "no measurements of GCN 4"),
        ("en", "raspberry-pi-5", "extrapolated from all devices"),
    ],
)
def test_a_device_of_an_unmeasured_family_says_so(language, device, words):
    assert words in slots.fill(pages.body(View(CATALOGUE, language), "gpus", device))


def test_a_device_of_a_measured_family_says_nothing():
    assert "extrapolated" not in slots.fill(pages.body(View(CATALOGUE, "en"), "gpus", "rtx-3090"))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_key_of_a_question_has_a_form_in_words(language):
    """A key of a new kind would end a build."""
    from macros.render import question
    from macros.render.view import View
    from macros.specs import load

    assert question.keys(View(load(Path(__file__).resolve().parents[2] / "data"), language)).count("<tr") > 20
