"""Pages made as they are asked for are those of the built site."""

from __future__ import annotations

import re

import pytest

from macros.generator.server import Preview

POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


@pytest.fixture(scope="module")
def preview():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SITE_URL", "https://example.org/guide/")
        yield Preview()


PAGES = ("devices/rtx-3090/", "en/devices/epyc-7302/", "models/llama-2-7b/", "en/models/deepseek-v3-671b/", "ram/")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_served_as_it_is_built(preview, site, path):
    """Those of records come out of one frame, filled; those that somebody wrote through the generator. A server has no policy."""
    content, name = preview.answer(f"/{path}")
    built = (site / path / "index.html").read_text("utf-8")
    assert content.decode() == POLICY.sub("", built)
    assert name == path.removeprefix("en/") + "index.html"


def test_what_is_not_there(preview):
    assert preview.answer("/devices/rtx-9999/") is None


def test_a_mistake_in_a_record_is_shown_on_its_page(preview, monkeypatch):
    def wrong(view, kind, name):
        raise ValueError("expected a figure, got none")

    monkeypatch.setattr("macros.render.pages.body", wrong)
    content, _ = preview.answer("/devices/rtx-3090/")
    assert "data/gpus/rtx-3090.yaml:1: record_page" in content.decode()


def test_a_template_that_cannot_be_read_is_told_in_place_of_its_page(preview, monkeypatch):
    """The generator ends its program over one; a server goes on, and says what is wrong."""

    def ends(language, file):
        raise SystemExit(100)

    monkeypatch.setattr("macros.generator.language.Language.read", ends)
    monkeypatch.setattr(preview, "report", "docs/en/ram.md:3: tabel: expected a macro, got an undefined name")
    content, name = preview.answer("/en/ram/")
    assert name == "ram/index.html"
    assert re.search(r'<body><pre role="alert"[^>]*>docs/en/ram.md:3: tabel: expected a macro', content.decode())
