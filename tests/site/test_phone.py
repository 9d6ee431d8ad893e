"""Tables at the width of a phone: the answer stands next to the name, and the page never scrolls sideways or a table up and down."""

import pytest

WIDTH = 390
PAGES = (
    *("", "gpu/", "cpu/", "ram/", "storage/", "quantization/", "multi-gpu/", "context/", "throughput/", "fine-tuning/", "builds/"),
    *("mac/", "compare/", "models/", "devices/", "engines/", "accuracy/", "accuracy-memory/", "article/", "calculator/"),
    *("devices/rtx-3060/", "devices/apple-m4-max-40c/", "devices/ryzen-5-7600x/", "models/qwen3.6-35b-a3b/"),
)
MEASURE = """() => [...document.querySelectorAll(".table table")].map((table) => {
  const [name, answer] = [...table.tHead.rows[0].cells].filter((cell) => cell.offsetWidth);
  const scroll = table.closest(".table-scroll");
  return { of: table.caption?.textContent, name: name.offsetWidth, right: answer?.getBoundingClientRect().right ?? 0,
    tall: scroll.scrollHeight - scroll.clientHeight };
})"""


@pytest.mark.parametrize("home", ["", "en/"])
def test_the_answer_is_next_to_the_name_and_in_sight(page, home):
    page.set_viewport_size({"width": WIDTH, "height": 844})
    wrong = []
    for path in PAGES:
        page.goto(home + path)
        assert page.evaluate("document.documentElement.scrollWidth") == WIDTH, path
        for table in page.evaluate(MEASURE):
            if table["name"] > WIDTH * 0.36 or table["right"] > WIDTH or table["tall"] > 1:
                wrong.append((path, table))
    assert not wrong


def test_folded_columns_open(page):
    page.set_viewport_size({"width": WIDTH, "height": 844})
    page.goto("en/models/qwen3.6-35b-a3b/")
    table = page.locator("[data-table=model-devices]")
    folded = table.locator("thead th.s").first
    assert not folded.is_visible()
    table.get_by_role("button", name="more column").click()
    assert folded.is_visible()


def test_no_table_is_cut_on_a_small_laptop(page):
    page.set_viewport_size({"width": 1280, "height": 900})
    cut = """() => [...document.querySelectorAll(".table-scroll")].filter((one) => one.scrollWidth > one.clientWidth + 1)
        .map((one) => one.getAttribute("aria-label"))"""
    found = {}
    for path in PAGES:
        for home in ("", "en/"):
            page.goto(home + path)
            if cuts := page.evaluate(cut):
                found[home + path] = cuts
    assert not found
