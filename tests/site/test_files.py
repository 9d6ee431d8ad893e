"""Files chosen in the calculator: a header is read in the page and answered for as the command line does, and nothing leaves the page."""

from __future__ import annotations

import re

import pytest

from macros.estimate import estimate
from tests.estimate.files import written
from tests.estimate.files.test_gguf import listed, mixed, shapes, write
from tests.estimate.files.test_safetensors import BAD, as_bytes, packed, write_model

ANSWERED = "[data-ready]:not([aria-busy])"
MODELS = ("qwen3-30b-a3b", "gemma-3-12b")


@pytest.fixture
def model_file(tmp_path):
    """A whole file of this model in any mix of types; the tensors are a hole in it."""

    def made(model, tokens=1000):
        tensors = listed(shapes(model), mixed(model))
        said = {**written.values(shapes(model)), "tokenizer.ggml.tokens": [f"<b>{number}</b>" for number in range(tokens)]}
        data = written.header(said, tensors)
        path = tmp_path / f"{model}.gguf"
        write(path, data, len(data) + sum(-(-size // 32) * 32 for *_, size in tensors))
        return path

    return made


def shown(page, figure):
    return page.locator(f"[data-figure={figure}] dd").text_content()


@pytest.mark.parametrize("model", MODELS)
def test_a_file_is_answered_as_on_the_command_line(page, catalogue, model_file, model):
    path = model_file(model, tokens=200_000)
    requests = []
    page.goto("en/calculator/#gpu=rtx-4090&context=8192")
    page.wait_for_selector("[data-ready]")
    page.locator("[data-more=config] > summary").click()
    page.on("request", lambda request: requests.append((request.method, request.url)))
    page.set_input_files("#calculator-gguf", path)
    page.wait_for_function("document.querySelector('[data-file]').textContent.includes('tensors')")
    page.wait_for_selector(ANSWERED)
    found = estimate({"gguf": str(path), "context": 8192, "gpus": ["rtx-4090"]}, catalogue)
    assert f"{found['weights']['bytes'] / 2**30:.2f} GiB" in shown(page, "figure-file")
    assert re.sub(r"[^\d.]", "", shown(page, "figure-parameters").split("×")[0]) == f"{found['parameters'] / 1e9:.2f}"
    assert page.locator("#calculator-quant").is_disabled()
    own = ("calculator/", "images/mark.svg")  # a browser fetches the mark of the tab whenever it has time
    sent = [(method, url) for method, url in requests if method != "GET" or not any(part in url for part in own)]
    assert not sent, sent
    page.locator("[data-forget]").click()
    assert not page.locator("#calculator-quant").is_disabled()


def test_other_files_are_told_apart(page, tmp_path):
    page.goto("en/calculator/")
    page.wait_for_selector("[data-ready]")
    page.locator("[data-more=config] > summary").click()
    for name, data, told in (
        ("mmproj.gguf", written.header({"general.type": "mmproj", "general.architecture": "clip"}, []), "a projector"),
        ("lora.gguf", written.header({"general.type": "adapter", "general.architecture": "llama"}, []), "a LoRA adapter"),
        ("strange.gguf", written.header({"general.architecture": "<img src=x onerror=alert(1)>"}, [("a", (32,), 0, 128)]), "<img src=x"),
        ("empty.gguf", b"", "begins with GGUF"),
        ("cut.gguf", b"GGUF\x03\x00\x00\x00" + b"\xff" * 16, "at most 16384 tensors"),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        page.set_input_files("#calculator-gguf", path)
        page.wait_for_function(f"document.querySelector('[data-field=gguf] [data-error]').textContent.includes({told!r})")
    assert page.locator("[data-field=gguf] img").count() == 0


def test_safetensors_beside_their_configuration(page, catalogue, tmp_path):
    """Without config.json the page says what is missing; with it, the answer of the command line; nothing read becomes markup."""
    path, size = write_model(tmp_path, packed())
    page.goto("en/calculator/#gpu=rtx-3090&context=1024")
    page.wait_for_selector("[data-ready]")
    page.locator("[data-more=config] > summary").click()
    error = "document.querySelector('[data-field=gguf] [data-error]').textContent"
    page.set_input_files("#calculator-gguf", path)
    page.wait_for_function(f"{error}.includes('choose the config.json')")
    page.set_input_files("#calculator-gguf", [path, tmp_path / "config.json"])
    page.wait_for_function(f"{error} === '' && document.querySelector('[data-file]').textContent.includes('tensors')")
    page.wait_for_selector(ANSWERED)
    found = estimate({"safetensors": str(path), "context": 1024, "gpus": ["rtx-3090"]}, catalogue)
    assert found["weights"]["bytes"] == size
    assert f"{size / 2**30:.2f} GiB" in shown(page, "figure-file")
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes((2**60).to_bytes(8, "little") + b"{}")
    page.set_input_files("#calculator-gguf", [bad, tmp_path / "config.json"])
    page.wait_for_function(f"{error}.includes('a header of at most 2 bytes')")
    named = tmp_path / "named.safetensors"
    named.write_bytes(as_bytes(BAD["markup"][0]))
    page.set_input_files("#calculator-gguf", [named, tmp_path / "config.json"])
    page.wait_for_function(f"{error}.includes('<img src=x')")
    assert page.locator("[data-field=gguf] img").count() == 0
