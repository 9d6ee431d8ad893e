"""The calculator in a browser: the bits of the command line, words for every mistake, links that reproduce a setting."""

from __future__ import annotations

import base64
import gzip
import json
import random
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe

from macros.estimate.notices import sentence
from macros.estimate.overview import overview, room
from macros.render.calculator_words import MESSAGES
from macros.render.scripts import OWN
from macros.specs import Catalogue

CONFIGS: dict[str, Any] = yaml.safe_load((Path(__file__).parents[1] / "estimate" / "configs.yaml").read_text("utf-8"))
LANGUAGES = {"zh": "calculator/", "en": "en/calculator/"}
ALIKE = 8
"""Questions about one model in one format, one after the other: weighing a model takes longest."""
CACHE_TYPES = ("f16", "f16", "f16", "q8_0", "q4_0", "q5_1", "bf16", "f32", "iq4_nl")


def questions(catalogue: Catalogue, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """So many questions with all the keys that the page sets; some of them cannot be answered, which both must say.

    Most name the number of layers: looking for it takes ten plans instead of one.
    """
    rng = random.Random(seed)
    models, formats = sorted(catalogue.models), sorted(catalogue.quantizations)
    files = [name for name in formats if catalogue.quantizations[name].kind == "gguf"]
    gpus, cpus, drives = sorted(catalogue.gpus), sorted(catalogue.cpus), sorted(catalogue.drives)
    model = quant = ""
    for index in range(count):
        if index % ALIKE == 0:
            model = models[index // ALIKE % len(models)]
            quant = rng.choice(formats if rng.random() < 0.2 else files)
        question: dict[str, Any] = {
            "model": model,
            "quant": quant,
            "context": rng.choice([1, 512, 2048, 8192, 32768, 131072, rng.randrange(1, 1 << 20)]),
            "gpus": [rng.choice(gpus) for _ in range(rng.choice([0, 0, 1, 1, 1, 1, 2, 3]))],
            "users": rng.choice([1, 1, 1, 2, 4, 16]),
            "prompt_tokens": rng.choice([512, rng.randrange(1, 40_000)]),
            "depth": rng.choice([0, 0, rng.randrange(40_000)]),
        }
        # Some stay beyond the context, which both must refuse.
        if rng.random() < 0.9:
            question["prompt_tokens"] = min(question["prompt_tokens"], question["context"])
            question["depth"] = min(question["depth"], question["context"] - question["prompt_tokens"])
        if rng.random() < 0.3:
            question["gpus"] = question["gpus"][:1] * len(question["gpus"])
        if rng.random() < 0.3:
            question["kv_type"] = rng.choice(CACHE_TYPES)
        if rng.random() < 0.1:
            question |= {"kv_type_k": rng.choice(CACHE_TYPES), "kv_type_v": rng.choice(CACHE_TYPES)}
        for key, share in (("flash_attention", 0.1), ("swa_full", 0.1), ("experts_on_host", 0.15), ("imatrix", 0.2)):
            if rng.random() < share:
                question[key] = key != "flash_attention"
        for key, share, value in (
            ("profile", 0.2, rng.choice(["cli", "server"])),
            ("slots", 0.1, rng.randrange(1, 9)),
            ("ubatch", 0.2, rng.choice([1, 128, 1024, rng.randrange(1, 4096)])),
            ("gpu_layers", 0.97, rng.randrange(100)),
            ("drive", 0.3, rng.choice(drives)),
            ("engine", 0.1, rng.choice(["llama.cpp", "vllm"])),
            ("cpu", 0.5, rng.choice(cpus)),
        ):
            if rng.random() < share and (key != "gpu_layers" or question["gpus"]):
                question[key] = value
        if "cpu" in question and rng.random() < 0.5:
            question["memory"] = rng.choice(catalogue.cpus[question["cpu"]].memory_kinds)
            question["memory_channels"] = rng.randrange(1, catalogue.cpus[question["cpu"]].memory_channels + 1)
        yield question


def long_form(value: Any) -> Any:
    """A configuration with its lists written out again; tests/estimate/configs.yaml writes `[3 full, 1 linear]`."""
    if not isinstance(value, dict):
        return value

    def spelled(runs: list[str]) -> list[Any]:
        counted = [run.split(" ", 1) for run in runs]
        return [int(kind) if kind.isdigit() else kind for count, kind in counted for _ in range(int(count))]

    runs = [kind for part in ("of", "runs") for kind in spelled(value.get(part, []))] * value.get("times", 1)
    return runs + spelled(value.get("then", [])) if runs else {key: long_form(entry) for key, entry in value.items()}


def answered(ask: Any, *arguments: Any, **named: Any) -> Any:
    try:
        return json.loads(json.dumps(ask(*arguments, **named)))
    except ValueError as refused:
        return {"refused": refused.field}  # type: ignore[attr-defined]


IN_THE_PAGE = """([name, all]) => {
  const kinds = Object.keys(guide).filter((kind) => kind.replaceAll("-", "_") in formulas);
  const classes = Object.fromEntries(kinds.map((kind) => [kind, formulas[kind.replaceAll("-", "_")]]));
  globalThis.catalogue ??= formulas.catalogueOf(guide, classes);
  return JSON.stringify(all.map(([question, ...more]) => {
    try {
      const answer = formulas[name](formulas.fromJson(question), catalogue, ...more);
      return formulas.toJson(name === "room_trials" ? [...answer].at(-1) : answer);
    }
    catch (error) { return { refused: error.field ?? error.stack }; }
  }));
}"""


FORMULAS = "api/v1/calculator/formulas.js"


def in_the_page(page, name, asked):
    """Answers of the formulas in the page, where nobody waits: its own run beside it."""
    answers = []
    if not page.evaluate("Boolean(globalThis.formulas)"):
        page.add_script_tag(url=f"{page.url.split('calculator/')[0].removesuffix('en/')}{FORMULAS}")
    for start in range(0, len(asked), 500):
        answers += json.loads(page.evaluate(IN_THE_PAGE, [name, asked[start : start + 500]]))
    return answers


def differing(asked, expected, got):
    return [(question, e, g) for question, e, g in zip(asked, expected, got, strict=True) if e != g]


def test_ten_thousand_random_settings_have_equal_bits(page, catalogue):
    """JSON keeps every bit of a number, so equal answers are equal bits."""
    asked = list(questions(catalogue, 10_000, seed=20231121))
    visit(page, LANGUAGES["zh"])
    expected = [answered(overview, question, catalogue) for question in asked]
    wrong = differing(asked, expected, in_the_page(page, "overview", [[question] for question in asked]))
    assert not wrong, f"{len(wrong)} of {len(asked)}; the first: {wrong[0]}"
    assert 100 < sum("refused" in answer for answer in expected) < 5_000


def test_what_the_page_shows_besides_has_equal_bits(page, catalogue):
    rng = random.Random(7)
    asked = [
        [question, *(rng.choice(values) for values in ([None, 16, 64, 0.5], [None, 1500.0], [None, 0.31], [4, 2.5, 0]))]
        for question in questions(catalogue, 400, seed=5)
    ]
    visit(page, LANGUAGES["en"])
    names = ("ram_gib", "price", "price_per_kwh", "hours_a_day")
    expected = [answered(overview, q, catalogue, **dict(zip(names, more, strict=True))) for q, *more in asked]
    wrong = differing(asked, expected, in_the_page(page, "overview", asked))
    assert not wrong, f"{len(wrong)} of {len(asked)}; the first: {wrong[0]}"
    asked = [line[:2] for line in asked]
    expected = [answered(room, q, catalogue, ram_gib=ram) for q, ram in asked]
    wrong = differing(asked, expected, in_the_page(page, "room_trials", asked))
    assert not wrong, f"{len(wrong)} of {len(asked)}; the first: {wrong[0]}"


WEIRD = [None, -1, 0, 1.5, "x", [], {}, True, 10**9, [1, 2], 3, "__proto__"]


def configurations(count, seed):
    """Every configuration that the reader is tested with, whole and with a value taken away or spoilt."""
    rng = random.Random(seed)
    whole = [long_form(config) for config in CONFIGS.values()]
    yield from whole
    for index in range(count):
        spoilt = dict(whole[index % len(whole)])
        key = rng.choice(list(spoilt))
        if rng.random() < 0.4:
            del spoilt[key]
        else:
            spoilt[key] = rng.choice(WEIRD)
        yield spoilt


def test_pasted_configurations_have_equal_bits(page, catalogue):
    asked = [{"config": config, "quant": "q4_k_m", "context": 4096, "gpus": ["rtx-3090"]} for config in configurations(1_000, seed=3)]
    visit(page, LANGUAGES["en"])
    page.add_script_tag(url=page.get_attribute("[data-calculator]", "data-configs"))
    expected = [answered(overview, question, catalogue) for question in asked]
    got = in_the_page(page, "overview", [[question] for question in asked])
    # What pydantic refuses has the name `config` here and `record` there; whole numbers past 2^53 lose bits there.
    same = [e == g or ("refused" in e and "refused" in g) or e["total"]["bytes"] > 2**53 for e, g in zip(expected, got, strict=True)]
    assert all(same), next((q["config"], e, g) for q, e, g, s in zip(asked, expected, got, same, strict=True) if not s)
    assert sum("refused" not in answer for answer in expected) > 100


def test_a_pasted_configuration_is_answered(page):
    visit(page, LANGUAGES["zh"])
    page.click("[data-more=config] summary")
    page.fill("#calculator-config", json.dumps(long_form(CONFIGS["llama-3.1-8b"])))
    page.wait_for_function("document.querySelector('[data-figure=figure-parameters]').textContent.includes('8.03')")
    assert page.locator("[data-verdict]").get_attribute("data-fits") == "yes"
    page.wait_for_function("location.hash.includes('config=')")
    # The longest context, which is the file's own, takes a moment more than the rest.
    page.wait_for_function("document.querySelector('[data-figures]').textContent.includes('131,072')")
    before = answer(page)
    other = page.context.new_page()
    visit(other, page.url)
    other.wait_for_function("document.querySelector('#calculator-config').value.length > 9")
    other.wait_for_function("document.querySelector('[data-figures]').textContent.includes('131,072')")
    assert answer(other) == before


def test_a_configuration_too_large_for_a_link_is_left_out_of_it(page):
    visit(page, LANGUAGES["en"])
    page.click("[data-more=config] summary")
    noise = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=40_000))
    page.fill("#calculator-config", json.dumps(long_form(CONFIGS["llama-3.1-8b"]) | {"noise": noise}))
    page.wait_for_function("document.querySelector('[data-config-link]').textContent.length > 0")
    assert page.locator("[data-config-link]").inner_text() == MESSAGES["config-too-large-for-link"]["en"]
    assert "config=" not in page.url


def test_a_card_that_is_not_listed(page, catalogue):
    """Described by the reader, it is the card that the command line takes as an object; the link keeps it."""
    visit(page, LANGUAGES["en"] + "#model=qwen3-8b&quant=q4_k_m&context=8192&gpu=other:10:500:ada-gf&kv=q8_0&kv-v=q4_0")
    card = {"id": "other", "memory_gib": 10.0, "bandwidth_gb_per_s": 500.0, "family": "ada-gf"}
    question = {"model": "qwen3-8b", "quant": "q4_k_m", "context": 8192, "gpus": [card], "kv_type_k": "q8_0", "kv_type_v": "q4_0"}
    expected = overview(question, catalogue)
    assert page.locator("[data-command]").inner_text().startswith(expected["command"])
    assert f"{expected['decode']['tokens_per_second']:.1f}" in page.locator("[data-figure=figure-decode]").inner_text()
    page.locator("[data-field=own-memory] input").fill("4")
    page.wait_for_function("location.hash.includes('gpu=other:4:500:ada-gf')")
    settle(page)
    assert page.locator("[data-verdict]").get_attribute("data-fits") == "partly"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_to_know_of_an_answer_is_told_in_the_language_of_the_page(page, language, catalogue):
    """Codes of the formulas with the page's words: numbers grouped, names of records for their ids."""
    visit(page, f"{LANGUAGES[language]}#model=qwen3-8b&quant=iq2_xs&context=99999&gpu=rx-590&gpu=rtx-3090")
    told = page.locator("[data-warnings] li").all_inner_texts()
    question = {"model": "qwen3-8b", "quant": "iq2_xs", "context": 99999, "gpus": ["rx-590", "rtx-3090"]}
    expected = [sentence(notice, catalogue, language) for notice in overview(question, catalogue)["notices"]]
    assert [text.replace(",", "") for text in told] == [text.replace(",", "") for text in expected]
    assert "99,999" in told[0]
    assert len(told) == 4


SCRIPT = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"

TYPED = [
    # (field, what is typed, the message that must stand beside it)
    ("model", "gpt-9-ultra", "unknown-model"),
    ("model", "", "missing"),
    ("model", SCRIPT, "unknown-model"),
    ("model", "llama", "ambiguous"),
    ("model", "💥" * 300, "unknown-model"),
    ("context", "-1", "too-small"),
    ("context", "0", "too-small"),
    ("context", "many", "not-number"),
    ("context", "99999999999999999999", "too-large"),
    ("context", "1e999", "not-number"),
    ("context", "8192.5", "not-whole"),
    ("context", "NaN", "not-number"),
    ("context", "0x1000", "not-number"),
    ("context", "", "missing"),
    ("context", SCRIPT, "not-number"),
    ("context", "１２ ３ｘ", "not-number"),
    ("users", "0", "too-small"),
    ("users", "1.5", "not-whole"),
    ("users", "Infinity", "not-number"),
    ("ram_gib", "-64", "too-small"),
    ("ram_gib", "1TB", "not-number"),
    ("cpu", "Pentium 9", "unknown-cpu"),
    ("cpu", SCRIPT, "unknown-cpu"),
    ("memory_channels", "two", "not-number"),
    ("memory_channels", "1000", "too-large"),
    ("sockets", "3", "too-large"),
    ("gpu_layers", "-5", "too-small"),
    ("prompt_tokens", "--", "not-number"),
    ("depth", "-0.5", "not-whole"),
    ("ubatch", "0", "too-small"),
    ("price", "free", "not-number"),
    ("price", "-3", "too-small"),
    ("tariff", "1;DROP TABLE", "not-number"),
    ("hours", "25", "too-large"),
]
PASTED = [
    ("{", "config-not-json"),
    ('{"model_type": "llama", "hidden_size": 40', "config-not-json"),
    ("hello", "config-not-json"),
    ("[1, 2]", "config-not-object"),
    ("null", "config-not-object"),
    ('"a text"', "config-not-object"),
    ("{}", "refused-config"),
    ('{"model_type": "alien"}', "refused-config"),
    ('{"model_type": ["llama"]}', "refused-config"),
    (json.dumps({"model_type": SCRIPT}), "refused-config"),
    ('{"a": "' + "x" * 8 * 2**20 + '"}', "config-too-long"),
    ("[" * 50_000, "config-not-json"),
]
ADDRESSES = [
    ("model=no-such-model", "model", "unknown-model"),
    ("model=%3Cscript%3Edocument.title%3D%27owned%27%3C%2Fscript%3E", "model", "unknown-model"),
    ("model=..%2F..%2Fetc", "model", "unknown-model"),
    ("model=__proto__", "model", "unknown-model"),
    ("model=constructor", "model", "unknown-model"),
    ("quant=q99", "quant", "unknown-choice"),
    ("quant=%3Cb%3E", "quant", "unknown-choice"),
    ("kv=f8", "kv_type", "unknown-choice"),
    ("engine=abacus", "engine", "unknown-choice"),
    ("memory=ddr99", "memory", "unknown-choice"),
    ("drive=floppy", "drive", "unknown-choice"),
    ("gpu=rtx-9999", "gpu", "unknown-card"),
    ("gpu=rtx-3090*-2", "count", "not-whole"),
    ("gpu=rtx-3090*99999999", "count", "not-whole"),
    ("gpu=rtx-3090*999", "count", "too-many-cards"),
    ("gpu=rtx-3090*%3Cb%3E", "count", "not-whole"),
    ("context=1e99", "context", "too-large"),
    ("context=%F0%9F%92%A5", "context", "not-number"),
    ("context=-8192", "context", "too-small"),
    ("cpu=z80", "cpu", "unknown-cpu"),
    ("users=%00", "users", "not-number"),
    ("ram=lots", "ram_gib", "not-number"),
    ("kv-v=f8", "kv_type_v", "unknown-choice"),
    ("gpu=other:much:500:ada-gf", "own-memory", "not-number"),
    ("gpu=other:24:-1:ada-gf", "own-bandwidth", "too-small"),
    ("gpu=other:24:500:%3Cb%3E", "own-family", "unknown-choice"),
    ("gpu=rtx-3090&config=%3Cb%3E", "config", "config-not-link"),
    ("gpu=rtx-3090&config=AAAA", "config", "config-not-link"),
]


ALL_KNOWN = "![...document.querySelectorAll('[data-figures] dd')].some((figure) => figure.textContent === '…')"
"""What is looked for between two frames has been found."""


def settle(page):
    """Wait until the last change is answered."""
    page.wait_for_selector("[data-ready]:not([aria-busy])")


def visit(page, path):
    page.goto(path)
    settle(page)
    page.wait_for_function(ALL_KNOWN)


def answer(page):
    """What is seen of the answer; a screen reader is told some time later."""
    settle(page)
    page.wait_for_function(ALL_KNOWN)
    parts = ("verdict", "warnings", "bars", "figures", "command")
    return [page.locator(f"[data-{part}]").inner_text() for part in parts]


def start_of(message: str, language: str) -> str:
    """The words of a message before what it quotes, or the longest piece of it."""
    return max(re.split(r"\{\w+\}", MESSAGES[message][language]), key=len)


def complaint(page, field):
    settle(page)
    return page.locator(f'[data-field="{field}"] [data-error]:visible').all_inner_texts()


def linked(config: str) -> str:
    """A configuration as links carry it."""
    packer = zlib.compressobj(wbits=-15)
    return base64.urlsafe_b64encode(packer.compress(config.encode()) + packer.flush()).decode().rstrip("=")


@pytest.mark.parametrize("config", ['{"model_type": "alien"}', "{}", json.dumps(long_form(CONFIGS["llama-3.1-8b"]))])
@pytest.mark.parametrize("started", ["beside", "in the page"])
def test_a_configuration_in_a_link_leaves_nothing_of_the_first_answer_running(page, config, started):
    if started == "in the page":  # as from a folder, where browsers start no worker
        page.add_init_script("delete globalThis.Worker")
    page.goto(f"en/calculator/#model=llama-3.1-8b&gpu=rtx-3090&config={linked(config)}")
    page.wait_for_selector("[data-reads=configs]")
    page.wait_for_timeout(400)  # pieces of the answer come between two frames: what throws there is told when the page closes


def still_works(page):
    """The rest of the page answers: another context, another answer; and nothing ran or was drawn that was typed."""
    page.evaluate("""() => { const select = document.querySelector('#calculator-quant'); select.value = 'q8_0';
        select.dispatchEvent(new Event('input', {bubbles: true})); }""")
    settle(page)
    assert page.locator("[data-command]").inner_text() == "" or "Q8_0" in page.locator("[data-command]").inner_text()
    assert page.title() != "owned"
    assert page.locator(".calculator img, .calculator b, .calculator form script").count() == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_nonsense_typed(page, language):
    visit(page, LANGUAGES[language])
    for more in page.query_selector_all(".calculator details"):
        more.evaluate("details => { details.open = true }")
    missing = []
    for field, text, message in TYPED:
        control = page.locator(f"#calculator-{field}")
        before = control.input_value()
        control.fill(text)
        control.blur()
        told = complaint(page, field)
        if not told or start_of(message, language) not in told[0]:
            missing.append((field, text[:40], message, told))
        assert control.get_attribute("aria-invalid") == "true", (field, text[:40])
        still_works(page)
        assert page.locator("[data-verdict]").get_attribute("data-fits") in ("yes", "partly", "no"), (field, text[:40])
        control.fill(before)
        control.blur()
        assert not complaint(page, field), (field, before)
    assert not missing, missing


@pytest.mark.parametrize("language", LANGUAGES)
def test_nonsense_pasted(page, language):
    visit(page, LANGUAGES[language])
    page.click("[data-more=config] summary")
    page.fill("#calculator-config", json.dumps(long_form(CONFIGS["llama-3.1-8b"])))
    page.wait_for_selector("[data-reads=configs]")
    missing = []
    for text, message in PASTED:
        page.locator("#calculator-config").evaluate(
            "(area, text) => { area.value = text; area.dispatchEvent(new Event('input', {bubbles: true})); }", text
        )
        told = complaint(page, "config")
        if not told or start_of(message, language) not in told[0]:
            missing.append((text[:40], message, told))
        still_works(page)
    assert not missing, missing


@pytest.mark.parametrize("language", LANGUAGES)
def test_nonsense_in_the_address(page, language):
    missing = []
    for state, field, message in ADDRESSES:
        page.goto("about:blank")
        visit(page, f"{LANGUAGES[language]}#{state}")
        told = complaint(page, field)
        if not told or start_of(message, language) not in told[0]:
            missing.append((state, message, told))
        still_works(page)
        assert page.locator("[data-verdict]").get_attribute("data-fits") in ("yes", "partly", "no"), state
    assert not missing, missing


def test_a_refusal_stands_beside_its_field(page):
    visit(page, LANGUAGES["en"] + "#model=qwen3-8b&quant=q4_k_m&context=4096&gpu=rtx-3090&kv=q8_0&flash=0")
    assert MESSAGES["refused-flash_attention"]["en"] in complaint(page, "flash_attention")
    page.check("#calculator-flash_attention")
    assert not complaint(page, "flash_attention")
    assert page.locator("[data-verdict]").get_attribute("data-fits") == "yes"


def test_a_link_reproduces_the_setting_and_the_language_link_keeps_it(page, address):
    visit(page, LANGUAGES["zh"])
    page.fill("#calculator-model", "llama 3.1 70b")
    page.keyboard.press("Enter")
    page.fill("#calculator-context", "32k")
    page.select_option("#calculator-kv_type", "q8_0")
    page.click("[data-add]")
    page.keyboard.type("m2 max 38")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator("[data-field=count] input").first.fill("2")
    page.click("[data-more=more] summary")
    page.check("#calculator-experts_on_host")
    page.wait_for_function("location.hash.includes('experts')")
    before = answer(page)
    assert "gpu=rtx-3090*2" in page.url
    assert "gpu=apple-m2-max-38c@96" in page.url
    other = page.context.new_page()
    visit(other, page.url)
    assert answer(other) == before
    assert other.is_checked("#calculator-experts_on_host")
    state = page.url.split("#")[1]
    page.click("[data-language]")
    page.wait_for_url(f"{address}en/calculator/*")
    assert page.url.split("#")[1] == state
    assert page.input_value("#calculator-model") == "Llama 3.1 70B"


def test_what_is_folded_away_is_computed_when_it_is_opened(page):
    visit(page, LANGUAGES["en"])
    fit = page.locator("[data-figure=figure-fit] dd")
    assert fit.text_content() == "…"
    page.click("[data-rest] summary")
    page.wait_for_function("document.querySelector('[data-figure=figure-fit] dd').textContent !== '…'")
    before = fit.text_content()
    page.click("[data-rest] summary")
    page.fill("#calculator-model", "qwen3.8 27b")
    page.keyboard.press("Enter")
    page.wait_for_function(ALL_KNOWN)
    page.click("[data-rest] summary")
    page.wait_for_function("(before) => document.querySelector('[data-figure=figure-fit] dd').textContent !== before", arg=before)


def test_nothing_is_sent_and_nothing_is_loaded_elsewhere(page):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("")
    page.wait_for_load_state("networkidle")
    assert not [url for url in asked if "calculator" in url and not url.endswith("/")], "loaded on the calculator page only"
    visit(page, LANGUAGES["zh"])
    page.wait_for_load_state("networkidle")
    asked.clear()
    page.fill("#calculator-context", "4096")
    page.select_option("#calculator-quant", "q8_0")
    page.wait_for_timeout(500)
    assert not [url for url in asked if "/images/" not in url]  # the browser's own icon of the page


def test_opens_from_the_file_system(page, browser, site):
    opened = browser.new_page(bypass_csp=True)
    visit(opened, f"file://{site}/en/calculator/index.html#model=qwen3-8b&gpu=rtx-4090&context=4k")
    assert opened.locator("[data-verdict]").get_attribute("data-fits") == "yes"
    opened.fill("#calculator-context", "16k")
    opened.wait_for_function("location.hash.includes('context=16k')")
    opened.close()


def test_keyboard_alone(page):
    visit(page, LANGUAGES["en"])
    page.focus("#calculator-model")
    page.keyboard.type("oss 20b")
    assert page.get_attribute("#calculator-model", "aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    active = page.get_attribute("#calculator-model", "aria-activedescendant")
    assert page.get_attribute(f"#{active}", "aria-selected") == "true"
    page.keyboard.press("Enter")
    assert page.get_attribute("#calculator-model", "aria-expanded") == "false"
    assert "gpt-oss" in page.input_value("#calculator-model").lower()
    page.keyboard.type("zz")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert complaint(page, "model")
    seen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.id || document.activeElement.dataset.share || document.activeElement.className"))
        if page.evaluate("'share' in document.activeElement.dataset"):
            break
    else:
        raise AssertionError(f"the button that copies a link was not reached: {seen}")
    page.keyboard.press("Enter")
    page.wait_for_function("navigator.clipboard.readText().then((text) => text.includes('/calculator/#model='))")


def test_changes_are_announced(page):
    visit(page, LANGUAGES["zh"] + "#model=qwen3-8b&gpu=rtx-3090&context=8192")
    page.wait_for_function("document.querySelector('[data-status]').textContent.length > 0")
    before = page.locator("[data-status]").text_content()
    assert page.get_attribute("[data-status]", "role") == "status"
    page.fill("#calculator-context", "x")
    page.wait_for_function("before => document.querySelector('[data-status]').textContent !== before", arg=before)
    assert MESSAGES["status-errors"]["zh"].split("{")[0] in page.locator("[data-status]").text_content()


@pytest.mark.parametrize("words", ["通义", "qwen", "深度求索", "智谱"])
def test_models_are_found_by_either_name(page, words):
    visit(page, LANGUAGES["zh"])
    page.fill("#calculator-model", words)
    assert page.locator("#calculator-model-list [role=option]").count() > 0


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_accessible_and_no_wider_than_the_screen(page, language, scheme, width):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    visit(page, LANGUAGES[language] + "#model=llama-3.1-70b&gpu=rtx-3090*2&gpu=apple-m2-max-38c&cpu=zzz&context=-4&price=900&kv=q8_0")
    page.wait_for_selector("[data-bars] .bar")
    for more in page.query_selector_all(".calculator details"):
        more.evaluate("details => { details.open = true }")
    page.fill("#calculator-model", "a")
    assert page.locator("#calculator-model-list").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = [v for v in Axe().run(page).response["violations"] if v["impact"] in ("serious", "critical")]
    assert not found, json.dumps([(v["id"], [n["html"] for n in v["nodes"]][:3]) for v in found])


def test_light_enough(site):
    """What the page opens with, and what it holds once the reader of files and configurations took the formulas' place."""
    sizes = {path.name: len(gzip.compress(path.read_bytes(), 9)) for path in (site / "api/v1/calculator").iterdir()}
    own = sizes["data.js"] + sum(len(gzip.compress((site / "js" / f"{name}.js").read_bytes(), 9)) for name in (*OWN, "answering"))
    assert own + sizes["formulas.js"] <= 150 * 1024
    assert own + sizes["formulas-and-configs.js"] <= 206 * 1024
