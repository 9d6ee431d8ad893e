"""When pages say that something was last changed."""

from __future__ import annotations

import os
import subprocess

import pytest

from macros.publish.changed import last_changed


def git(folder, *arguments, day="2024-05-06"):
    stamp = f"{day}T12:00:00+00:00"
    environment = os.environ | {"GIT_AUTHOR_DATE": stamp, "GIT_COMMITTER_DATE": stamp, "GIT_CONFIG_GLOBAL": "/dev/null"}
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=folder, env=environment, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    folder = tmp_path / "whole"
    (folder / "data").mkdir(parents=True)
    git(folder, "init", "-q")
    for name, day in (("a", "2024-05-06"), ("ü", "2024-07-08")):
        (folder / "data" / f"{name}.yaml").write_text("x")
        git(folder, "add", ".")
        git(folder, "commit", "-qm", name, day=day)
    return folder


def test_each_file_has_its_own_day_and_a_folder_the_last_of_them(repository):
    assert last_changed(repository) == {"data/a.yaml": "2024-05-06", "data/ü.yaml": "2024-07-08", "data": "2024-07-08"}


def test_a_clone_without_history_tells_the_day_of_the_sources(repository, tmp_path, monkeypatch):
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repository}", "shallow")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1720000000")
    assert last_changed(tmp_path / "shallow") == dict.fromkeys(("data", "macros/formulas", "docs"), "2024-07-03")


def test_a_folder_without_git_tells_nothing(tmp_path, monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert last_changed(tmp_path) == {}
