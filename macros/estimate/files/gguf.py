"""A GGUF file's header: what it says of the model, and each tensor's name, shape, type and bytes.

The reader trusts nothing: each count and length is held against what is there before it is followed, so that time and memory
depend on the bytes read and not on what they claim. It gets a slice from the beginning of the file and asks for a longer one
where the header goes on, which is how the calculator reads a file too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from macros.estimate.files.octets import Octets, after_texts, letters, real, signed, whole
from macros.estimate.refused import Refused
from macros.specs.quantizations import TensorType

MAGIC = "GGUF"
VERSIONS = (2, 3)
"""Versions whose header has this form; engines no longer read the first."""
MOST_VALUES = 1 << 14
MOST_TENSORS = 1 << 14
"""A header with more is no model's."""
LONGEST_NAME = 1 << 10
MOST_DIMENSIONS = 4
MOST_TEXTS = 5 << 18
"""Texts in lists, of which a tokenizer has under a million."""
MOST_BYTES = 1 << 50
"""Bytes and values beyond which a number is a mistake."""
KEPT = 4096
"""Numbers of a list, or bytes of a text, that are kept; of a longer one only the length is."""
MOST_KEPT = 1 << 17
"""Of all together: a model says a few thousand."""
ALIGNMENT = 32
"""Tensors start at multiples of so many bytes, where the file does not say."""
ALIGNMENTS = (8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)

EXACT = 1 << 53
"""Beyond it a script in a page knows a number only roughly."""

TEXT, LIST, TRUTH = 8, 9, 7
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Kinds of values and their bytes; texts and lists have a length of their own."""
SIGNED, REAL = (1, 3, 5, 11), (6, 12)


class Cut(ValueError):  # noqa: N818  (what happened to the slice)
    """The header goes on beyond the slice."""

    def __init__(self, what: str) -> None:
        self.more = True
        super().__init__(what)


@dataclass(frozen=True)
class FileTensor:
    """A tensor as the header lists it."""

    name: str
    shape: tuple[int, ...]
    """Values of a row first."""
    type: int
    """The number of its type."""
    bytes: int
    """Bytes that it takes, without what fills up to the next."""


@dataclass(frozen=True)
class Header:
    """What the header of a file says; of a file in parts, all headers together."""

    values: Mapping[str, Any]
    """Key -> value; of lists of texts, and of lists and texts that are long, a `Length`."""
    tensors: tuple[FileTensor, ...]
    held: bool = True
    """Whether the file holds all of its tensors; one that is still being downloaded does not."""


@dataclass(frozen=True)
class Length:
    """A list or a text of which only the length was kept."""

    count: int


@dataclass
class Reader:
    """A header as far as it has been read."""

    data: Octets
    size: int
    short: bool
    at: int
    texts: int
    kept: int
    values: dict[str, Any]
    found: list[tuple[str, tuple[int, ...], int, int]]
    names: set[str]

    def so_far(self) -> str:
        """What was read, for a message."""
        kind = self.values.get("general.architecture")
        model = f" of a {kind} model" if isinstance(kind, str) else ""
        return f"the file is damaged or no model; read so far: {len(self.values)} values{model}, {len(self.found)} tensors, {self.at} bytes"

    def need(self, size: int, what: str) -> None:
        """Make sure that the slice holds so many more bytes."""
        if self.at + size > self.size:
            raise Refused("gguf", f"{said(size)} bytes for {what}", f"a file of {self.size} bytes", self.so_far())
        if self.at + size > len(self.data):
            raise Cut(what)

    def whole(self, size: int, what: str) -> int:
        """The whole number that comes next."""
        self.need(size, what)
        number = whole(self.data, self.at, size)
        self.at += size
        return number

    def text(self, what: str, longest: int) -> str:
        """The text that comes next, with its length before it."""
        length = self.whole(8, f"the length of {what}")
        if length > longest:
            raise Refused("gguf", f"at most {longest} bytes for {what}", said(length), self.so_far())
        self.need(length, what)
        found = letters(self.data, self.at, length)
        self.at += length
        return found

    def keeps(self, count: int) -> bool:
        """Whether so many numbers or bytes are kept."""
        self.kept += count if count <= KEPT else 0
        return count <= KEPT and self.kept <= MOST_KEPT

    def long_text(self, key: str) -> Any:
        """The text that comes next; of one that is not kept, its length."""
        length = self.whole(8, f"the length of {key}")
        self.need(length, key)
        start = self.at
        self.at += length
        return letters(self.data, start, length) if self.keeps(length) else Length(length)

    def opening(self) -> tuple[int, int]:
        """The number of tensors and of values."""
        if self.size < 4 or letters(self.data, 0, 4) != MAGIC:
            raise Refused("gguf", "a GGUF file, which begins with GGUF", letters(self.data, 0, 4), "name a .gguf file")
        self.at = 4
        version = self.whole(4, "the version")
        if version > 0 and version % 65536 == 0:
            raise Refused("gguf", "a file with the least significant byte first", "a big-endian file", "convert it for this machine")
        if version not in VERSIONS:
            raise Refused("gguf", "version 2 or 3", version, "convert the model again; engines read no other version")
        count, values = self.whole(8, "the number of tensors"), self.whole(8, "the number of values")
        if count > MOST_TENSORS:
            raise Refused("gguf", f"at most {MOST_TENSORS} tensors", said(count), self.so_far())
        if values > MOST_VALUES:
            raise Refused("gguf", f"at most {MOST_VALUES} values", said(values), self.so_far())
        return count, values

    def entry(self, what: str) -> None:
        """A key with its value."""
        key = self.text(what, LONGEST_NAME)
        if key in self.values:
            raise Refused("gguf", "each key once", key, self.so_far())
        kind = self.whole(4, f"the kind of {key}")
        value = self.list_of(key) if kind == LIST else self.value(kind, key)
        self.values[key] = value

    def value(self, kind: int, key: str) -> Any:
        """A value of this kind."""
        if kind == TEXT:
            return self.long_text(key)
        if kind not in SIZES:
            raise Refused("gguf", f"a kind of value from 0 to 12 for {key}", kind, self.so_far())
        self.need(SIZES[kind], key)
        found = _number(self.data, self.at, kind)
        self.at += SIZES[kind]
        return found

    def list_of(self, key: str) -> Any:
        """A list; of texts, and of very many numbers, its length."""
        kind, count = self.whole(4, f"the kind of {key}"), self.whole(8, f"the length of {key}")
        if kind == TEXT:
            self.texts += count
            if self.texts > MOST_TEXTS or self.at + 8 * count > self.size:
                raise Refused("gguf", f"at most {MOST_TEXTS} texts in {self.size} bytes", f"{said(count)} in {key}", self.so_far())
            end = after_texts(self.data, self.at, count, short=self.short)
            if end < 0:
                self.need(len(self.data) - self.at + 1, key)
            self.at = end
            return Length(count)
        if kind not in SIZES:
            raise Refused("gguf", f"numbers or texts in the list {key}", f"kind {kind}", self.so_far())
        size, start = SIZES[kind], self.at
        self.need(size * count, key)
        self.at += size * count
        return [_number(self.data, start + size * index, kind) for index in range(count)] if self.keeps(count) else Length(count)

    def tensor(self, what: str) -> None:
        """A tensor: name, shape, type, place."""
        name = self.text(what, LONGEST_NAME)
        if name in self.names:
            raise Refused("gguf", "each tensor once", name, self.so_far())
        self.names.add(name)
        dimensions = self.whole(4, f"the dimensions of {name}")
        if dimensions > MOST_DIMENSIONS:
            raise Refused("gguf", f"at most {MOST_DIMENSIONS} dimensions of {name}", dimensions, self.so_far())
        data, at = self.data, self.at
        self.need(8 * dimensions + 12, f"the shape, type and place of {name}")
        self.at += 8 * dimensions + 12
        shape = [whole(data, at + 8 * index, 8) for index in range(dimensions)] or [1]
        values = 1
        for length in shape:
            if not 1 <= length <= MOST_BYTES // values:
                sizes = " x ".join([str(said(one)) for one in shape])
                raise Refused("gguf", f"a shape of {name} with 1 to {MOST_BYTES} values", sizes, self.so_far())
            values *= length
        kind, place = whole(data, self.at - 12, 4), whole(data, self.at - 8, 8)
        self.found.append((name, tuple(shape), kind, place))

    def sized(self, types: Mapping[int, TensorType]) -> Header:
        """The tensors with their bytes: by their type; where the type is unknown, by where the next one starts."""
        alignment = self.values.get("general.alignment", ALIGNMENT)
        if alignment not in ALIGNMENTS:
            raise Refused("gguf", "a power of two from 8 to 4096 as general.alignment", alignment, self.so_far())
        room = self.size - _aligned(self.at, alignment)
        tensors: list[FileTensor] = []
        expected, end = 0, 0
        for number, (name, shape, kind, place) in enumerate(self.found):
            if place != expected:
                raise Refused("gguf", f"{name} at {expected}, where the tensor before it ends", said(place), self.so_far())
            if kind in types:
                size = stored_bytes(shape, types[kind])
                if size < 0:
                    raise Refused("gguf", f"rows of {name} that are multiples of {types[kind].block}", shape[0], self.so_far())
            else:
                size = (self.found[number + 1][3] if number + 1 < len(self.found) else max(room, place)) - place
            if not 0 <= size <= MOST_BYTES:
                raise Refused("gguf", f"{name} before the tensor after it", place, self.so_far())
            tensors.append(FileTensor(name, shape, kind, size))
            end = place + size
            expected = place + _aligned(size, alignment)
        return Header(self.values, tuple(tensors), end <= room)


def read_header(data: Octets, size: int, types: Mapping[int, TensorType], *, short: bool = False) -> Header:
    """Read the header of a GGUF file; raises Refused for what is none, Cut where the slice ends before the header does.

    Args:
        data: the beginning of the file
        size: bytes of the whole file
        types: number -> tensor type
        short: take the texts in lists for short ones; quicker, and wrong where one is not

    Returns:
        The header.

    Source: GGUF specification; llama.cpp, ggml/src/gguf.cpp.
    """
    return read_by(Reader(data, size, short, 0, 0, 0, {}, [], set()), types)


def read_by(reader: Reader, types: Mapping[int, TensorType]) -> Header:
    """Read a header with a reader that stands at its beginning; raises Refused and Cut.

    Args:
        reader: the beginning of the file, and where it stands
        types: number -> tensor type

    Returns:
        The header.
    """
    tensors, values = reader.opening()
    for number in range(values):
        reader.entry(f"key {number + 1} of {values}")
    for number in range(tensors):
        reader.tensor(f"tensor {number + 1} of {tensors}")
    return reader.sized(types)


def joined(headers: Sequence[Header]) -> Header:
    """The headers of a file in parts as one: what the first says, the tensors of all.

    Args:
        headers: those of the parts, in their order

    Returns:
        One header.
    """
    count = headers[0].values.get("split.count", 1)
    if count not in (0, len(headers)):
        raise Refused("gguf", f"all {count} parts of the file", len(headers), "keep them in one folder under the names they came with")
    tensors = [tensor for header in headers for tensor in header.tensors]
    if len({tensor.name for tensor in tensors}) < len(tensors):
        raise Refused("gguf", "each tensor in one part", "a tensor in two", "download the parts again")
    return Header(headers[0].values, tuple(tensors), all(header.held for header in headers))


def said(number: int) -> Any:
    """A number for a message, the same in a page as here.

    >>> said(7), said(2**60)
    (7, 'more than 9007199254740992')
    """
    return number if number <= EXACT else f"more than {EXACT}"


def _number(data: Octets, at: int, kind: int) -> Any:
    size = SIZES[kind]
    if kind in REAL:
        return real(data, at, size)
    if kind in SIGNED:
        return signed(data, at, size)
    number = whole(data, at, size)
    return number != 0 if kind == TRUTH else number


def _aligned(size: int, alignment: int) -> int:
    return -(-size // alignment) * alignment


def stored_bytes(shape: tuple[int, ...], kind: TensorType) -> int:
    """Bytes of a tensor of this type; -1 where its blocks do not divide the rows.

    Args:
        shape: values of a row first
        kind: the type

    Returns:
        Bytes [bytes].
    """
    if shape[0] % kind.block:
        return -1
    rows = 1
    for length in shape[1:]:
        rows *= length
    return rows * (shape[0] // kind.block * kind.block_bytes + kind.row_bytes)
