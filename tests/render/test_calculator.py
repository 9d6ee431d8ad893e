"""The words of the calculator's page."""

import re
from pathlib import Path

from macros.render.calculator_words import MESSAGES

SCRIPTS = Path(__file__).parents[2] / "docs/theme/js"


def test_the_page_has_every_word_that_its_scripts_say():
    scripts = "".join(path.read_text("utf-8") for path in [SCRIPTS / "calculator.js", *sorted((SCRIPTS / "calculator").glob("*.js"))])
    said = set(re.findall(r'(?:say|figure)\((?:list, )?"([a-z_-]+)"', scripts))
    assert len(said) > 40
    assert said <= set(MESSAGES)
