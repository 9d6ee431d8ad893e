"""Files of the search engine that come out in another order each time, put in one order: equal pages make equal files."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

MARK = b"pagefind_dcd"
"""What every file of the index begins with, once unpacked; CBOR follows."""
FILTERS = 3
"""Where the list of filters stands in what the engine knows of a language: after version, pages and pieces of the index."""
DIGITS = 7
"""Digits of a filter's name."""


def settled(folder: Path) -> None:
    """Sort the values of each filter and the filters of each language, and name the files by what they then hold.

    Args:
        folder: what pagefind wrote
    """
    entry = folder / "pagefind-entry.json"
    known = json.loads(entry.read_text("utf-8"))
    for language in known["languages"].values():
        meta = folder / f"pagefind.{language['hash']}.pf_meta"
        whole = gzip.decompress(meta.read_bytes())
        names = []
        for path in sorted((folder / "filter").glob(f"{language['hash'].partition('_')[0]}_*.pf_filter")):
            name, values = _items(gzip.decompress(path.read_bytes())[len(MARK) :])
            held = MARK + _list([name, _list(sorted(_items(values)))])
            names.append((path.stem, f"{path.stem.partition('_')[0]}_{hashlib.sha256(held).hexdigest()[:DIGITS]}", held))
            path.unlink()
        for old, new, held in names:
            (folder / "filter" / f"{new}.pf_filter").write_bytes(_packed(held))
            whole = whole.replace(old.encode(), new.encode())
        parts = _items(whole[len(MARK) :])
        parts[FILTERS] = _list(sorted(_items(parts[FILTERS])))
        whole = MARK + _list(parts)
        meta.unlink()
        before, digits = language["hash"].split("_")
        language["hash"] = f"{before}_{hashlib.sha256(whole).hexdigest()[: len(digits)]}"
        (folder / f"pagefind.{language['hash']}.pf_meta").write_bytes(_packed(whole))
    entry.write_text(json.dumps(known, sort_keys=True), "utf-8")


def _packed(data: bytes) -> bytes:
    return gzip.compress(data, 9, mtime=0)


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Kind of an item of CBOR, its number, and where what follows it begins."""
    kind, short = data[at] >> 5, data[at] & 31
    if short < 24:
        return kind, short, at + 1
    length = 1 << (short - 24)
    return kind, int.from_bytes(data[at + 1 : at + 1 + length], "big"), at + 1 + length


def _end(data: bytes, at: int) -> int:
    """Where an item ends: texts hold so many bytes, lists and mappings so many items."""
    kind, number, at = _head(data, at)
    if kind in (2, 3):
        return at + number
    for _ in range(number * {4: 1, 5: 2}.get(kind, 0)):
        at = _end(data, at)
    return at


def _items(data: bytes) -> list[bytes]:
    """The items of a list."""
    _, number, at = _head(data, 0)
    found = []
    for _ in range(number):
        end = _end(data, at)
        found.append(data[at:end])
        at = end
    return found


def _list(items: list[bytes]) -> bytes:
    """A list of items."""
    count = len(items)
    size = next(size for size in (0, 1, 2, 4) if count < (24 if size == 0 else 1 << 8 * size))
    head = bytes([0x80 | count]) if size == 0 else bytes([0x80 | (24 + size.bit_length() - 1)]) + count.to_bytes(size, "big")
    return head + b"".join(items)
