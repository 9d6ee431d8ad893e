"""The words of the guide."""

from pathlib import Path

import pytest
import yaml

from macros.specs import load
from macros.specs.glossary import Term

DATA = Path(__file__).resolve().parents[2] / "data"


@pytest.fixture(scope="module")
def terms():
    return load(DATA).glossary


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_name_stands_for_one_thing(terms, language):
    names = [term.name[language].lower() for term in terms.values()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_avoided_is_no_name_of_another_term(terms, language):
    names = {term.name[language].lower() for term in terms.values()}
    clashes = [(term.id, other) for term in terms.values() for other in term.also[language] if other.lower() in names]
    assert not clashes


def test_a_term_in_one_language_only_is_refused():
    bad = yaml.safe_load((DATA / "glossary" / "vram.yaml").read_text("utf-8"))
    del bad["definition"]["zh"]
    with pytest.raises(ValueError, match=r"definition.zh\n.*[Ff]ield required"):
        Term.model_validate({"id": "vram", **bad})
