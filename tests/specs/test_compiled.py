"""Records kept for the next program: used while they hold, never when they do not."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from macros.specs import Catalogue, SpecErrors, catalogue, compiled, load

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def data(tmp_path):
    """A checkout with the guide's records, written long ago."""
    shutil.copytree(ROOT / "data", tmp_path / "data")
    (tmp_path / "pyproject.toml").touch()
    return tmp_path / "data"


@pytest.fixture
def again(monkeypatch):
    """Load as the next program would: it knows only what was kept. Counts the files that it reads."""
    read = []
    original = catalogue._read

    def counted(root, name):
        read.append(name)
        return original(root, name)

    monkeypatch.setattr(catalogue, "_read", counted)

    def next_program(root: Path) -> tuple[Catalogue, list[str]]:
        catalogue._before.clear()
        read.clear()
        return load(root), sorted(read)

    return next_program


def bandwidth(found: Catalogue) -> float:
    return float(found.gpus["rtx-3090"].bandwidth_gb_per_s)


def edit(data: Path, old: str, new: str) -> Path:
    path = data / "gpus" / "rtx-3090.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    return path


def test_nothing_is_read_twice(data, again):
    """And what comes from the cache equals what was read."""
    first, read = again(data)
    assert len(read) == sum(1 for path in data.rglob("*.yaml"))
    second, read = again(data)
    assert read == []
    assert {kind: dict(records) for kind, records in second.records.items()} == {
        kind: dict(records) for kind, records in first.records.items()
    }
    assert [list(records) for records in second.records.values()] == [list(records) for records in first.records.values()]
    assert (
        second.files["gpus", "rtx-3090"].line(("bandwidth_gb_per_s",)) == first.files["gpus", "rtx-3090"].line(("bandwidth_gb_per_s",)) > 1
    )


def test_only_what_is_asked_for_is_brought(data, again):
    again(data)
    found, _ = again(data)
    assert bandwidth(found) == 936.2
    assert len(found.gpus.waiting) == len(found.gpus) - 1


def test_an_edit_is_seen_under_the_stamp_of_before(data, again):
    """Equal length and equal time of change, as a coarse clock would have it."""
    again(data)
    path = data / "gpus" / "rtx-3090.yaml"
    status = path.stat()
    edit(data, "936.2", "936.3")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    found, read = again(data)
    assert (bandwidth(found), read) == (936.3, ["gpus/rtx-3090.yaml"])
    assert bandwidth(again(data)[0]) == 936.3


def test_equal_stamps_are_not_believed_right_after_a_look(data, again, monkeypatch):
    """A clock that stands still: all stamps equal before and after."""
    monkeypatch.setattr(compiled, "_stamp", lambda entry: (1, time.time_ns(), time.time_ns(), 1))
    monkeypatch.setattr(compiled, "COARSE", 3600 * 10**9)  # however slow the machine is, the look was just now
    again(data)
    frozen = {name: stamp for name, (stamp, _) in compiled.opened(data).files.items()}
    monkeypatch.setattr(compiled, "listing", lambda root, without=None: frozen)
    edit(data, "936.2", "936.3")
    assert bandwidth(again(data)[0]) == 936.3


def test_a_copy_of_the_records_is_not_read_again(data, again, tmp_path):
    """Other stamps, equal content."""
    again(data)
    shutil.copytree(data.parent, tmp_path / "copy")
    assert again(tmp_path / "copy" / "data")[1] == []


def test_a_record_that_comes_or_goes(data, again):
    """Is there or not there, and what names it is checked again."""
    again(data)
    shutil.copy(data / "gpus" / "rtx-3090.yaml", data / "gpus" / "rtx-3090-b.yaml")
    found, read = again(data)
    assert ("rtx-3090-b" in found.gpus, read) == (True, ["gpus/rtx-3090-b.yaml"])
    (data / "gpus" / "rtx-3090-b.yaml").unlink()
    assert "rtx-3090-b" not in again(data)[0].gpus
    (data / "device-families" / "ga102-gf.yaml").unlink()
    with pytest.raises(SpecErrors, match=r"data/gpus/rtx-3090\.yaml:\d+: family: expected the id of a file in data/device-families"):
        again(data)


def test_mistakes_are_not_kept(data, again):
    """Told as often as they are read, and gone when they are mended."""
    again(data)
    edit(data, "936.2", "fast")
    for _ in range(2):
        with pytest.raises(SpecErrors, match="bandwidth_gb_per_s: expected a valid number, got 'fast'"):
            again(data)
    edit(data, "fast", "936.2")
    assert bandwidth(again(data)[0]) == 936.2


def test_other_code_reads_anew(data, again, monkeypatch):
    again(data)
    monkeypatch.setattr(compiled, "code", lambda: b"another version!")
    assert len(again(data)[1]) > 900


@pytest.mark.parametrize("spoil", [lambda kept: kept[:-1], lambda kept: kept[:40], lambda kept: b"", lambda kept: b"x" * len(kept)])
def test_what_is_broken_is_not_used(data, again, spoil):
    """Cut short or overwritten."""
    again(data)
    path = compiled.place(data)
    path.write_bytes(spoil(path.read_bytes()))
    found, read = again(data)
    assert (bandwidth(found), len(read) > 900) == (936.2, True)


def test_where_nothing_can_be_written(data, again):
    """It reads, and leaves nothing half-written."""
    (data.parent / ".cache").write_text("a file", "utf-8")
    assert bandwidth(again(data)[0]) == 936.2
    assert (data.parent / ".cache").read_text("utf-8") == "a file"
