"""The content security policy in a browser: nothing of the site breaks it, and a script that somebody slipped in does not run."""

from __future__ import annotations

import re

import pytest

from macros.publish import archive, offline, policy
from macros.publish.site import THEME

PAGES = [
    "",
    "gpu/",
    "calculator/",
    "models/",
    "devices/rtx-3090/",
    "methods/",
    "accuracy/",
    "en/",
    "en/calculator/",
    "en/context/",
    "missing/",
]
WATCH = """document.addEventListener("securitypolicyviolation", (event) => {
  (window.broken ??= []).push(event.violatedDirective + " " + event.blockedURI);
})"""
SLIP = """() => {
  const script = document.createElement("script");
  script.textContent = "window.evil = 'inline'";
  document.body.append(script);
  document.body.insertAdjacentHTML("beforeend", `<img src=x onerror="window.evil='handler'">`);
  document.body.insertAdjacentHTML("beforeend", `<a id=slip href="javascript:window.evil='address'">x</a>`);
  document.getElementById("slip").click();
  const other = document.createElement("script");
  other.src = "https://evil.example/x.js";
  document.body.append(other);
}"""


@pytest.mark.parametrize("path", PAGES)
def test_no_page_breaks_the_policy(guarded, address, path):
    """Its own styles, scripts, pictures and search."""
    guarded.add_init_script(WATCH)
    guarded.goto(address + path)
    guarded.wait_for_load_state("networkidle")
    assert guarded.evaluate("window.broken ?? []") == []
    assert guarded.get_attribute("html", "class").split().count("js") == 1


def test_search_and_calculator_work_within_the_policy(guarded, address):
    """WebAssembly and what is loaded later."""
    page = guarded
    page.add_init_script(WATCH)
    page.goto(f"{address}en/")
    page.keyboard.press("/")
    page.keyboard.type("bandwidth")
    page.wait_for_selector("a[href*='devices/']", state="attached")
    page.goto(f"{address}en/calculator/")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.broken ?? []") == []


@pytest.fixture
def hostile(browser):
    """A page that may ask and miss what it likes."""
    context = browser.new_context()
    opened = context.new_page()
    opened.add_init_script(WATCH)
    yield opened
    context.close()


@pytest.mark.parametrize("path", ["", "en/gpu/"])
def test_a_script_that_slipped_in_does_not_run(hostile, address, path):
    """Inline, as a handler, as an address, from a text, from elsewhere."""
    hostile.goto(address + path)
    hostile.evaluate(SLIP)
    hostile.wait_for_function("(window.broken ?? []).length >= 4")
    assert hostile.evaluate("window.evil") is None


def test_every_page_has_the_policy(site):
    """Before anything else that loads."""
    said = policy.policy(THEME)
    pages = list(site.rglob("*.html"))
    assert pages
    for path in pages:
        found = re.search(
            r'<meta charset="utf-8">\s*<meta http-equiv="Content-Security-Policy" content="([^"]*)">', path.read_text("utf-8")
        )
        assert found, path
        assert found[1].replace("&#39;", "'") == said, path


def test_what_no_page_uses_of_the_search_is_not_published(site):
    """Interfaces of the engine; and what is published of others says whose it is."""
    assert not list((site / "pagefind").glob("pagefind-*ui*"))
    assert (site / "pagefind" / "pagefind.js").exists()
    notices = (site / "third-party.txt").read_text("utf-8")
    assert "Martin Donath" in notices
    assert "CloudCannon" in notices


@pytest.fixture(scope="module")
def copy(site, tmp_path_factory):
    """The offline copy, unpacked."""
    import zipfile

    folder = tmp_path_factory.mktemp("offline-policy")
    archive.write_zip(offline.files(site, "1.2.3"), folder / "copy.zip", 1_700_000_000)
    with zipfile.ZipFile(folder / "copy.zip") as file:
        file.extractall(folder)
    return folder


def test_the_offline_copy_has_a_policy_that_lets_it_work(hostile, copy):
    """From the file system: its scripts run, a strange one does not."""
    hostile.goto((copy / "en" / "calculator" / "index.html").as_uri())
    hostile.wait_for_load_state("networkidle")
    assert hostile.evaluate("window.broken ?? []") == []
    assert "js" in hostile.get_attribute("html", "class").split()
    hostile.evaluate(SLIP)
    hostile.wait_for_function("(window.broken ?? []).length >= 3")
    assert hostile.evaluate("window.evil") is None
    assert (copy / "third-party.txt").exists()
