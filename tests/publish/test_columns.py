"""Widths of columns on paper: as wide as what they hold, and never narrower than their longest word."""

import re

import pytest

from macros.publish import columns
from macros.publish.columns import column, em, fit


def widths(made: columns.Fit) -> list[float]:
    """In points, white included."""
    return [float(re.match(r"[\d.]+", width)[0]) * made.size + made.inset for width in made.widths]


def test_a_small_table_is_no_wider_than_what_it_holds():
    made = fit([column("模型", ["Qwen3 8B"]), column("GiB", ["5.9"])])
    assert made.size == columns.SIZES[0]
    assert widths(made) == pytest.approx([em("Qwen3 8B") * 8.4 + 8, em("GiB") * 8.4 + 8], abs=0.1)


def test_chinese_is_as_wide_in_regular_type_as_in_bold():
    """A cell of it that got a little less would break off its last character."""
    assert column("类型", ["笔记本显卡"], bold=False).cell == 5.0
    assert column("Kind", ["laptop"], bold=False).cell < em("laptop")


def test_a_heading_stands_on_one_line_where_there_is_room():
    assert widths(fit([column("每千美元带宽 GB/s", ["5"])])) == pytest.approx([em("每千美元带宽 GB/s") * 8.4 + 8], abs=0.1)


def test_short_columns_stay_whole_where_long_ones_break():
    made = fit([column("判断", ["相符"]), column("缘由", ["字" * 80]), column("原文", ["字" * 80])])
    short, reason, said = widths(made)
    assert short == pytest.approx(2 * made.size + made.inset, abs=0.1)
    assert reason == said
    assert short + reason + said == pytest.approx(columns.LINE, abs=0.5)


def test_no_column_is_narrower_than_its_longest_word():
    made = fit([column("Key", ["attention.window." + "x" * 24]), *[column("Form", ["字" * 80])] * 3])
    assert widths(made)[0] >= em("attention.window." + "x" * 24) * made.size
    assert sum(widths(made)) == pytest.approx(columns.LINE, abs=0.5)


@pytest.mark.parametrize("count", [3, 8, 12])
def test_no_table_is_wider_than_its_page(count):
    made = fit([column("Heading", ["some words " * 6])] * count)
    assert sum(widths(made)) <= (columns.TURNED_LINE if made.turned else columns.LINE) + 0.5


def test_a_crowded_table_turns_its_page():
    assert fit([column("Heading", ["some words " * 6])] * 11).turned
    assert not fit([column("Heading", ["some words " * 6])] * 3).turned
