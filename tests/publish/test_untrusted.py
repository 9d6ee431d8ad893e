"""Artifacts that a stranger made: refused, or harmless."""

import io
import json
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from macros.publish import untrusted
from macros.publish.untrusted import REPORT, SITE, Limits, Refused

TABLE = {"key": ["card"], "columns": [{"id": "card", "unit": None, "digits": None}], "rows": [{"card": "a"}]}
DUMP: dict[str, Any] = {"schema": 1, "tables": {"t": TABLE}, "inputs": {"data/x.yaml": {"a": 1}}}


def zipped(files: dict[str, bytes | str], links: tuple[str, ...] = ()) -> bytes:
    """A zip of files; those named in `links` are symbolic links to their content."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = ((stat.S_IFLNK | 0o777) if name in links else (stat.S_IFREG | 0o644)) << 16
            archive.writestr(entry, content)
    return raw.getvalue()


def read(raw: bytes, limits: Limits = SITE) -> dict[str, bytes]:
    return dict(untrusted.members(raw, limits))


def report(**changes: bytes | str) -> bytes:
    files: dict[str, bytes | str] = {"base.json": json.dumps(DUMP), "head.json": json.dumps(DUMP)}
    return zipped({**files, **changes})


@pytest.mark.parametrize(
    "name",
    [
        "../up.html",
        "a/../../up.html",
        "/etc/passwd.html",
        "a//b.html",
        "./a.html",
        "C:/x.html",
        "a\\b.html",
        "a\x01.html",
        "a\u202eb.html",
        "a" * 301,
        "a" * 256,
        "目" * 86,
    ],
    ids=ascii,
)
def test_a_path_that_leads_elsewhere_is_refused(name: str):
    """Traversal, absolute and disguised names."""
    with pytest.raises(Refused, match=r"leads elsewhere|control character"):
        read(zipped({"index.html": "x", name: "x"}))


def test_a_zip_of_links_is_refused():
    """A link would make the deploying job publish what it points at."""
    with pytest.raises(Refused, match="a link or a device"):
        read(zipped({"index.html": "x", "a.html": "/proc/self/environ"}, links=("a.html",)))


def test_a_device_is_refused():
    """Nor anything else that is no file."""
    entry = zipfile.ZipInfo("pipe.html")
    entry.external_attr = (stat.S_IFIFO | 0o644) << 16
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr(entry, "")
    with pytest.raises(Refused, match="a link or a device"):
        read(raw.getvalue())


def test_more_or_larger_than_any_guide_is_refused():
    """Zip bombs: by count, by one file, by all files, and by what arrives."""
    with pytest.raises(Refused, match="more than 2 files"):
        read(zipped({f"{n}.json": "" for n in range(3)}), REPORT)
    with pytest.raises(Refused, match="larger than"):
        read(zipped({"a.html": bytes(26 * 2**20)}))
    small = Limits(files=9, file_bytes=10, bytes=15, packed_bytes=10_000)
    with pytest.raises(Refused, match="all together"):
        read(zipped({"a.html": "x" * 9, "b.html": "x" * 9}), small)
    with pytest.raises(Refused, match="archive is larger"):
        read(bytes(10_001), small)


def test_a_file_that_lies_about_its_length_is_refused():
    """The declared size is what the limits were held against."""
    raw = zipped({"a.html": "x" * 5000})
    lying = raw.replace(struct.pack("<L", 5000), struct.pack("<L", 10))
    assert lying != raw
    with pytest.raises(Refused, match=r"cannot be unpacked|not as long"):
        read(lying)


@pytest.mark.parametrize(
    "raw", [b"", b"no zip", zipped({"a.html": "x"})[:-30], zipped({"a.html": "x" * 999})[20:]], ids=["empty", "text", "cut", "headless"]
)
def test_what_is_no_zip_is_refused(raw: bytes):
    """Truncated on the way, or never one."""
    with pytest.raises(Refused):
        read(raw)


def test_an_encrypted_file_is_refused():
    """It could not be looked at."""
    raw = bytearray(zipped({"a.html": "x"}))
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(Refused, match="encrypted"):
        read(bytes(raw))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("names", [("a.html", "a.html"), ("a.html", "A.html")])
def test_one_name_twice_is_refused(names: tuple[str, str]):
    """What was checked must be what is served, on any file system."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    with pytest.raises(Refused, match="twice"):
        read(raw.getvalue())


def test_a_site_is_unpacked_without_what_a_host_would_interpret(tmp_path: Path):
    """Host configuration, server code, dot files and unknown types are left out; pages are marked; our own headers stand."""
    wanted = {
        "index.html": "<html><body class=x>hi</body>",
        "en/gpu/index.html": "no body",
        "api/v1/a.json": "{}",
        "s.css": "",
        "图.svg": "<svg/>",
    }
    unwanted = [
        "_headers",
        "_redirects",
        "_routes.json",
        "_worker.js",
        "functions/api.js",
        "wrangler.toml",
        "wrangler.jsonc",
        "CNAME",
        ".htaccess",
        ".well-known/x.txt",
        "a/.git/config",
        "netlify.toml",
        "vercel.json",
        "package.json",
        "evil.php",
        "evil.sh",
        "a/_redirects",
        "Functions/x.js",
        "evil",
        "noext.exe",
        "a/_Headers",
        "node_modules/x.js",
    ]
    left_out = untrusted.site(zipped({**wanted, **dict.fromkeys(unwanted, "x")}), tmp_path / "site", "<b>preview</b>")
    assert sorted(left_out) == sorted(unwanted)
    written = {path.relative_to(tmp_path / "site").as_posix() for path in (tmp_path / "site").rglob("*") if path.is_file()}
    assert written == {*wanted, "_headers", "robots.txt"}
    assert "noindex" in (tmp_path / "site/_headers").read_text()
    assert (tmp_path / "site/index.html").read_text().startswith('<html><body class=x><div role="note"')
    assert "<b>preview</b>" in (tmp_path / "site/en/gpu/index.html").read_text()
    assert (tmp_path / "site/api/v1/a.json").read_text() == "{}"


@pytest.mark.parametrize(
    "files", [{"a.html": "x"}, {"index.html": "x", "a.html": "x", "a.html/b.html": "x"}, {"index.html": "", "a.js/b.js": "", "a.js": ""}]
)
def test_a_site_without_a_start_or_with_a_file_as_folder_is_refused(tmp_path: Path, files: dict[str, str]):
    """Not a site."""
    with pytest.raises(Refused, match=r"index\.html|folder"):
        untrusted.site(zipped(files), tmp_path, "")


def test_a_report_is_two_dumps_and_nothing_else():
    """A file that names a pull request, a comment's text or a script has no place in it."""
    assert untrusted.report(report()) == (DUMP, DUMP)
    for raw in (
        zipped({"base.json": json.dumps(DUMP)}),
        zipped({"base.json": json.dumps(DUMP), "pr_number.txt": "1"}),
        report(**{"x/head.json": "{}"}),
    ):
        with pytest.raises(Refused):
            untrusted.report(raw)


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"schema": 1, "tables"',
        "[]",
        "null",
        '{"schema": 1, "tables": {}, "inputs": {"a": {"b": NaN}}}',
        '{"schema": 1, "tables": {}, "inputs": {"a": {"b": Infinity}}}',
        '{"schema": 1, "tables": {}, "inputs": {"a": {"b": 1e999}}}',
        '{"schema": 1, "tables": {}, "inputs": {"a": {"b": ' + "9" * 5000 + "}}}",
        '{"schema": 1, "tables": {}, "inputs": {"a": {"b": ' + "9" * 400 + "}}}",
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"schema": 1, "tables": {}, "inputs": {"a": {"b": ' + "[" * 9 + "]" * 9 + "}}}",
        "\xff",
    ],
    ids=range(13),
)
def test_what_is_no_dump_is_refused(text: str):
    """Truncated, not JSON, not finite, nested without end, not UTF-8."""
    with pytest.raises(Refused):
        untrusted.dump(text.encode("latin-1"))


def changed(change: Callable[[dict[str, Any]], Any]) -> bytes:
    made = json.loads(json.dumps(DUMP))
    change(made)
    return json.dumps(made).encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda dump: dump.update(schema=2),
        lambda dump: dump.update(schema=True),
        lambda dump: dump.update(pull_request=7),
        lambda dump: dump.pop("inputs"),
        lambda dump: dump.update(tables=[]),
        lambda dump: dump["tables"].update({"x" * 301: TABLE}),
        lambda dump: dump["tables"].update({f"t{n}": TABLE for n in range(600)}),
        lambda dump: dump["tables"]["t"].update(key=["nothing"]),
        lambda dump: dump["tables"]["t"].update(key=[]),
        lambda dump: dump["tables"]["t"].update(rows=[{"card": "a", "more": 1}]),
        lambda dump: dump["tables"]["t"].update(rows=[{}]),
        lambda dump: dump["tables"]["t"].update(rows=[["a"]]),
        lambda dump: dump["tables"]["t"].update(rows=[{"card": "x" * 5001}]),
        lambda dump: dump["tables"]["t"].update(columns=TABLE["columns"] * 2),
        lambda dump: dump["tables"]["t"].update(columns=[{"id": "card", "unit": {}, "digits": None}]),
        lambda dump: dump["tables"]["t"].update(columns=[{"id": "card", "unit": None, "digits": "1"}]),
        lambda dump: dump["tables"]["t"].update(script="x"),
        lambda dump: (dump.clear(), dump.update(schema=1, errors=[{"path": "a"}])),
        lambda dump: (
            dump.clear(),
            dump.update(schema=1, errors=[{"path": 1, "line": 1, "key": "", "expected": "", "got": "", "fix": ""}]),
        ),
        lambda dump: (
            dump.clear(),
            dump.update(schema=1, errors=[{"path": "", "line": "1", "key": "", "expected": "", "got": "", "fix": ""}]),
        ),
        lambda dump: (dump.clear(), dump.update(schema=1, failed=["x"])),
        lambda dump: dump.update(errors=[]),
    ],
    ids=range(22),
)
def test_a_dump_of_another_form_is_refused(change: Callable[[dict[str, Any]], Any]):
    """Each key, type and length is held."""
    untrusted.dump(json.dumps(DUMP).encode())
    with pytest.raises(Refused):
        untrusted.dump(changed(change))


def test_a_refused_site_leaves_nothing_written(tmp_path: Path):
    """It is read to its end before a file is written."""
    broken = bytearray(zipped({"index.html": "<body>", "a.html": "x" * 1000}))
    broken[broken.index(b"a.html") + 10] ^= 0xFF
    with pytest.raises(Refused):
        untrusted.site(bytes(broken), tmp_path / "site", "banner")
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_all_rows_together_are_bounded():
    """Many tables that are each within their limit would still take minutes to compare."""
    rows = [{"card": str(number)} for number in range(40_000)]
    dump = {"schema": 1, "tables": {str(number): {**TABLE, "rows": rows} for number in range(7)}, "inputs": {}}
    with pytest.raises(Refused, match="longer than any guide"):
        untrusted.checked(dump)
