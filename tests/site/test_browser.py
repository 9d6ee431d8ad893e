"""In a browser: the language link, search in both languages, narrow screens, the dark theme, tables that do things."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

KINDS = {
    "home": "",
    "devices": "devices/",
    "models": "models/",
    "a model": "models/llama-2-7b/",
    "a device": "devices/rtx-3090/",
}


@pytest.mark.parametrize("start", ["", "devices/rtx-3090/"])
def test_language_link_stays_on_page_and_heading(page, address, start):
    page.goto(f"{start}#specs" if start else start)
    page.click("[data-language]")
    page.wait_for_url(f"{address}en/{start}*")
    assert page.url == f"{address}en/{start}{'#specs' if start else ''}"
    assert page.get_attribute("html", "lang") == "en"
    page.click("[data-language]")
    page.wait_for_url(lambda url: "/en/" not in url)
    assert page.url.split("#")[0] == f"{address}{start}"


@pytest.mark.parametrize(
    ("start", "words", "found"),
    [
        ("", "显存", "gpu/"),
        ("", "参数", "models/"),
        ("models/", "RTX 3090", "devices/rtx-3090/"),
        ("en/", "bandwidth", "en/devices/"),
        ("en/devices/", "RTX 3090", "en/devices/rtx-3090/"),
    ],
)
def test_search(page, address, start, words, found):
    loaded = []
    page.on("request", lambda request: loaded.append(request.url))
    page.goto(start)
    page.wait_for_load_state("networkidle")
    assert not [url for url in loaded if "pagefind" in url or "search.js" in url], "nothing of the search before its first use"
    page.keyboard.press("/")
    page.wait_for_selector("dialog.search[open]")
    page.fill("dialog.search input", words)
    page.wait_for_selector("dialog.search li a")
    more = page.query_selector("dialog.search li button")
    if more:
        more.click()
        page.wait_for_selector("dialog.search li button", state="detached")
    links = [link.get_attribute("href") for link in page.query_selector_all("dialog.search li a")]
    home = "/guide/en/" if start.startswith("en/") else "/guide/"
    assert f"/guide/{found}" in links
    assert all(link.startswith(home) for link in links)
    assert start.startswith("en/") or not any(link.startswith("/guide/en/") for link in links)
    page.focus("dialog.search input")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.tagName") == "A"
    page.keyboard.press("Escape")
    assert not page.query_selector("dialog.search[open]")


def test_search_finds_nothing_politely(page):
    page.goto("en/")
    page.keyboard.press("/")
    page.wait_for_selector("dialog.search[open]")
    page.fill("dialog.search input", "<zzzzqqq>")
    page.wait_for_function("document.querySelector('dialog.search [role=status]')?.textContent === 'Nothing found'")


@pytest.mark.parametrize("language", ["", "en/"])
@pytest.mark.parametrize("path", KINDS.values(), ids=KINDS)
def test_narrow_screens_do_not_scroll_sideways(page, language, path):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(language + path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.click("[popovertarget=navigation]")
    assert page.is_visible("#navigation a")


@pytest.mark.parametrize("path", ["devices/", "en/models/llama-2-7b/"])
def test_dark_theme(page, path):
    page.emulate_media(color_scheme="dark")
    page.goto(path)
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("[data-theme-button]")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == light, "the reader's choice is kept"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [*KINDS.values(), *(f"en/{path}" for path in KINDS.values())])
def test_nothing_serious_for_assistive_technology(page, path, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(path)
    page.wait_for_load_state("networkidle")
    found = Axe().run(page).response["violations"]
    grave = [
        (rule["id"], [node["html"][:120] for node in rule["nodes"]][:3]) for rule in found if rule["impact"] in ("serious", "critical")
    ]
    assert not grave, grave


def test_missing_page_answers_in_both_languages(page):
    page.goto("en/missing/deep/")
    assert page.is_visible("text=没有这个页面")
    assert page.is_visible("text=There is no such page")


def test_tables_sort_filter_copy(page):
    page.goto("en/devices/")
    table = page.locator("[data-table=gpus]")
    place = 1 + table.locator("thead th").evaluate_all("heads => heads.findIndex(head => head.dataset.column === 'bandwidth')")
    cells = table.locator(f"tbody tr > :nth-child({place})")
    table.locator("th[data-column=bandwidth] .sort").click()
    speeds = [float(text.replace(",", "")) for text in cells.all_inner_texts()]
    assert speeds == sorted(speeds, reverse=True)
    assert table.locator("th[data-column=bandwidth]").get_attribute("aria-sort") == "descending"
    table.locator("th[data-column=bandwidth] .sort").click()
    speeds = [float(text.replace(",", "")) for text in cells.all_inner_texts()]
    assert speeds == sorted(speeds)
    table.locator(".table-filter").fill("rtx 3090")
    shown = table.locator("tbody tr:visible th").all_inner_texts()
    assert {name.split("\n")[0] for name in shown} == {"RTX 3090", "RTX 3090 Ti"}
    table.locator(".table-copy").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.splitlines()[0].startswith("Device\t")
    assert "Memory GiB" in copied.splitlines()[0]
    assert len(copied.splitlines()) == 3


def test_proof_of_a_row(page):
    page.goto("en/models/")
    page.click("[data-table=models] tbody tr:has-text('Llama 2 7B') td.n >> nth=0")
    page.wait_for_selector("dialog.proof .proof-inputs section")
    text = page.inner_text("dialog.proof")
    assert "architecture.layers" in text
    assert "32" in text
    assert page.locator("dialog.proof .proof-inputs a[href^='https://']").count() >= 1
    assert page.locator("dialog.proof .formula").count() == 2


@pytest.mark.parametrize("path", ["devices/", "en/models/qwen3-8b/"])
def test_pages_stand_without_script(browser, address, path):
    context = browser.new_context(java_script_enabled=False, base_url=address)
    page = context.new_page()
    page.goto(path)
    assert page.locator("table tbody tr").count() > 5
    assert page.is_visible("nav#navigation a")
    assert page.is_visible("[data-language]")
    context.close()
