"""The words of the calculator's page."""

import re
from pathlib import Path

from macros.render.calculator import MESSAGES

SCRIPT = Path(__file__).parents[2] / "docs/theme/js/calculator.js"


def test_the_page_has_every_word_that_its_script_says():
    said = set(re.findall(r'(?:say|figure)\((?:list, )?"([a-z_-]+)"', SCRIPT.read_text("utf-8")))
    assert len(said) > 40
    assert said <= set(MESSAGES)
