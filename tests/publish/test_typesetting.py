"""Built HTML -> Typst: nothing of a page is lost, nothing of it is taken for markup."""

import re

import pytest
from lxml import html

from macros.publish.typesetting import CannotSet, Page, literal, words


def put(source: str) -> str:
    root = html.fragment_fromstring(source, create_parent="article")
    made = Page("gpu/", {"", "gpu/", "cpu/"}, {"gpu/#", "cpu/#", "cpu/#why"}, "https://example.org/")
    return re.sub(r"\n+", "\n", "".join(made.nodes(root))).strip("\n")


def test_text_is_a_string_and_never_markup():
    assert put('a #b *c* _d_ $e$ \\ "f"') == '#"a #b *c* _d_ $e$ \\\\ \\"f\\""'


def test_a_line_end_between_chinese_characters_is_no_space():
    assert put("显存\n带宽 and\nwords") == '#"显存带宽 and words"'


def test_a_link_inside_the_book_shows_its_page():
    assert put('<a href="../cpu/#why">x</a>') == '#link(label("cpu/#why"), "x")#page-of("cpu/#why")'


def test_a_link_to_an_anchor_that_paper_lacks_leads_to_the_page():
    assert put('<a href="../cpu/#gone">x</a>').startswith('#link(label("cpu/#"), ')


def test_a_link_to_a_page_outside_the_book_keeps_its_address():
    assert '"https://example.org/api/v1/x.json"' in put('<a href="../api/v1/x.json">x</a>')


def test_an_outside_address_is_printed_once_a_page():
    twice = put('<a href="https://a.example/">x</a><a href="https://a.example/">y</a>')
    assert twice.count("#noted(") == 1
    assert twice.count("#again(") == 1


def test_a_range_stands_apart_from_its_figure():
    cell = '48.7<small class="range">38.3–56.6</small>'
    assert put(cell) == '#"48.7" #aside[#"38.3–56.6"]'
    assert words(html.fragment_fromstring(cell, create_parent="td")) == "48.7 38.3–56.6"


def test_the_table_keeps_every_cell_and_spans():
    made = put('<table><thead><tr><th colspan="2">h</th></tr></thead><tbody><tr><th>a</th><td class="n">1</td></tr></tbody></table>')
    assert '(table.cell(colspan: 2, "h"),)' in made
    assert '("a", "1",)' in made


def test_a_wide_table_stands_on_a_turned_page_with_its_heading():
    row = "".join(f"<td>{'x' * 40}</td>" for _ in range(5))
    made = put(f"<p>p</p><h2>h</h2><div><table><tr>{row}</tr></table></div>")
    assert made.startswith('#par[#"p"]\n#turned[\n#heading(level: 2)[#"h"]\n')


def test_a_word_that_may_break_keeps_what_follows_the_break():
    made = put("<table><tr><th><code>attention.<wbr>heads_<wbr>count</code></th></tr></table><p>a<wbr>b</p>")
    assert '#raw("attention.\u200bheads_\u200bcount")' in made
    assert '#"a"#sym.zws#"b"' in made


def test_a_paragraph_that_announces_stays_with_what_it_announces():
    assert put("<p>so：</p><ul><li>x</li></ul><p>not：</p><p>y</p>").startswith('#announcement[#"so："]\n#list([#"x"])\n#par[#"not："]')


def test_the_formulas_of_a_table_stand_in_its_caption():
    proof = '<details class="table-proof"><div data-formula="a_b"><math></math></div></details>'
    made = put(f'<div class="table"><div><table><caption>t</caption><tr><td>1</td></tr></table></div>{proof}</div>')
    assert '[#"t"], (raw("a_b"),), ' in made


def test_cases_have_one_brace():
    cases = "<mtr><mtd><mi>a</mi></mtd><mtd><mtext>if</mtext><mspace/><mi>b</mi></mtd></mtr>"
    made = put(f"<math><mrow><mo>{{</mo><mtable>{cases}</mtable></mrow></math>")
    assert '#math.cases($ #math.italic("a") #math.quad #math.upright("if") #h(0.3em) #math.italic("b") $)' in made
    assert '"{"' not in made


def test_white_between_blocks_is_no_paragraph():
    assert '#" "' not in put("<h2>h</h2>\n<p>a <b>b</b> <i>c</i></p>\n").replace('#strong[#"b"]#" "', "")


def test_folded_parts_are_opened():
    assert put("<details><summary>s</summary><p>t</p></details>") == '#framed([#"s"], [\n#par[#"t"]\n])'


def test_tabs_stand_one_under_the_other():
    source = (
        '<div class="tabbed-set"><div class="tabbed-labels"><label>A</label><label>B</label></div>'
        '<div class="tabbed-content"><div>1</div><div>2</div></div></div>'
    )
    assert '#framed([#"A"], [#"1"])\n#framed([#"B"], [#"2"])' in put(source)


def test_a_chart_keeps_its_text_alternative_and_prints_in_ink():
    path = '<path fill="var(--ink-1,#0b5a61)" stroke="currentColor"/>'
    made = put(f'<div role="img" aria-label="speed"><svg viewBox="0 0 1 1" aria-hidden="true">{path}</svg></div>')
    assert 'alt: "speed"' in made
    assert "#0b5a61" in made
    assert "var(" not in made
    assert "currentColor" not in made


def test_a_picture_without_a_text_alternative_is_refused():
    with pytest.raises(CannotSet, match="text alternative"):
        put("<svg></svg>")


def test_an_unknown_element_is_refused_by_name():
    with pytest.raises(CannotSet, match="<canvas>"):
        put("<canvas></canvas>")


@pytest.mark.parametrize("source", ["<script>x</script>", "<button>x</button>", '<a class="headerlink" href="#x">#</a>', "<p hidden>x</p>"])
def test_what_paper_cannot_use_is_left_out(source):
    assert "x" not in put(source)


def test_a_fraction_is_real_mathematics():
    made = put("<math><mfrac><mi>a</mi><mn>2</mn></mfrac></math>")
    assert '#math.frac($ #math.italic("a") $, $ #math.upright("2") $)' in made


def test_an_unknown_part_of_a_formula_is_refused():
    with pytest.raises(CannotSet, match="mglyph"):
        put("<math><mglyph></mglyph></math>")


def test_a_string_ends_where_it_should():
    assert literal('"\\') == '"\\"\\\\"'


def test_what_to_run_is_a_table_with_a_row_a_size():
    listed = '<ul><li><a href="../cpu/#why">x</a></li></ul>'
    assert "#link(" in put(listed)
    made = put(f'<div class="what-runs"><input type="radio"><label>Card</label><dl><div><dt>8 GiB</dt><dd>{listed}</dd></div></dl></div>')
    assert made.startswith('#parbreak()#answers([#"Card"], (([#"8 GiB"], ([')


def test_bars_are_drawn_with_their_lengths_and_say_what_they_show():
    parts = '<i class="bars-weights" style="width:50.00%"></i><i class="bars-kv" style="width:10.00%"></i>'
    bar = f'<div class="bars-row"><span>8K</span><div>{parts}</div></div>'
    lines = '<div class="bars-lines"><i style="left:40.00%"><b>24 GiB</b></i></div>'
    made = put(f'<figure class="chart"><div class="bars" role="img" aria-label="what fills it">{bar}{lines}</div></figure>')
    assert 'alt: "what fills it"' in made
    assert re.findall(r' width=\\"([\d.]+)\\"', made) == ["215.0", "43.0"]
    assert "24 GiB" in made
    assert "8K" in made
