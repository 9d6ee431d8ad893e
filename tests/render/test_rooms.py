"""The rooms of the code tell themselves: from the files, in both languages."""

from macros.render import rooms


def test_every_folder_of_code_is_a_room():
    """None is left out, and none is made up."""
    folders = {path.parent.relative_to(rooms.ROOT).as_posix() for path in (rooms.ROOT / "macros").glob("*/**/*.py")}
    assert folders == set(rooms.rooms())


def test_every_room_has_a_sentence_in_both_languages():
    """And no sentence outlives its room."""
    assert not list(rooms.untold())


def test_a_room_without_a_sentence_is_told(monkeypatch):
    """With its file."""
    monkeypatch.setattr(rooms, "rooms", lambda: {"macros/attic": "", "macros/cellar": "Wine."})
    told = [str(error) for error in rooms.untold()]
    assert any(line.startswith("macros/attic/__init__.py:1: docstring") for line in told)
    assert any("none of 'Wine.'" in line for line in told)
