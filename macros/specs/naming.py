"""Names as people type them: which record is meant, by the numbers first, then by the words, then by the memory."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from macros.specs.errors import nearest

MAKERS = {
    "nvidia",
    "geforce",
    "amd",
    "intel",
    "apple",
    "qualcomm",
    "huawei",
    "gpu",
    "graphics",
    "card",
    "processor",
    "cpu",
    "the",
    "with",
    "gddr",
}
"""Words that tell nothing apart."""
SERIES = {"rtx", "gtx", "rx", "radeon", "tesla", "instinct", "arc", "blackwell"}
"""Words that people leave out where the number tells enough."""
TIERS = {"core", "ultra", "ryzen", "ai", "epyc", "xeon", "gold", "platinum", "threadripper", "pro", "i", "3", "5", "7", "9"}
"""The same in names of processors."""
OPTIONAL = {"radeon"}
"""Words that people add to names that do without."""
SAME = {"laptop": "mobile", "notebook": "mobile"}
"""Words that say the same."""
MEMORY = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?) ?g(?:i?b)?\b")
COUNTED = re.compile(r"^\s*(?:(\d{1,2})\s*[x×*]\s*|dual[\s-]+|two\s+|双路?\s*)(?=\S)", re.IGNORECASE)
"""How many of a thing, before its name."""
MOST_SHOWN, LONGEST = 4, 80
"""Ids that a message names; letters of a name."""


@lru_cache(maxsize=8192)
def parts_of(text: str) -> tuple[list[str], float | None]:
    """Words and numbers of a name, and the memory that it says [GiB].

    >>> parts_of("NVIDIA GeForce RTX 4060Ti 16GB")
    (['rtx', '4060', 'ti'], 16.0)
    """
    plain = re.sub(r"\((?:r|tm|c)\)|[®™+]", "", text.lower())
    plain = re.sub(r"[-_/()]", " ", plain)
    sizes = MEMORY.findall(plain)
    words = re.findall(r"x3d|[a-z]+|\d+(?:\.\d+)?", re.sub(r"\bsxm\d", "sxm", MEMORY.sub(" ", plain)))
    return [SAME.get(word, word) for word in words if word not in MAKERS], float(sizes[-1]) if sizes else None


def _sizes(record: Any) -> list[float]:
    sizes = getattr(record, "memory_sizes_gib", None) or [getattr(record, "memory_gib", None)]
    return [float(size) for size in sizes if size is not None]


def meant(word: str, records: Mapping[str, Any]) -> tuple[list[str], bool]:
    """The records that a typed name fits best, and whether it is exactly the name of the first.

    Args:
        word: as typed
        records: by id, each with a name and perhaps other names

    Returns:
        Ids, none where a number or too many words are not in any of them; and whether it tells that one record from all others.

    >>> class Card: name, also_called, memory_gib = "RTX 5070 Ti", [], 16.0
    >>> meant("5070ti 16g", {"rtx-5070-ti": Card()})
    (['rtx-5070-ti'], True)
    >>> meant("5070 16g", {"rtx-5070-ti": Card()})
    (['rtx-5070-ti'], False)
    """
    wanted, memory = parts_of(word)
    if not wanted:
        return [], False
    numbers = [part for part in wanted if part[0].isdigit()]
    scored = []
    for key, record in records.items():
        name = getattr(record, "name", key)
        own = [parts_of(one)[0] for one in (key, name if isinstance(name, str) else name.en, *getattr(record, "also_called", []))]
        known = {part for parts in own for part in parts}
        missing = [part for part in wanted if part not in known and part not in OPTIONAL]
        telling = any(len(number) > 2 for number in numbers)
        if any(number in missing for number in numbers) or len(missing) > int(telling):
            continue
        sizes = _sizes(record)
        other_size = memory is not None and len(sizes) > 0 and memory not in sizes
        # A size that the name says and nobody asked for is one difference, with other words or alone.
        free = (SERIES | TIERS if hasattr(record, "threads") else SERIES) if numbers else set()
        unasked = min(len(set(parts) - set(wanted) - free) + len(set(wanted) - set(parts) - OPTIONAL) for parts in own)
        sized = memory is None and bool(numbers) and parts_of(key)[1] is not None
        scored.append((len(missing), other_size, max(unasked, int(sized)), unasked, key))
    if not scored:
        return [], False
    best = min(scored)[:3]
    alike = sorted((one for one in scored if one[:3] == best), key=lambda one: one[-1])
    tells = len(alike) == 1 and alike[0][:2] == (0, False) and alike[0][3] == 0
    return [one[-1] for one in alike], tells and counted(word)[0] == 1


def counted(word: str) -> tuple[int, str]:
    """How many of a thing a name asks for, and its name.

    >>> counted("2x EPYC 9355"), counted("dual xeon 8352y"), counted("7900 xtx")
    ((2, 'EPYC 9355'), (2, 'xeon 8352y'), (1, '7900 xtx'))
    """
    found = COUNTED.match(word)
    if found is None:
        return 1, word
    return int(found.group(1) or 2), word[found.end() :]


def nearest_called(word: str, records: Mapping[str, Any]) -> str:
    """What to write instead of a name that is no id, as a phrase for `Fix:`.

    >>> class Card: name, also_called, memory_gib = "RTX 3060", [], 12.0
    >>> class Other: name, also_called, memory_gib = "RTX 3080 (12 GB)", [], 12.0
    >>> nearest_called("rtx-3060-12gb", {"rtx-3060": Card(), "rtx-3080-12gb": Other()})
    "write 'rtx-3060'"
    """
    count, single = counted(word[:LONGEST])
    if count > 1:
        processor = any(hasattr(record, "two_sockets") for record in records.values())
        return nearest_called(single, records) + (f" and sockets: {count}" if processor else f", {count} times")
    found, _ = meant(word[:LONGEST], records)
    if not found:
        return nearest(word, _of_words(word[:LONGEST], records) or records) + _unlisted(word[:LONGEST], records)
    memory = parts_of(word)[1]
    sizes = getattr(records[found[0]], "memory_sizes_gib", None) or []
    size = f" with memory_gib {memory:g}" if memory is not None and memory in sizes else ""
    held = _sizes(records[found[0]])
    if memory is not None and held and memory not in held:
        size = f", which has {' or '.join(f'{one:g}' for one in held)} GiB"
    return "write " + " or ".join(f"'{key}'" for key in found[:MOST_SHOWN]) + size


def _of_words(word: str, records: Mapping[str, Any]) -> list[str]:
    """Ids that share the most words with a name, those with the most digits alike at the start of their number first."""
    wanted = parts_of(word)[0]
    words = {part for part in wanted if not part[0].isdigit() and len(part) > 1}
    digits = "".join(part for part in wanted if part[0].isdigit())
    shared = {key: len(words & set(parts_of(key)[0])) for key in records}
    most = max(shared.values(), default=0)
    if most == 0:
        return []

    def far(key: str) -> int:
        own = "".join(part for part in parts_of(key)[0] if part[0].isdigit())
        return -next((at for at, (a, b) in enumerate(zip(digits, own, strict=False)) if a != b), min(len(digits), len(own)))

    alike = [key for key, count in shared.items() if count == most]
    nearest_digits = min(far(key) for key in alike)
    return [key for key in alike if far(key) == nearest_digits]


def _unlisted(word: str, records: Mapping[str, Any]) -> str:
    """That a number in a name is no record's, so that what is nearest is another thing."""
    numbers = [part for part in parts_of(word)[0] if part[0].isdigit()]
    listed = {part for key in records for part in parts_of(key)[0]}
    missing = [number for number in numbers if number not in listed]
    return f" (nothing is listed under {missing[0]})" if missing else ""


def spelled(word: Any, records: Mapping[str, Any]) -> Any:
    """The id of the record that bears a name, spelled as it may be; the word itself where none does or several do.

    >>> spelled("no-such-card", {})
    'no-such-card'
    """
    if not isinstance(word, str) or word in records or len(word) > LONGEST:
        return word
    found, exactly = meant(word, records)
    return found[0] if exactly and len(found) == 1 else word
