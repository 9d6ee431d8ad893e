"""Six questions of readers, each answered from the home page on a phone, in sight and without scrolling sideways."""

import json
import re

import pytest

from macros.estimate.ways import way

PHONE = {"width": 390, "height": 844}
DESKTOP = {"cpu": "core-i5-13600k", "memory_channels": 2}


@pytest.fixture
def phone(page):
    page.set_viewport_size(PHONE)
    return page


def in_sight(page, element):
    """Whether an element lies within the width of the screen."""
    box = element.bounding_box()
    return box is not None and box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]


def ask(page, **fields):
    """Fill in the form of the home page as a reader does, and wait for its answer."""
    page.focus("#ask-gpu")
    # The page's policy allows no text as script, so that nothing is waited for by an expression.
    while not page.evaluate("() => Boolean(globalThis.startFormulas && globalThis.combobox)"):
        page.wait_for_timeout(100)
    page.wait_for_timeout(300)
    for name, value in fields.items():
        if name in ("memory", "size"):
            page.select_option(f"#ask-{name}", value)
        else:
            page.fill(f"#ask-{name}", value)
            page.keyboard.press("Enter")
            page.wait_for_timeout(300)
    while page.query_selector("[data-verdict][aria-busy]"):
        page.wait_for_timeout(100)
    page.wait_for_timeout(400)
    return page.query_selector("[data-verdict]")


def test_the_first_answer_stands_on_the_first_screen_and_is_the_formulas(phone, catalogue):
    phone.goto("")
    verdict = phone.query_selector("[data-verdict]")
    assert verdict.bounding_box()["y"] + verdict.bounding_box()["height"] < PHONE["height"]
    before = verdict.inner_text()
    after = ask(phone, ram="32")
    assert after.inner_text() == before


def test_a_3060_with_ddr4(phone, catalogue):
    phone.goto("")
    verdict = ask(phone, gpu="RTX 3060 12GB", memory="ddr4-3200", model="Qwen3.6 35B-A3B")
    question = {"model": "qwen3.6-35b-a3b", "quant": "q4_k_m", "context": 8192, "gpus": ["rtx-3060"], **DESKTOP, "memory": "ddr4-3200"}
    found = way(question, catalogue, ram_gib=32.0)
    assert verdict.get_attribute("data-way") == found["way"]
    assert f"{found['decode']['low']:.0f}–{found['decode']['high']:.0f}" in verdict.inner_text()
    assert in_sight(phone, verdict)


def test_a_macbook_of_64_gb(phone, catalogue):
    phone.goto("en/")
    verdict = ask(phone, gpu="Apple M4 Max (40-core GPU)", size="64", model="Qwen3-Coder-Next 80B-A3B")
    assert verdict.get_attribute("data-way") == "card"
    assert phone.is_hidden("#ask-ram")  # its memory is the machine's
    assert in_sight(phone, verdict)
    assert re.search(
        r"gpu=apple-m4-max-40c@64",
        phone.get_attribute("[data-more]", "href") or phone.evaluate("document.querySelector('[data-more]').hash"),
    )


def test_a_large_mixture_with_its_experts_in_ram(phone):
    phone.goto("en/")
    verdict = ask(phone, gpu="RTX 3060 12GB", ram="96", model="gpt-oss 120B")
    assert verdict.get_attribute("data-way") == "experts"
    assert ask(phone, ram="32").get_attribute("data-way") == "no"


def tap(page, words):
    """Follow the link of the text with these words."""
    page.locator("article a", has_text=words).first.click()
    page.wait_for_load_state()


def cell(page, table, columns, *words):
    """The cells of a column in the rows of a table that have all these words."""
    heads = page.query_selector_all(f"[data-table={table}] thead th")
    index = [head.get_attribute("data-column") for head in heads].index(columns)
    rows = page.query_selector_all(f"[data-table={table}] tbody tr")
    return [row.query_selector_all("th, td")[index] for row in rows if all(word in row.inner_text() for word in words)]


def test_a_card_s_own_page_is_two_taps_away_and_tells_the_speed(phone):
    phone.goto("")
    tap(phone, "设备")
    tap(phone, "RTX 3060 12GB")
    way, speed = (cell(phone, "device-models", column, "Qwen3.6 35B-A3B")[0] for column in ("way", "decode"))
    assert in_sight(phone, way)
    assert in_sight(phone, speed)
    assert re.search(r"\d", speed.inner_text())


def test_a_mac_is_one_tap_away_with_both_engines(phone):
    phone.goto("en/")
    tap(phone, "Mac")
    speeds = [one for words in ("MLX", "llama.cpp") for one in cell(phone, "mac-engines", "decode", "gpt-oss 120B", "M5 Max", words)]
    assert len(speeds) == 2
    assert all(in_sight(phone, speed) and re.search(r"\d", speed.inner_text()) for speed in speeds)


def test_experts_in_ram_are_one_tap_away(phone):
    phone.goto("")
    tap(phone, "处理器")
    speed = cell(phone, "experts-on-host", "decode", "gpt-oss 120B")[0]
    assert in_sight(phone, speed)
    assert re.search(r"\d", speed.inner_text())


def test_a_team_on_two_cards_is_one_tap_away(phone):
    phone.goto("en/")
    tap(phone, "A team on one server")
    top = phone.query_selector("#team").bounding_box()["y"]
    assert 0 <= top < PHONE["height"]
    fit, each = (cell(phone, "team", column, "RTX 3090", "Cards: 2", "Users: 20")[0] for column in ("fit", "each"))
    assert in_sight(phone, fit)
    assert in_sight(phone, each)
    assert int(fit.inner_text().replace(",", "")) > 0


def test_many_users_are_one_tap_from_the_form(phone):
    phone.goto("en/")
    ask(phone, gpu="RTX PRO 6000 Blackwell", model="Qwen3.8 27B")
    phone.click("[data-more]")
    phone.wait_for_selector(".calculator-answer[data-ready]")
    phone.fill("#calculator-users", "20")
    phone.fill("#calculator-context", "32k")
    phone.wait_for_timeout(600)
    assert in_sight(phone, phone.query_selector("[data-verdict]"))


def test_a_wrong_bandwidth_can_be_reported(phone):
    phone.goto("")
    phone.click("article a[href='devices/']")
    phone.click("article a[href$='devices/rtx-3060/'], article a[href$='rtx-3060/']")
    assert "data/gpus/rtx-3060.yaml" in phone.get_attribute("a[rel=edit]", "href")
    assert "template=wrong-value.yml" in phone.get_attribute("a[href*='issues/new']", "href")


def test_what_24_gb_can_fine_tune(phone):
    phone.goto("en/")
    phone.click("article a[href='fine-tuning/']")
    table = phone.query_selector("[data-table=qlora-by-card]")
    head = table.query_selector("th[data-column='rtx-3090']")
    assert in_sight(phone, head)
    row = next(row for row in table.query_selector_all("tbody tr") if "Qwen3 14B" in row.inner_text())
    assert int(row.query_selector_all("td")[3].inner_text().replace(",", "")) > 2048


@pytest.mark.parametrize("text", ["<img src=x onerror=alert(1)>", "１２abc", "-5", "", "9" * 400])
def test_nonsense_is_told_beside_its_field(page, text):
    page.goto("en/")
    ask(page, ram=text)
    error = page.query_selector("[data-field=ram] [data-error]")
    assert error.is_visible()
    assert error.inner_text()
    assert page.get_attribute("#ask-ram", "aria-invalid") == "true"
    ask(page, ram="32", gpu="<b>zzz</b>")
    assert page.query_selector("[data-field=gpu] [data-error]").inner_text().count("<b>") == 1
    assert not page.query_selector(".ask img, .ask b")


RENDERERS = {
    "ANGLE (NVIDIA, NVIDIA GeForce RTX 4090 (0x00002684) Direct3D11 vs_5_0 ps_5_0, D3D11)": ["rtx-4090"],
    "ANGLE (NVIDIA, NVIDIA GeForce RTX 4060 Laptop GPU (0x000028E0) Direct3D11 vs_5_0 ps_5_0, D3D11)": ["rtx-4060-mobile"],
    "ANGLE (NVIDIA, NVIDIA GeForce RTX 3060 (0x00002504) Direct3D11 vs_5_0 ps_5_0, D3D11)": ["rtx-3060", "rtx-3060-8gb"],
    "ANGLE (Apple, ANGLE Metal Renderer: Apple M4 Max, Unspecified Version)": ["apple-m4-max-32c", "apple-m4-max-40c"],
    "ANGLE (AMD, AMD Radeon RX 7900 XTX (0x0000744C) Direct3D11 vs_5_0 ps_5_0, D3D11)": ["rx-7900-xtx"],
    "ANGLE (Intel, Intel(R) Arc(TM) B580 Graphics (0x0000E20B) Direct3D11 vs_5_0 ps_5_0, D3D11)": ["arc-b580"],
    "ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero) (0x0000C0DE)), SwiftShader driver)": [],
    "Apple GPU": [],
}


@pytest.mark.parametrize(("told", "expected"), RENDERERS.items())
def test_this_computer_is_named_where_that_is_sure(page, told, expected):
    page.goto("")
    ask(page)
    found = page.evaluate(
        f"""async () => {{
            WebGLRenderingContext.prototype.getParameter = WebGL2RenderingContext.prototype.getParameter = () => {json.dumps(told)};
            const here = await import(new URL("js/here.js", location.href));
            return here.devices(await here.reported(), globalThis.guide.gpus);
        }}"""
    )
    assert sorted(found) == sorted(expected)
