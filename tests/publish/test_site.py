"""What is done to the built site before it is put in place."""

from macros.publish import site


def test_of_the_theme_only_what_pages_use_is_left(tmp_path):
    styles, scripts, own = tmp_path / "assets/styles/theme.css", tmp_path / "assets/scripts/theme.js", tmp_path / "css/own.css"
    for path in (styles, scripts, own):
        path.parent.mkdir(parents=True)
    styles.write_text(":root{--a:red;--b:blue}.worn{color:var(--a)}.bare{color:var(--b)}.worn .bare{margin:0}table{margin:1px}")
    scripts.write_text("let x = 1;")
    own.write_text(".opened { color: red; }")
    (tmp_path / "index.html").write_text('<link href="./assets/styles/theme.css"><p class="other worn">x</p>')
    site.shrink(tmp_path)
    assert styles.read_text() == ":root{--a:red}.worn{color:var(--a)}table{margin:1px}"
    assert not scripts.exists()
    assert own.read_text() == ".opened{color:red}"
