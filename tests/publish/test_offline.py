"""The copy that opens from a folder: links name files, modules travel as text."""

import json
import re

import pytest

from macros.publish import archive, offline

PAGE = '<!doctype html><html><head><link rel="canonical" href="https://example.org/a/"></head><body>{}</body></html>'


def page(body: str, name: str = "a/index.html") -> str:
    return offline.page(PAGE.format(body), name, {"index.html", "a/index.html", "b/index.html", "b/x.csv"})[0]


def test_a_link_to_a_folder_names_its_file():
    assert 'href="../b/index.html#x"' in page('<a href="../b/#x">b</a>')
    assert 'href="../index.html"' in page('<a href="../">home</a>')
    assert 'href="../b/index.html"' in page('<a href="../b">b</a>')


def test_other_links_stay():
    for address in ("../b/x.csv", "https://example.org/", "#here", "../gone/"):
        assert f'href="{address}"' in page(f'<a href="{address}">x</a>')


def test_what_only_a_server_needs_is_gone():
    assert "canonical" not in page("")


def test_a_module_is_started_by_the_loader():
    text, modules = offline.page(PAGE.format('<script type="module" src="../js/site.js"></script>'), "a/index.html", set())
    assert modules == {"js/site.js"}
    assert 'type="module"' not in text
    assert 'src="../js/offline.js" data-root="../" data-modules="js/site.js"' in text


def test_modules_travel_with_what_they_import(tmp_path):
    (tmp_path / "js").mkdir()
    (tmp_path / "js" / "a.js").write_text('import { b } from "./b.js";\nexport const load = () => import("./c.js");\n')
    (tmp_path / "js" / "b.js").write_text("export const b = 1;\n")
    (tmp_path / "js" / "c.js").write_text("export const c = '</script>';\n")
    (tmp_path / "index.html").write_text(PAGE.format('<script type="module" src="js/a.js"></script>'))
    files = offline.files(tmp_path, "1.2.3")
    assert sorted(files) == ["VERSION", "index.html", "js/offline.js", "pagefind/files.js"]
    script = files["js/offline.js"].decode()
    modules = json.loads(re.search(r"const modules = (.*);\n", script)[1])
    assert modules["js/a.js"] == ["import { b } from ", ["js/b.js"], ";\nexport const load = () => import(", ["js/c.js"], ");\n"]
    assert "</script>" not in script


def test_an_archive_depends_on_its_content_alone(tmp_path):
    for number, files in enumerate(({"b": b"2", "a": b"1"}, {"a": b"1", "b": b"2"})):
        archive.write_zip(files, tmp_path / f"{number}.zip", 1_700_000_000)
    assert (tmp_path / "0.zip").read_bytes() == (tmp_path / "1.zip").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.zip", "1.zip"]


def test_an_interrupted_archive_leaves_nothing(tmp_path):
    class Interrupted(dict):
        def __getitem__(self, key):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        archive.write_zip(Interrupted(a=b""), tmp_path / "x.zip", 0)
    assert not list(tmp_path.iterdir())
