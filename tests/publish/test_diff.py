"""What changed between two dumps, told in Markdown."""

from typing import Any

import pytest

from macros.publish import diff
from macros.publish.diff import compare, markdown, shown, value

Dump = dict[str, Any]


def dump_of(rows: list[dict[str, Any]], *, table: str = "decode", key: tuple[str, ...] = ("card", "quant"), **inputs: Any) -> Dump:
    """A dump of one table; its columns are those of the first row."""
    columns = [{"id": name, "unit": None, "digits": None} for name in (rows[0] if rows else dict.fromkeys(key))]
    return {
        "schema": 1,
        "tables": {table: {"key": list(key), "columns": columns, "rows": rows}},
        "inputs": {f"data/gpus/{name}.yaml": keys for name, keys in inputs.items()},
    }


def row(card: str, quant: str = "q4_k_m", speed: float | None = 100.0, fits: bool = True, **more: Any) -> dict[str, Any]:
    return {"card": card, "quant": quant, "speed": speed, "fits": fits, **more}


def test_one_value_moves_its_cell_and_no_other():
    """The right cell and only that, in both directions."""
    base = dump_of([row("a"), row("b")])
    head = dump_of([row("a"), row("b", speed=105.0)])
    for before, after, moved in ((base, head, "| 100 | 105 | +5 % |"), (head, base, "| 105 | 100 | -4.76 % |")):
        (change,) = compare(before, after).tables
        assert [(cell.row, cell.column) for cell in change.cells] == [("b / q4_k_m", "speed")]
        assert f"| `b / q4_k_m` | `speed` {moved}" in markdown(before, after)
        assert "`a / q4_k_m`" not in markdown(before, after)


def test_nothing_changed_is_said_so():
    """An empty report would look like a broken one."""
    base = dump_of([row("a"), row("b")])
    head = dump_of([row("b"), row("a", speed=100.0 * (1 + 1e-12))])
    assert compare(base, head).tables == []
    assert markdown(base, head).startswith("### Computed tables: no computed value changes (1 table compared)")


def test_rows_columns_and_tables_come_and_go():
    """Added and removed, each told apart."""
    base = dump_of([row("a"), row("b")])
    head = dump_of([{**row("a"), "price": 1}, {**row("c"), "price": 2}])
    head["tables"]["new"] = dump_of([row("x")])["tables"]["decode"]
    decode, new = compare(base, head).tables
    assert (decode.rows_added, decode.rows_removed, decode.columns_added, decode.cells) == (["c / q4_k_m"], ["b / q4_k_m"], ["price"], [])
    assert new.state == "added"
    assert compare(head, base).tables[0].columns_removed == ["price"]
    assert compare(head, base).tables[1].state == "removed"
    assert "`new`: the table was added (1 row)" in markdown(base, head)


def test_cells_that_moved_by_one_factor_take_one_line():
    """A bandwidth put right moves dozens of speeds alike."""
    base = dump_of([row(f"card-{n}", speed=10.0 + n) for n in range(14)])
    head = dump_of([row(f"card-{n}", speed=1.25 * (10.0 + n)) for n in range(14)])
    text = markdown(base, head)
    assert text.count("**×1.25 in 14 rows**") == 2  # first look, and the table's own section
    assert len(text.splitlines()) < 25


def test_cells_that_moved_the_same_way_take_one_line_at_the_top():
    """Speeds follow a bandwidth, each by a factor of its own: the top says how many and how far, the table says which."""
    base = dump_of([row(f"card-{n}", speed=100.0, low=80.0) for n in range(14)])
    head = dump_of([row(f"card-{n}", speed=100.0 * (1.11 + n / 100), low=80.0 * (1.11 + n / 100)) for n in range(14)])
    top, table = markdown(base, head).split("#### `decode`")
    assert "**14 rows**, most of all `card-13 / q4_k_m` | `speed`, `low` | 100 | 124 | +11 % to +24 % ⚠️ |" in top
    assert len([line for line in top.splitlines() if line.startswith("| `decode`")]) == 1
    assert len([line for line in table.splitlines() if "card-" in line]) == 14


def test_what_fits_no_more_comes_first():
    """A reviewer reads the top."""
    base = dump_of([row("a"), row("b"), row("c", fits=False)])
    head = dump_of([row("a", speed=500.0), row("b", fits=False), row("c", fits=True)])
    lines = markdown(base, head).splitlines()
    assert "2 answers turned round" in lines[2]
    assert "1 value moved by more than 10 %" in lines[2]
    first = [line for line in lines if line.startswith("| `decode` |")]
    assert "does not fit any more" in first[0]
    assert "fits now" in first[1]
    assert "+400 %" in first[2]
    own = [line for line in lines if line.startswith(("| `a ", "| `b ", "| `c "))]
    assert ["fit" in line for line in own] == [True, True, False]


@pytest.mark.parametrize(
    ("after", "flagged"), [(111.0, True), (109.0, False), (89.0, True), (None, True), (-100.0, True), (0.0, True)], ids=str
)
def test_more_than_a_tenth_and_unknown_are_flagged(after: float | None, flagged: bool):
    """10 % either way, a change of sign, and known becoming unknown."""
    text = markdown(dump_of([row("a")]), dump_of([row("a", speed=after)]))
    assert ("Look at these first" in text) is flagged
    assert ("⚠️" in text) is flagged


def test_what_becomes_unknown_takes_one_line():
    """A card that a model does not fit has no speed any more: one line, not one for each speed."""
    base = dump_of([row(f"card-{n}", speed=10.0 + n, low=9.0 + n) for n in range(4)])
    head = dump_of([row(f"card-{n}", speed=None, low=None, fits=False) for n in range(4)])
    text = markdown(base, head)
    assert text.count("**known → unknown in 4 rows**: `card-0 / q4_k_m`, `card-1 / q4_k_m`, `card-2 / q4_k_m`, … | `speed`, `low` |") == 2
    assert text.count("**yes → no in 4 rows**") == 2


def test_the_authored_key_behind_a_change_is_named():
    """Cause and effect stand in one report."""
    base = dump_of([row("rtx-1")], **{"rtx-1": {"bandwidth_gb_per_s": 936.2, "notes": None}})
    head = dump_of([row("rtx-1", speed=125.0)], **{"rtx-1": {"bandwidth_gb_per_s": 1170.25, "notes": None}})
    assert "- `data/gpus/rtx-1.yaml`: `bandwidth_gb_per_s` 936.2 → 1170 (in tables `decode`)" in markdown(base, head)
    text = markdown(base, dump_of([row("rtx-1"), row("rtx-2")], **{"rtx-1": base["inputs"]["data/gpus/rtx-1.yaml"], "rtx-2": {"tdp_w": 1}}))
    assert "- `data/gpus/rtx-2.yaml`: added (in tables `decode`)" in text


def test_a_changed_formula_is_named_as_cause():
    """No key of the data changed, and yet values move."""
    text = markdown(dump_of([row("a")]), dump_of([row("a", speed=101.0)]), code=["macros/formulas/decode.py"])
    assert "- code: `macros/formulas/decode.py`" in text


def test_measured_error_is_told_before_and_after():
    """A change that makes the guide less accurate must not hide among others."""
    base = dump_of([row("hopper", speed=4.0)], table="accuracy-decode")
    head = dump_of([row("hopper", speed=9.0)], table="accuracy-decode")
    assert "#### Accuracy against measurements, before and after" in markdown(base, head)
    assert "| `accuracy-decode` | `hopper / q4_k_m` | `speed` | 4 | 9 |" in markdown(base, head)
    many = dump_of([row(f"row-{n}", speed=float(n)) for n in range(101)], table="accuracy-rows")
    more = dump_of([row(f"row-{n}", speed=n + 0.1) for n in range(101)], table="accuracy-rows")
    assert "#### Accuracy against measurements: as before" in markdown(many, more)
    base["tables"]["decode"] = dump_of([row("a")])["tables"]["decode"]
    head = {**base, "tables": {**base["tables"], "decode": dump_of([row("a", speed=2.0)])["tables"]["decode"]}}
    assert "#### Accuracy against measurements: as before" in markdown(base, head)


def test_ten_thousand_changes_stay_readable_unless_all_are_asked_for():
    """Capped in lines and in characters, with what is left out counted."""
    base, head = moved(10_000)
    small, small_after = moved(100)
    for number in range(60):
        base["tables"][f"t{number}"] = small["tables"]["decode"]
        head["tables"][f"t{number}"] = small_after["tables"]["decode"]
    text = markdown(base, head)
    assert len(text) < diff.LENGTH + 5000
    assert "more tables with" in text
    assert "9980 more values" in text
    assert text.startswith("### Computed tables: 16000 values in 61 tables")


def moved(rows: int) -> tuple[Dump, Dump]:
    """Two dumps in which each row moved by a factor of its own."""
    base = dump_of([row(f"card-{n}", speed=n + 1.0) for n in range(rows)])
    return base, dump_of([row(f"card-{n}", speed=(n + 1.0) * (1.2 + n / 7919)) for n in range(rows)])


def test_full_leaves_nothing_out():
    """The job summary holds the whole."""
    base, head = moved(100)
    assert "more value" in markdown(base, head)
    assert "more value" not in markdown(base, head, full=True)
    assert all(f"`card-{n} / q4_k_m`" in markdown(base, head, full=True) for n in range(100))


def test_a_base_that_cannot_be_built_says_so():
    """The rest of the report still comes."""
    text = markdown({"schema": 1, "failed": "ImportError: no module"}, dump_of([row("a")]))
    assert "the base could not be computed" in text
    assert "`ImportError: no module`" in text
    assert "This revision computes: 1 table." in text


def test_wrong_data_is_listed_with_file_and_line():
    """What a contributor on the web sees instead of a table."""
    mistake = {"path": "data/gpus/a.yaml", "line": 7, "key": "tdp_w", "expected": "a number", "got": "'350W'", "fix": "write 350"}
    text = markdown(dump_of([row("a")]), {"schema": 1, "errors": [mistake] * 150})
    assert "- `data/gpus/a.yaml:7` `tdp_w`: expected `a number`, got `'350W'`. Fix: `write 350`" in text
    assert "… 100 more mistakes" in text


HOSTILE = [
    "</details><img src=x onerror=alert(1)>",
    "a|b|c",
    "`](https://evil.example) @everyone #1",
    "line\n::error file=x::boom",
    "line\r\n::set-output name=a::b",
    "<!-- pr-report -->",
    "\u202egpj.exe\u200b",
    "![x](https://evil.example/x.png)",
    "w" * 5000,
    "",
    "   ",
    "\\",
    "\ud800",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_of_a_dump_leaves_its_code_span(text: str):
    """No markup, link, mention, cell border or workflow command comes from a name, a key, a path or a value."""
    span = shown(text)
    assert span.startswith("`")
    assert span.endswith("`")
    assert "`" not in span[1:-1]
    assert not set(span) & set("\n\r|\u202e\u200b\ud800")
    assert 3 <= len(span) <= diff.TEXT_LENGTH + 2
    base = dump_of([row("a", note=text)], **{text: {text: text}})
    head = dump_of([row(text, note=1), row("a", note=text + "x")], table=text, **{text: {text: text + "!"}})
    base["tables"][text] = dump_of([row("a", note="x")])["tables"]["decode"]
    report = markdown(base, head, code=["macros/formulas/" + text])
    outside = "".join(report.split("`")[::2])
    for mark in ("<", "@", "::", "](", "evil", "gpj"):
        assert mark not in outside
    assert report.count("`") % 2 == 0
    assert not any(line.startswith(("::", "##[")) for line in report.splitlines())


def test_numbers_that_differ_look_different():
    """As many digits as the difference needs."""
    assert value(1000000.4, 1000000.1) == "1000000.4"
    assert value(2**40, 2**40 + 1) != value(2**40 + 1, 2**40)
    assert value(12345678.0) == "12345678"
