"""The book and the offline copy, made from the built site: nothing is lost on the way, and nothing needs a network."""

from __future__ import annotations

import hashlib
import re
import zipfile
from pathlib import Path

import pypdf
import pytest
from lxml import html

from macros.generator import now
from macros.generator.build import build
from macros.publish import archive, dump, offline, pdf
from macros.publish.edition import Edition
from macros.publish.typesetting import CannotSet

EDITION = Edition("1.2.3", "2026-11-21", 1_700_000_000)
LANGUAGES = {"zh": "", "en": "en"}


@pytest.fixture(scope="module")
def books(site, tmp_path_factory):
    """Both PDFs, by language."""
    dist = tmp_path_factory.mktemp("dist")
    pdf.write(site, dist, EDITION)
    return {language: next(dist.glob(f"*-{language}.pdf")) for language in LANGUAGES}


@pytest.fixture(scope="module")
def readers(books):
    return {language: pypdf.PdfReader(path) for language, path in books.items()}


@pytest.fixture(scope="module")
def texts(readers):
    """Text of each page, by language."""
    return {language: [page.extract_text() for page in reader.pages] for language, reader in readers.items()}


def bare(text: str) -> str:
    """Text without what typesetting adds or takes: spaces, line ends, hyphens at line ends, invisible marks."""
    return re.sub(r"[\s\u00ad\u200b\u2060\ufeff\u2010-]+", "", text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_cell_of_every_table_stands_in_the_book(site, texts, language):
    """To the last digit: each row's cells, in order."""
    book = bare("".join(texts[language]))
    folder = site / LANGUAGES[language]
    lost = []
    for chapter in pdf.chapters(folder):
        for table in pdf.article(folder / chapter / "index.html").iter("table"):
            if "calculator" in " ".join(table.xpath("ancestor::*/@class")):
                continue
            for row in table.iter("tr"):
                for cell in row.iter("td", "th"):
                    if (words := bare("".join(cell.itertext()))) and words not in book:
                        lost.append(f"{chapter}: {words[:60]}")
    assert not lost, "\n".join(lost[:20])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_book_is_tagged_titled_and_in_its_language(readers, language):
    reader = readers[language]
    root = reader.trailer["/Root"]
    assert str(root["/Lang"]).startswith(language)
    assert reader.metadata.title == pdf.WORDS[language]["title"]
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert len(reader.outline) > 15
    assert b"pdfuaid" in root["/Metadata"].get_data()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_inner_link_has_a_target(readers, language):
    reader = readers[language]
    named = set(reader.named_destinations)
    inner = broken = 0
    for page in reader.pages:
        for note in page.get("/Annots", []):
            note = note.get_object()
            action = note.get("/A", {})
            target = note.get("/Dest", action.get("/D"))
            if action.get("/URI"):
                assert re.match(r"https?://", str(action["/URI"])), action["/URI"]
            elif isinstance(target, str):
                inner += 1
                broken += str(target) not in named
            else:
                inner += 1
                broken += target is None
    assert inner > 100
    assert broken == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_typefaces_are_embedded_and_have_every_character(readers, language):
    """A character that a typeface lacks would be set as its glyph 0, the empty box."""
    fonts = {}
    for page in readers[language].pages:
        for font in page["/Resources"].get("/Font", {}).values():
            font = font.get_object()
            fonts[str(font["/BaseFont"])] = font
    assert fonts
    for name, font in fonts.items():
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        boxes = re.findall(rb"<0000>\s*<([0-9A-F]+)>", font["/ToUnicode"].get_object().get_data().split(b"endcodespacerange")[-1])
        assert not boxes, f"{name} lacks {[bytes.fromhex(box.decode()).decode('utf-16-be') for box in boxes]}"
        assert re.match(r"/[A-Z]{6}\+", name), f"{name} is not a subset"
        assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor), f"{name} is not embedded"


def test_no_line_begins_with_a_closing_mark(texts):
    lines = [line.strip() for page in texts["zh"] for line in page.splitlines()]
    wrong = [line for line in lines if re.match(r"[。，、；：？！）」』》]", line) and len(line) > 3]
    assert not wrong, wrong[:5]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_title_page_says_which_edition_it_is(texts, language):
    assert "1.2.3" in texts[language][0]
    assert "2026-11-21" in texts[language][0]
    assert "CC BY 4.0" in texts[language][0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_contents_name_the_pages_where_chapters_stand(readers, language):
    reader = readers[language]
    contents = bare("".join(page.extract_text() for page in reader.pages[1:6]))
    for item in reader.outline:
        if not isinstance(item, list):
            shown = reader.get_destination_page_number(item) + 1
            assert re.search(re.escape(bare(item.title)) + rf"\.*{shown}", contents), f"{item.title}: page {shown}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_has_a_few_lines_only(readers, language):
    """But for the first, which is the title, and the last."""
    pages = readers[language].pages[1:-1]
    assert [number for number, page in enumerate(pages, 2) if len(page.extract_text().splitlines()) < 8] == []


def test_equal_pages_make_equal_books(site, books, tmp_path):
    """The same bytes in another folder."""
    pdf.write(site, tmp_path, EDITION)
    for path in books.values():
        assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256((tmp_path / path.name).read_bytes()).digest()


def test_equal_records_make_equal_sites(site, dumped, tmp_path):
    """Every file, byte for byte, in another folder and at another time; and so the text that revisions are compared by."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SITE_URL", "https://example.org/guide/")
        build(tmp_path / "elsewhere")
        assert dump.text(dump.dump(now.catalogue)) == dumped

    def sums(folder: Path) -> dict[str, str]:
        files = (path for path in sorted(folder.rglob("*")) if path.is_file())
        return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    first, second = sums(site), sums(tmp_path / "elsewhere")
    assert first.keys() == second.keys()
    assert not [name for name in first if first[name] != second[name]]


def test_the_book_stays_small(books):
    for path in books.values():
        assert path.stat().st_size <= 4_000_000, f"{path.name}: {path.stat().st_size} bytes"


def test_a_missing_typeface_is_named_with_its_command(monkeypatch, site, tmp_path):
    monkeypatch.setattr(pdf, "FONT_FOLDERS", (str(tmp_path),))
    with pytest.raises(CannotSet, match=r"apt-get install fonts-noto-cjk"):
        pdf.write(site, tmp_path / "dist", EDITION)
    assert not (tmp_path / "dist").exists()


def test_a_page_that_cannot_be_set_is_named_and_leaves_no_half_file(tmp_path):
    shell = '<html><body><nav id="navigation"><a href="./">x</a></nav><article id="content">{}</article></body></html>'
    for folder in ("", "en"):
        (tmp_path / "site" / folder).mkdir(exist_ok=True)
        (tmp_path / "site" / folder / "index.html").write_text(shell.format("<canvas></canvas>"))
    with pytest.raises(CannotSet, match=r"zh/home: .*<canvas>"):
        pdf.write(tmp_path / "site", tmp_path / "dist", EDITION)
    assert not list((tmp_path / "dist").glob("*")) if (tmp_path / "dist").exists() else True


@pytest.fixture(scope="module")
def copy(site, tmp_path_factory) -> Path:
    """The offline copy, unpacked."""
    folder = tmp_path_factory.mktemp("offline")
    archive.write_zip(offline.files(site, EDITION.version), folder / "copy.zip", EDITION.timestamp)
    with zipfile.ZipFile(folder / "copy.zip") as packed:
        packed.extractall(folder / "copy")
    return folder / "copy"


@pytest.fixture
def from_folder(browser):
    """A page opened from the file system; any request elsewhere or error on the console fails the test."""
    context = browser.new_context()
    opened = context.new_page()
    wrong = []
    opened.on("request", lambda request: request.url.startswith(("file:", "data:", "blob:")) or wrong.append(f"asked {request.url}"))
    opened.on("requestfailed", lambda request: wrong.append(f"failed {request.url}"))
    opened.on("console", lambda message: message.type == "error" and wrong.append(message.text))
    opened.on("pageerror", lambda error: wrong.append(f"threw {error}"))
    yield opened
    context.close()
    assert not wrong, wrong


@pytest.mark.parametrize(("language", "word"), [("", "带宽"), ("en", "bandwidth")])
def test_search_works_from_a_folder(copy, from_folder, language, word):
    from_folder.goto((copy / language / "index.html").as_uri())
    # Modules start after the page has loaded, and nothing on the page tells when they have.
    for _ in range(100):
        from_folder.keyboard.press("/")
        from_folder.wait_for_timeout(100)
        if from_folder.locator("dialog[open]").count():
            break
    from_folder.locator("dialog input").fill(word)
    link = from_folder.locator("dialog a[href]").first
    link.wait_for()
    link.click()
    from_folder.wait_for_load_state()
    assert from_folder.url.startswith("file:")
    assert word in from_folder.locator("article").inner_text().lower()


def test_the_language_switch_works_from_a_folder(copy, from_folder):
    from_folder.goto((copy / "gpu" / "index.html").as_uri())
    from_folder.locator("[data-language]").click()
    assert from_folder.url.split("#")[0].endswith("/en/gpu/index.html")


@pytest.mark.parametrize("language", ["", "en"])
def test_the_calculator_answers_from_a_folder(copy, from_folder, language):
    from_folder.goto((copy / language / "calculator" / "index.html").as_uri())
    from_folder.locator("[data-calculator] [data-verdict]").wait_for()
    assert re.search(r"\d GiB", from_folder.locator("[data-verdict]").inner_text())


def test_every_link_of_the_copy_leads_to_a_file(copy):
    broken = []
    for path in sorted(copy.rglob("*.html")):
        for address in html.parse(str(path)).xpath("//@href | //@src"):
            if not re.match(r"[a-z]+:|#|//", address) and not (path.parent / address.split("#")[0].split("?")[0]).resolve().is_file():
                broken.append(f"{path.relative_to(copy)}: {address}")
    assert not broken, "\n".join(broken[:10])
