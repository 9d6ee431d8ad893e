"""What a stranger's code made -> values and files of a known shape and size, or Refused. Standard library only.

A pull request's artifacts are bytes that its author chose: names, links, sizes, numbers and markup. Nothing here is ever
executed or extracted by a tool that follows what the bytes say, and a refusal's words come from here, not from the bytes.
"""

from __future__ import annotations

import json
import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any

MIB = 2**20
Check = Callable[[Any], None]


class Refused(Exception):  # noqa: N818  (a decision)
    """Why something of a stranger's is not used; safe to print."""


@dataclass(frozen=True)
class Limits:
    """How much of it is read."""

    files: int
    file_bytes: int
    bytes: int
    packed_bytes: int


REPORT = Limits(files=2, file_bytes=64 * MIB, bytes=128 * MIB, packed_bytes=32 * MIB)
SITE = Limits(files=20_000, file_bytes=25 * MIB, bytes=512 * MIB, packed_bytes=256 * MIB)

REPORT_FILES = ("base.json", "head.json")
SITE_TYPES = frozenset(
    {".html", ".css", ".js", ".mjs", ".json", ".csv", ".svg", ".png", ".jpg", ".webp", ".gif", ".ico", ".woff2", ".xml", ".gz", ".txt"}
    | {".map", ".wasm", ".pagefind", ".pf_meta", ".pf_index", ".pf_fragment", ".pf_filter", ".webmanifest"}
)
HOST_FILES = re.compile(
    r"_headers|_redirects|_routes\.json|_worker\.(js|mjs|bundle)|worker\.js|wrangler\..*|cname|netlify\.toml|vercel\.json|now\.json|firebase\.json"
    r"|package(-lock)?\.json|staticwebapp\.config\.json|functions|node_modules|\..*",
    re.IGNORECASE,
)
"""Names that a host or its upload tool reads as configuration or code of its own, at any depth."""

MAX_TABLES, MAX_COLUMNS, MAX_ROWS, MAX_INPUTS, MAX_KEYS, MAX_ERRORS = 500, 200, 100_000, 20_000, 20_000, 5_000
MAX_TEXT, MAX_NAME = 5_000, 300
MAX_PART = 255
"""Bytes of one part of a path that a file system takes."""
MAX_ALL_ROWS = 250_000
"""Rows of all tables together: two dumps of so many are compared in a minute."""


def members(raw: bytes, limits: Limits) -> Iterator[tuple[str, bytes]]:
    """(path, bytes) of each file of a zip; raises Refused for anything but plain files with plain names within the limits."""
    if len(raw) > limits.packed_bytes:
        raise Refused(f"the archive is larger than {limits.packed_bytes // MIB} MiB")
    try:
        archive = zipfile.ZipFile(BytesIO(raw))
        entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, UnicodeDecodeError):
        raise Refused("the archive is not a readable zip") from None
    if len(entries) > limits.files:
        raise Refused(f"the archive has more than {limits.files} files")
    if sum(entry.file_size for entry in entries) > limits.bytes or any(entry.file_size > limits.file_bytes for entry in entries):
        raise Refused(f"a file is larger than {limits.file_bytes // MIB} MiB, or all together than {limits.bytes // MIB} MiB")
    taken: set[str] = set()
    for entry in entries:
        _plain_entry(entry, taken)
    for entry in entries:
        if not entry.is_dir():
            yield entry.filename, _content(archive, entry)


def _plain_entry(entry: zipfile.ZipInfo, taken: set[str]) -> None:
    name = entry.filename
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise Refused("the archive has a link or a device in it")
    if entry.flag_bits & 0x1:
        raise Refused("the archive has an encrypted file in it")
    parts = name.removesuffix("/").split("/")
    if (
        name != entry.orig_filename
        or len(name) > MAX_NAME
        or any(len(part.encode("utf-8", "replace")) > MAX_PART for part in parts)
        or "\\" in name
        or ":" in parts[0]
        or any(part in ("", ".", "..") for part in parts)
    ):
        raise Refused("the archive has a path in it that leads elsewhere")
    if any(unicodedata.category(character)[0] == "C" for character in name):
        raise Refused("the archive has a control character in a name")
    folded = unicodedata.normalize("NFC", name).casefold()
    if folded in taken:
        raise Refused("the archive has one name twice")
    taken.add(folded)


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(entry) as file:
            return file.read()  # at most what the entry declares, which the limits were held against
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError):
        raise Refused("a file in the archive cannot be unpacked") from None


def report(raw: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """The dumps (base, head) in a report's archive."""
    files = dict(members(raw, REPORT))
    if sorted(files) != list(REPORT_FILES):
        raise Refused(f"the report is not made of {' and '.join(REPORT_FILES)}")
    return dump(files["base.json"]), dump(files["head.json"])


def site(raw: bytes, target: Path, banner: str) -> list[str]:
    """Write what a static host may serve under an empty folder, each page marked as a preview; returns what was left out."""
    left_out: list[str] = []
    if target.exists() and any(target.iterdir()):
        raise FileExistsError(f"{target} is not empty")
    written: set[Path] = set()
    for name, content in [*members(raw, SITE)]:  # all of it is read, and refused, before anything is written
        path = PurePosixPath(name)
        if path.suffix.lower() not in SITE_TYPES or any(HOST_FILES.fullmatch(part) for part in path.parts):
            left_out.append(name)
            continue
        here = target.joinpath(*path.parts)
        if any(parent in written for parent in here.parents):
            raise Refused("the archive has a file where it has a folder")
        here.parent.mkdir(parents=True, exist_ok=True)
        if here.is_dir():
            raise Refused("the archive has a file where it has a folder")
        here.write_bytes(_marked(content, banner) if path.suffix.lower() == ".html" else content)
        written.add(here)
    if not (target / "index.html").is_file():
        raise Refused("the site has no index.html")
    (target / "_headers").write_text("/*\n  X-Robots-Tag: noindex\n  X-Frame-Options: DENY\n  Referrer-Policy: no-referrer\n", "utf-8")
    (target / "robots.txt").write_text("User-agent: *\nDisallow: /\n", "utf-8")
    return left_out


def _marked(page: bytes, banner: str) -> bytes:
    """A page that says of itself that it is a preview. Its own scripts could hide that: what protects readers is another origin."""
    told = f'<div role="note" style="padding:.5em 1em;background:#fd6;color:#000;font:16px sans-serif">{banner}</div>'.encode()
    body = re.search(rb"<body\b[^>]*>", page, re.IGNORECASE)
    return page[: body.end()] + told + page[body.end() :] if body else told + page


def parse(raw: bytes) -> Any:
    """JSON as the standard has it; Refused for anything else."""
    try:
        return json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Refused("a dump is not well-formed JSON") from None


def dump(raw: bytes) -> dict[str, Any]:
    """A dump of tables, of mistakes or of a failure, and nothing besides; see macros.publish.dump."""
    return checked(parse(raw))


def checked(found: Any) -> dict[str, Any]:
    """The same for a value that is read already."""
    _keys(found, {"schema"}, {"tables", "inputs", "errors", "failed"})
    _need(type(found["schema"]) is int and found["schema"] == 1, "a dump's schema is not 1")
    if "failed" in found:
        _keys(found, {"schema", "failed"})
        _text(found["failed"])
    elif "errors" in found:
        _keys(found, {"schema", "errors"})
        _list(found["errors"], MAX_ERRORS, _error)
    else:
        _keys(found, {"schema", "tables", "inputs"})
        _mapping(found["tables"], MAX_TABLES, _table)
        _need(sum(len(table["rows"]) for table in found["tables"].values()) <= MAX_ALL_ROWS, "a dump is longer than any guide")
        _mapping(found["inputs"], MAX_INPUTS, lambda keys: _mapping(keys, MAX_KEYS, _cell))
    return dict(found)


def _need(holds: bool, why: str = "a dump does not have the form of a dump") -> None:
    if not holds:
        raise Refused(why)


def _keys(found: Any, required: set[str], optional: Set[str] = frozenset()) -> None:
    _need(isinstance(found, dict) and required <= found.keys() <= required | optional)


def _list(found: Any, limit: int, item: Check) -> None:
    _need(isinstance(found, list))
    _need(len(found) <= limit, "a dump is longer than any guide")
    for value in found:
        item(value)


def _mapping(found: Any, limit: int, item: Check) -> None:
    _need(isinstance(found, dict))
    _need(len(found) <= limit, "a dump is longer than any guide")
    for key, value in found.items():
        _name(key)
        item(value)


def _text(value: Any, limit: int = MAX_TEXT) -> None:
    _need(isinstance(value, str))
    _need(len(value) <= limit, "a text in a dump is longer than any guide's")


def _name(value: Any) -> None:
    _text(value, MAX_NAME)


def _error(found: Any) -> None:
    words = {"path", "key", "expected", "got", "fix"}
    _keys(found, words | {"line"})
    _need(type(found["line"]) is int and 0 <= found["line"] < 10**9)
    for word in words:
        _text(found[word])


def _table(found: Any) -> None:
    _keys(found, {"key", "columns", "rows"})
    _list(found["columns"], MAX_COLUMNS, _column)
    ids = {column["id"] for column in found["columns"]}
    _need(len(ids) == len(found["columns"]), "a table in a dump has one column twice")
    _list(found["key"], MAX_COLUMNS, _name)
    _need(bool(found["key"]) and set(found["key"]) <= ids, "a table in a dump has no key")
    _list(found["rows"], MAX_ROWS, lambda row: _mapping(row, MAX_COLUMNS, _cell))
    _need(all(row.keys() == ids for row in found["rows"]), "a row in a dump does not have the columns of its table")


def _column(found: Any) -> None:
    _keys(found, {"id", "unit", "digits"})
    _name(found["id"])
    _need(found["unit"] is None or isinstance(found["unit"], str))
    _need(found["digits"] is None or type(found["digits"]) is int)


def _cell(value: Any, depth: int = 0) -> None:
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, int | float):
        _need(abs(value) < 1e300, "a number in a dump is not finite")
    elif isinstance(value, str):
        _text(value)
    else:
        _need(depth < 4, "a value in a dump is nested too deep")
        (_list if isinstance(value, list) else _mapping)(value, 1000, lambda item: _cell(item, depth + 1))
