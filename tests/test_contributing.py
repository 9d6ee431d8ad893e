"""The contributor's way in tells of what there is: commands, both languages alike."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = ("CONTRIBUTING.md", "CONTRIBUTING.zh.md", "docs/en/contributing.md", "docs/zh/contributing.md")
TARGETS = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("name", FILES)
def test_every_command_that_is_told_of_exists(name: str):
    """Targets of the Makefile, and commands of the program."""
    from macros.__main__ import parser

    text = (ROOT / name).read_text("utf-8")
    told = set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE))
    assert told
    assert told <= TARGETS, told - TARGETS
    commands = next(action for action in parser()._actions if action.dest == "command").choices
    assert set(re.findall(r"-m macros ([a-z-]+)", text)) <= set(commands)


@pytest.mark.parametrize(("english", "chinese"), [FILES[:2], FILES[2:]])
def test_both_languages_tell_the_same_commands_in_the_same_order(english: str, chinese: str):
    """Every piece of code, and every link but the one to the other language."""
    code = [re.findall(r"`([^`\n]+)`", (ROOT / name).read_text("utf-8")) for name in (english, chinese)]
    kept = [[piece for piece in pieces if re.match(r"make |data/|docs/zh|macros/|pre-commit", piece)] for pieces in code]
    assert kept[0] == kept[1]
    assert kept[0]


@pytest.mark.parametrize("name", FILES[:2])
def test_links_lead_somewhere(name: str):
    """Within the repository."""
    for target in re.findall(r"\]\(([^)#]+)", (ROOT / name).read_text("utf-8")):
        assert (ROOT / target).exists(), target
