"""The page of a model and the calculator send a reader to the same files."""

from html import unescape
from pathlib import Path

from macros.estimate.engines.repository import held
from macros.estimate.setting import check_setting
from macros.render import run, slots
from macros.render.view import View
from macros.specs import load
from macros.tables.headlines import quant_of

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")


def test_page_and_command_name_the_same_repository() -> None:
    """Mixes of a publisher's own stand beside the files that are what their name says, and often before them."""
    view, compared = View(CATALOGUE, "en"), 0
    for model in CATALOGUE.models.values():
        question = {"model": model.id, "quant": quant_of(CATALOGUE, model.id), "context": 4096, "engine": "llama.cpp"}
        repository = held(check_setting(question, CATALOGUE), CATALOGUE)
        if repository is not None and model.hugging_face is not None:
            compared += 1
            assert f'-hf "{repository.name}:{repository.tag}"' in unescape(slots.fill("".join(run.section(view, model)))), model.id
    assert compared > 20
