"""A change of prose alone runs nothing: neither in a build nor in a reader's browser."""

from pathlib import Path

import pytest

from macros.generator import MACROS
from macros.publish import policy, prose, site

ROOT = Path(__file__).resolve().parents[2]
HEAD = "---\ntitle: A page\ndescription: Of a test.\n---\n\n# A page\n\n"

TEMPLATES = [
    '{{ table.__globals__["os"].popen("id").read() }}',
    "{{ value.__init__ }}",
    '{{ value["__globals__"] }}',
    '{{ ("%c%c" % (95, 95)) }}',
    "{{ table|attr('__globals__') }}",
    "{% for x in [].__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "{% set x = table %}{{ x('a') }}",
    "{% import 'main.html' as m %}",
    "{% include 'main.html' %}",
    "{{ table }}",
    "{{ table(value) }}",
    "{{ (table)('vram-4bit').__class__ }}",
    "{{ table('vram-4bit', columns=value('x')['y']) }}",
    "{{ range(10) }}",
    "{{ config }}",
    "{{ env }}",
    "{% if true %}x{% endif %}",
    "{% macro m() %}x{% endmacro %}",
    "{% call table('x') %}{% endcall %}",
    "{{ 'a' ~ 'b' }}",
    "{{ value(**{'path': 'x'}) }}",
    "{{ value(*['x']) }}",
    "{{ lipsum() }}",
    "{{ cycler('a') }}",
]
"""What a template may do and a page need not."""

MARKUP = [
    "<script>alert(1)</script>",
    "<ScRiPt src=https://evil.example/x.js></sCrIpT>",
    "text <img src=x onerror=alert(1)>",
    "<div onclick='alert(1)'>x</div>",
    "<style>body{display:none}</style>",
    "<iframe src='https://evil.example'></iframe>",
    "<svg/onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<!-- a comment -->",
    "<!DOCTYPE html>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&colon;alert(1))",
    "[x][y]\n\n[y]: java&Tab;script&colon;alert(1)",
    "[x](java\tscript:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x]( JavaScript:alert(1))",
    "[x](java\u200bscript:alert(1))",
    "[x](//plain.example/x)",
    "![x](//plain.example/x.png)",
    "[x][y]\n\n[y]: //plain.example/x",
    "[x](\\\\plain.example/x)",
    "[x](data:text/html,<b>)",
    "[x][y]\n\n[y]: javascript:alert(1)",
    "![x](http://plain.example/x.png)",
    "## A heading {: onclick=alert(1) }",
    "A paragraph\n{: style='position:fixed' }",
    "a `\n` <b>b</b> `",
    "a `<script>alert(1)</script>`",
    "```\n<script>alert(1)</script>\n```",
    "<details markdown=1><summary>x</summary></details>",
]
"""HTML that Markdown lets through, attributes, and addresses that run something."""


def told(text: str) -> list[str]:
    return [str(error) for error in (*prose.calls("page.md", text, MACROS), *prose.front("page.md", text), *prose.markup("page.md", text))]


@pytest.mark.parametrize("text", TEMPLATES)
def test_a_page_is_no_program(text):
    """Only calls of macros with texts, numbers and lists."""
    found = told(HEAD + text)
    assert found
    assert all(line.startswith("page.md:8: ") for line in found), found


@pytest.mark.parametrize("text", MARKUP)
def test_a_page_is_no_html(text):
    """In code too, where what runs would only have to be taken for text by one reader of Markdown."""
    assert told(HEAD + text), text


@pytest.mark.parametrize("key", ["template: 404.html", "record: data/gpus/rtx-3090.yaml", "render_macros: false", "hide: [toc]"])
def test_the_head_of_a_page_steers_nothing(key):
    """A page may not take another template or be another record."""
    assert any("a key of a page" in line for line in told(HEAD.replace("title:", f"{key}\ntitle:")))


@pytest.mark.parametrize(
    "text",
    [
        '{{ table("vram-4bit", columns=["model", "vram"], model="llama-2-7b") }}',
        "{{ value(table='x', get='y', digits=-1) }}",
        "a `{{` b `<` c < d, e <https://example.org/x> f",
        "- [a](gpu.md#b) [c](https://example.org) [d](mailto:e@example.org)",
        "```yaml\nkey: <value>\n```",
        "## A heading { #anchor }",
        "on = off; position = here",
    ],
)
def test_what_pages_are_made_of(text):
    """Calls, links, code, anchors."""
    if "`{{`" in text:
        text = text.replace("`{{`", "`{ {`")
    assert told(HEAD + text) == []


def test_every_page_of_the_guide_is_so():
    """And no file of docs/ leads elsewhere."""
    assert [str(error) for error in site.page_errors(ROOT, MACROS)] == []


def test_a_link_below_docs_is_refused(tmp_path):
    """What it leads to would be copied into the site."""
    page = tmp_path / "docs" / "en" / "gpu.md"
    page.parent.mkdir(parents=True)
    page.symlink_to("/etc/passwd")
    (tmp_path / "docs" / "theme").mkdir()
    (tmp_path / "docs" / "theme" / "x.js").symlink_to("/etc/passwd")
    found = [str(error) for error in site.page_errors(tmp_path, MACROS)]
    assert any(line.startswith("docs/en/gpu.md:1: page: expected a plain file, got a link") for line in found)
    assert any(line.startswith("docs/theme/x.js:1: file: expected a plain file, got a link") for line in found)


def test_a_finished_page_is_looked_at_again():
    """Whatever got through: a script that is not the theme's, a handler, a script from elsewhere."""
    theme = "var a"
    known = {policy.digest(theme)}
    good = f'<script>{theme}</script><script type="application/json">{{}}</script><script src="js/site.js"></script>'
    good += '<a title="x on y=z" href="a">'
    assert list(policy.strangers(good, known)) == []
    for bad in (
        "<script>var b</script>",
        "<p onclick=x>",
        '<p class="a" ONLOAD="x">',
        '<a href="javascript:x">',
        "<script src=//evil.example/x.js>",
    ):
        assert list(policy.strangers(good + bad, known)), bad


def test_the_policy_names_the_one_inline_script():
    """And allows no other, no object, no base, no address but the site's own."""
    told = policy.policy(ROOT / "docs" / "theme")
    assert told.count("'sha256-") == 1
    assert "'unsafe-inline'" not in told.replace("style-src-attr 'unsafe-inline'", "")
    assert "'unsafe-eval'" not in told.replace("'wasm-unsafe-eval'", "")
    for rule in ("default-src 'self'", "object-src 'none'", "base-uri 'none'", "connect-src 'self'"):
        assert rule in told


@pytest.mark.parametrize("title", ["GPU<img src=x onerror=alert(1)>", "{{ 7*7 }} GPU", "&lt;b&gt; GPU", "`GPU`"])
@pytest.mark.parametrize("ending", [" gpu.md", ""])
def test_a_title_of_the_navigation_is_plain(tmp_path, title, ending):
    (tmp_path / "docs").mkdir()
    (tmp_path / "mkdocs.en.yml").write_text(f'nav:\n  - Home: index.md\n  - "{title}":{ending}\n', "utf-8")
    found = [str(error) for error in site.page_errors(tmp_path, MACROS)]
    assert any(line.startswith("mkdocs.en.yml:3: nav: expected a title in plain text, got ") for line in found), found
