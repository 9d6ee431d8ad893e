"""The build says everything that is wrong at once, and leaves the site before as it was."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from macros import generator
from macros.generator.build import build
from macros.specs import SpecErrors

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A copy of what is authored, small, that a test may spoil."""
    for name in ("mkdocs.yml", "mkdocs.en.yml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "docs" / "theme", tmp_path / "docs" / "theme")
    (tmp_path / "data").symlink_to(ROOT / "data")
    (tmp_path / "macros").symlink_to(ROOT / "macros")
    for language in ("zh", "en"):
        (tmp_path / "docs" / language).mkdir()
        (tmp_path / "docs" / language / "index.md").write_text("---\ntitle: Home\ndescription: x\n---\n# Home\n\ntext\n", "utf-8")
        config = tmp_path / ("mkdocs.yml" if language == "zh" else "mkdocs.en.yml")
        text = config.read_text("utf-8")
        start = text.index("\nnav:")
        end = text.index("\n\n", start + 2)
        config.write_text(text[:start] + "\nnav:\n  - Home: index.md" + text[end:], "utf-8")
    monkeypatch.setattr(generator, "ROOT", tmp_path)
    monkeypatch.setattr(generator, "CACHE", tmp_path / ".cache")
    monkeypatch.setattr("macros.render.pages.generated", lambda view: iter(()))
    return tmp_path


def refused(root: Path, text: str) -> list[str]:
    """What the build says of a page."""
    (root / "docs" / "en" / "index.md").write_text(text, "utf-8")
    before = root / "site"
    before.mkdir()
    (before / "kept").write_text("as it was", "utf-8")
    with pytest.raises(SpecErrors) as told:
        build(before)
    assert [path.name for path in before.iterdir()] == ["kept"]
    return [str(error) for error in told.value.errors]


def test_macros_that_do_not_exist(elsewhere):
    told = refused(elsewhere, "# Home\n\n{{ tabel('gpus') }}\n\n{{ 1 + wrong }}\n")
    assert told == [
        "docs/en/index.md:3: tabel: expected a macro, got an undefined name. Fix: write 'table'",
        told[1],
        told[2],
    ]
    # A page asks macros and computes nothing: both are told.
    assert told[1].startswith("docs/en/index.md:5: ")
    assert told[2].startswith("docs/en/index.md:5: wrong: expected a macro, got an undefined name.")


def test_broken_template(elsewhere):
    assert refused(elsewhere, "# Home\n\ntext\n\n{{ table('gpus' }}\n")[0].startswith("docs/en/index.md:5: page: expected macro calls")


def test_everything_that_does_not_exist_at_once(elsewhere):
    text = (  # each line asks for something that is not there
        "---\ntitle: Home\ndescription: x\n---\n# Home\n\n{{ table('gpuz') }}\n\n"
        "{{ table('gpus', gpu='rtx-3091') }} {{ table('gpus', vram=1) }}\n\n"
        "{{ value('gpus.rtx-3090.bandwith') }} {{ device('rtx-3091') }} {{ model('lama') }}\n\n"
        "{{ formula('nothing') }} {{ cite('nobody') }}\n\n"
        "{{ term('kv') }} {{ table() }} [x](missing.md) [y](#nowhere)\n"
    )
    told = refused(elsewhere, text)
    assert [line.split(":")[1] for line in told] == ["7", "9", "9", "11", "11", "11", "13", "13", "15", "15", "15", "15"], told
    assert all(line.startswith("docs/en/index.md:") and ": expected " in line and ", got " in line and ". Fix: " in line for line in told)
    assert "write 'gpus'" in told[0]
    assert any("write 'bandwidth_gb_per_s'" in line for line in told)


def test_wrong_encoding(elsewhere):
    (elsewhere / "docs" / "zh" / "index.md").write_bytes("# 显存\n".encode("gbk"))
    assert refused(elsewhere, "# Home\n")[0].startswith("docs/zh/index.md:1: page: expected UTF-8 text")


def test_page_of_the_navigation_that_is_missing(elsewhere):
    config = elsewhere / "mkdocs.en.yml"
    config.write_text(config.read_text("utf-8").replace("- Home: index.md", "- Home: index.md\n  - Lost: lost.md"), "utf-8")
    told = refused(elsewhere, "# Home\n")
    assert told[0].startswith("mkdocs.en.yml:")
    assert "lost.md" in told[0]


def test_names_never_become_markup(elsewhere, monkeypatch):
    """Whatever a name holds, a page shows it as text."""
    from macros.render import slots
    from macros.render.view import View
    from macros.specs import load

    name = 'a <b> & "c" *d* `e` [f](g) {{ h }} __i__'
    catalogue = load(ROOT / "data")
    record = catalogue.gpus["rtx-3090"].model_copy(update={"name": name})
    monkeypatch.setitem(catalogue.gpus, "rtx-3090", record)
    monkeypatch.setattr("macros.specs.load", lambda root: catalogue)
    for language in ("zh", "en"):
        (elsewhere / "docs" / language / "index.md").write_text(
            "# Home\n\n{{ device('rtx-3090') }}\n\n{{ table('gpus', gpu='rtx-3090') }}\n", "utf-8"
        )
    build(elsewhere / "site")
    html = (elsewhere / "site" / "index.html").read_text("utf-8")
    assert html.count("a &lt;b&gt; &amp; &quot;c&quot; *d* `e` [f](g) {{ h }} __i__") == 2
    assert View(catalogue, "zh").name("gpus", "rtx-3090").startswith("a &lt;b&gt;")
    slots.clear()


def test_a_site_that_stands_is_not_built_again(elsewhere, monkeypatch):
    """Unless a file that it is made from, what the environment says, or a file of its own has changed."""
    from macros.generator import build as module

    built = []
    monkeypatch.setattr(module, "build", lambda into: built.append((into / "index.html").write_text("x", "utf-8")))
    (elsewhere / "site").mkdir()
    (elsewhere / "requirements.txt").touch()
    monkeypatch.setattr("macros.publish.remembered.COARSE", 0)

    def again() -> int:
        built.clear()
        module.renewed()
        return len(built)

    assert [again(), again()] == [1, 0]
    (elsewhere / "docs" / "en" / "index.md").write_text("# Home\n\nmore\n", "utf-8")
    assert [again(), again()] == [1, 0]
    monkeypatch.setenv("SITE_URL", "https://example.org/elsewhere/")
    assert [again(), again()] == [1, 0]
    (elsewhere / "site" / "index.html").unlink()
    assert [again(), again()] == [1, 0]
