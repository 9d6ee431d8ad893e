"""Pictures for whoever passes a link on."""

import io

import pytest
from PIL import Image

from macros.publish import pictures

BARS = [("Qwen3.8 27B", 16.1, "16.1 GiB"), ("Llama 3.3 70B", 42.0, "42.0 GiB")]


def test_a_picture_has_the_size_that_the_pages_tell_and_is_small():
    made = pictures._drawn("RTX 3090", "24 GiB, 936 GB/s", BARS, 24)
    assert Image.open(io.BytesIO(made)).size == (800, 420)
    assert len(made) < 16_000
    assert made == pictures._drawn("RTX 3090", "24 GiB, 936 GB/s", BARS, 24)


def test_bars_are_as_long_as_what_they_show_and_those_beyond_the_memory_are_pale():
    shown = Image.open(io.BytesIO(pictures._drawn("a", "b", BARS, 24)))
    lengths = [_run(shown, pictures.FIRST + pictures.STEP * index + 12) for index in range(2)]
    assert lengths[0][0] / lengths[1][0] == pytest.approx(16.1 / 42.0, rel=0.05)
    assert lengths[0][1] != lengths[1][1]


def _run(shown, y):
    """How long the first colour of a bar is, and which [px]."""
    left = pictures.EDGE + pictures.NAMES
    line = [shown.getpixel((x, y)) for x in range(left, shown.width - pictures.EDGE - pictures.VALUES + 4)]
    return max(index for index, colour in enumerate(line) if colour == line[0]), line[0]


@pytest.mark.parametrize("name", ["x" * 400, "", "摩尔线程 S80", "<b>&"])
def test_any_name_finds_room(name):
    assert pictures._drawn(name, name, [(name, 1.0, name)], 0)
