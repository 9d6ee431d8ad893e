"""What each release of the guide added and changed."""

from __future__ import annotations

from macros.publish.releases import told
from macros.render.news import Release


def commit(day, *lines, tag=""):
    return f"\0{day}\0{tag}\n\n" + "".join(f"{state}\tdata/{record}.yaml\n" for state, record in (line.split() for line in lines))


def test_what_came_before_a_tag_belongs_to_it_and_the_rest_to_its_day():
    log = (
        commit("2026-01-01", "A gpus/a", "A models/m", "A sources")
        + commit("2026-01-02", "M gpus/a", "D models/m", tag="tag: v1.0")
        + commit("2026-02-01", "M gpus/a")
        + commit("2026-02-03", "A cpus/c", "M gpus/a")
        + commit("2026-02-03", "M cpus/c")
    )
    assert told(log) == (
        Release("2026-02-03", "2026-02-03", (("cpus", "c"),), (("gpus", "a"),)),
        Release("2026-02-01", "2026-02-01", (), (("gpus", "a"),)),
        Release("v1.0", "2026-01-02", (("gpus", "a"),), ()),
    )


def test_the_first_commit_of_a_clone_without_history_is_no_release():
    assert told(commit("2026-01-01", "A gpus/a", tag="grafted, HEAD -> main")) == ()
