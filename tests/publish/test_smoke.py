"""The look at a fresh deployment."""

import json

import pytest

from macros.publish import smoke

SITE = "https://guide.example/"
GOOD = {
    **{SITE + page: f'<!doctype html><html lang="{language}">' for page, language in smoke.PAGES.items()},
    f"{SITE}api/v1/tables/index.json": json.dumps([{"id": "t"}]),
    f"{SITE}api/v1/tables/t.json": json.dumps({"rows": [{"a": "x", "b": 1.5}]}),
}


def look(pages: dict[str, str]) -> list[str]:
    def fetch(url: str) -> str:
        if url not in pages:
            raise OSError("404")
        return pages[url]

    return list(smoke.problems(SITE, fetch))


def test_a_good_site_has_no_problem():
    """Two pages of each language and a number."""
    assert look(GOOD) == []


@pytest.mark.parametrize("address", GOOD)
@pytest.mark.parametrize("instead", [None, "", "{}", '{"rows": []}'])
def test_each_address_is_looked_at(address: str, instead: str | None):
    """Missing, empty, or something else."""
    pages = {**GOOD, address: instead} if instead is not None else {key: page for key, page in GOOD.items() if key != address}
    assert len(look(pages)) == 1


def test_a_site_that_does_not_answer_fails(capsys: pytest.CaptureFixture[str]):
    """One line for each address, no traceback."""
    assert smoke.main(["http://127.0.0.1:9/"], pause=0) == 1
    assert len(capsys.readouterr().out.splitlines()) == len(smoke.PAGES) + 1
