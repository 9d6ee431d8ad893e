"""Modules joined into one script: each once, after what it imports; nothing that would not mean the same."""

from pathlib import Path

import pytest

from macros.publish.joined import ENTRIES, joined
from macros.publish.site import THEME


def written(folder: Path, **modules: str) -> Path:
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text, "utf-8")
    return folder / "entry.js"


def test_each_once_after_what_it_imports(tmp_path):
    entry = written(
        tmp_path,
        entry='// Entry.\nimport { b } from "./b.js";\nimport { one, two } from "./a.js";\nb(one, two);\n',
        b='import { one } from "./a.js";\nexport async function b() { return one; }\n',
        a="const kept = { one: 1 };\nexport const { one } = kept;\nlet two = 2;\nexport { two };\n",
    )
    text = joined(entry)
    assert text.startswith("(() => {\nconst kept")
    assert text.index("const { one } = kept;") < text.index("async function b()") < text.index("b(one, two);")
    assert text.count("let two") == 1
    assert "import" not in text
    assert "export" not in text


@pytest.mark.parametrize(
    ("a", "told"),
    [
        ("export const one = 1;\nconst own = 2;\n", "two of own"),
        ("export const { one, other: own } = {};\n", "two of own"),
        ("export function one() {}\nfunction own() {}\n", "two of own"),
    ],
)
def test_a_name_that_two_modules_have_is_refused(tmp_path, a, told):
    entry = written(tmp_path, entry='import { one } from "./a.js";\nlet own = one;\n', a=a)
    with pytest.raises(ValueError, match=told):
        joined(entry)


def test_an_import_by_another_name_is_refused(tmp_path):
    entry = written(tmp_path, entry='import { one as two } from "./a.js";\n', a="export const one = 1;\n")
    with pytest.raises(ValueError, match="by their own names"):
        joined(entry)


@pytest.mark.parametrize("name", ENTRIES)
def test_the_guides_own_can_be_joined(name):
    text = joined(THEME / name)
    folder = (THEME / name).with_suffix("")
    assert all(path.read_text("utf-8").splitlines()[0] in text for path in folder.glob("*.js"))
