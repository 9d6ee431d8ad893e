"""The guide as an installed package: a wheel with the records inside, in an environment of its own, from any folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from macros.estimate import estimate
from macros.specs import load

ROOT = Path(__file__).resolve().parents[1]
QUESTION = ["--model", "llama-3.1-8b", "--quant", "q4_k_m", "--context", "8192", "--gpu", "rtx-3090", "--json"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel of the working tree."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(out)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (made,) = out.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def program(wheel, tmp_path_factory):
    """The command of an environment that has the wheel, and beside it only what it depends on."""
    home = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--offline", "--no-deps", "--python", str(home / "bin" / "python")]
    subprocess.run([*install, str(wheel)], capture_output=True, check=True)
    (packages,) = home.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"), "utf-8")
    return home / "bin" / "llm-hardware"


def run(program: Path, folder: Path, *arguments: str, cache: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(cache), "HOME": str(folder)}
    return subprocess.run([program, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_wheel_holds_every_record(wheel):
    inside = {name.removeprefix("macros/") for name in zipfile.ZipFile(wheel).namelist() if name.startswith("macros/data/")}
    assert inside == {path.relative_to(ROOT).as_posix() for path in (ROOT / "data").rglob("*") if path.is_file()}


def test_it_answers_as_a_checkout_does(program, tmp_path):
    """At first, from its cache, and where it cannot keep one."""
    question = {"model": "llama-3.1-8b", "quant": "q4_k_m", "context": 8192, "gpus": ["rtx-3090"]}
    expected = json.loads(json.dumps(estimate(question, load(ROOT / "data"), whole=True)))
    nowhere = tmp_path / "a-file"
    nowhere.touch()
    for cache in (tmp_path / "cache", tmp_path / "cache", nowhere):
        done = run(program, tmp_path, "estimate", *QUESTION, cache=cache)
        assert (done.stderr, done.returncode) == ("", 0)
        assert json.loads(done.stdout) == expected
    assert len(list((tmp_path / "cache" / "llm-hardware").iterdir())) == 1


def test_what_needs_a_checkout_says_so(program, tmp_path):
    done = run(program, tmp_path, "site", cache=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("site: expected a checkout of the guide, got the installed package")
