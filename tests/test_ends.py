"""How commands end: a user's mistake, a closed output, an endless file is a line and an exit code, never a traceback."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import macros.__main__ as program
from macros.commands import estimate as asking
from macros.commands.estimate import MAX_LINE
from macros.commands.values import read_config_file
from macros.estimate import Refused, estimate
from macros.publish import new_record
from macros.specs import SpecErrors, load

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("content", ["[" * 200_000, "{", "\ud800", "{" * 9_000_000], ids=["deep", "cut off", "half a pair", "long"])
def test_a_configuration_that_is_none(tmp_path, content):
    """Deep, cut off, too long, no text."""
    path = tmp_path / "config.json"
    path.write_text(content, "utf-8", "surrogatepass")
    with pytest.raises(Refused, match="config: expected "):
        read_config_file(path)


def test_a_device_without_an_end_is_read_no_further():
    """`--config /dev/zero` ends."""
    with pytest.raises(Refused, match="a configuration of at most 8388608 bytes"):
        read_config_file(Path("/dev/zero"))


@pytest.mark.parametrize("content", ["[" * 200_000, '{"model_type": "no-such-class"}'], ids=["deep", "unknown"])
def test_new_with_a_configuration_that_is_none(tmp_path, capsys, content):
    """`make new KIND=model CONFIG=…` says so and makes nothing."""
    path = tmp_path / "config.json"
    path.write_text(content, "utf-8")
    assert program.main(["new", "--config", str(path), "model", "no-such-model-1b"]) == 1
    assert capsys.readouterr().err.startswith(f"{path}:1: file: ")
    assert not (ROOT / "data" / "models" / "no-such-model-1b.yaml").exists()


def test_an_id_as_long_as_no_file_name(tmp_path):
    """Three hundred letters."""
    with pytest.raises(SpecErrors, match="at most 80 letters, got 300"):
        new_record.write(tmp_path, "gpu", "x" * 300)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["what-needs", "--model=--"], "--model: expected a value, got '--'"),
        (["configs", str(ROOT)], "expected what tools/configurations/count.py prints"),
        (["configs", "/dev/null"], "expected what tools/configurations/count.py prints"),
        (["import-bench", "/dev/null", "--append=" + "x" * 3000], "expected a file of data/measurements, got none"),
        (["import-bench", "/dev/null", "--append=../sources"], "expected a file of data/measurements, got none"),
        (["serve", "--port", "99999999"], "serve: expected an address of this machine and a free port"),
        (["serve", "--host", "256.1.1.1"], "serve: expected an address of this machine and a free port"),
        (["diff", ""], "diff: expected a branch, tag or commit, got ''"),
        (["what-runs", "--ram-gib=-5"], "ram_gib: expected a size in GiB above 0"),
        (["what-runs", "--memory-gib=24"], "memory_gib: expected a device with it"),
        (["what-runs", "--gpu=apple-m3-max-40c", "--ram-gib=32"], "ram_gib: expected the 128 GiB that apple-m3-max-40c shares"),
        (["what-needs", "--model=llama-3.1-8b", "--context=999999999"], "context: expected a whole number from 1 to 134217728"),
        (["what-needs", "--model=qwen3-8b", "--tokens-per-second=inf"], "tokens_per_second: expected a speed above 0"),
        (["diff", "no-such-branch"], "diff: expected a branch, tag or commit, got 'no-such-branch'"),
    ],
)
def test_a_slip_on_the_command_line_is_one_line(capsys, arguments, words):
    """At once, before anything is computed."""
    assert program.main(arguments) in (1, 2)
    told = capsys.readouterr().err
    assert words in told
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["estimate", "--gpu-layers=x"], "--gpu-layers: expected \"auto\" or a whole number, got 'x'"),
        (["estimate", "--tensor-split=a,b"], "--tensor-split: expected numbers with commas between them, got 'a,b'"),
        (["estimate", "--context=" + "9" * 5000], "--context: expected a whole number, got '999"),
        (["what-runs", "--memory-gib=x"], "--memory-gib: expected a number, got 'x'"),
        (["estimate", "--context=8_192"], "--context: expected a whole number, got '8_192'"),
        (["what-runs", "--ram-gib=３２"], "--ram-gib: expected a number, got '３２'"),
        (["serve", "--port=x"], "--port: expected a whole number, got 'x'"),
    ],
)
def test_an_option_says_what_it_expected(capsys, arguments, words):
    """No name of Python's own."""
    with pytest.raises(SystemExit):
        program.main(arguments)
    assert words in capsys.readouterr().err.splitlines()[-1]


def test_a_file_of_questions_is_no_size_of_a_batch(capsys):
    """`--batch-size` is the key `batch`, `--batch` a file."""
    question = ["--model", "qwen3-8b", "--quant", "q4_k_m", "--context", "4096", "--gpu", "rtx-3090", "--json"]
    assert program.main(["estimate", *question, "--batch-size", "64", "--ubatch", "64"]) == 0
    small = json.loads(capsys.readouterr().out)
    assert program.main(["estimate", *question]) == 0
    assert small["compute_buffer"]["bytes"] < json.loads(capsys.readouterr().out)["compute_buffer"]["bytes"]


@pytest.mark.parametrize(
    ("arguments", "fields"),
    [
        (["--model", "nope", "--gpu", "none", "--context", "-5", "--quant", "zz", "--users", "0"], "context users model quant gpus"),
        (["--gpu", "rtx-3090", "--batch-size", "0"], "batch model"),
        (["--context", "0", "--users", "0"], "context users model"),
        (["--model", "qwen3-32b", "--quant", "q4_k_m", "--context", "1", "--kv-type", "q3", "--engine", "vll"], "engine kv_type"),
    ],
)
def test_every_mistake_of_a_question_is_told_at_once(capsys, arguments, fields):
    """One line each, and what is missing among them."""
    assert program.main(["estimate", *arguments]) == 1
    assert sorted(line.split(":")[0] for line in capsys.readouterr().err.splitlines()) == sorted(fields.split())


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["--model", "qwen3-32b"], "Q4_K_M, context 8,192, llama.cpp"),
        (["--model", "gpt-oss-20b"], "MXFP4_MOE, context 8,192, llama.cpp"),
        (["--model", "llama-7b"], "Q4_K_M, context 2,048, llama.cpp"),
        (["--model", "qwen3-8b", "--depth", "20000"], "Q4_K_M, context 20,512, llama.cpp"),
        (["--model", "qwen3-8b", "--gpu", "l40s", "--engine", "vllm"], "BF16, context 8,192, vLLM"),
    ],
)
def test_a_model_is_enough_and_the_answer_says_what_was_taken(capsys, arguments, asked):
    """The released format or the engine's usual one; no more tokens than the model was trained for, and as many as are asked about."""
    assert program.main(["estimate", *arguments]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"asked           {asked}")
    assert ("warning: No format named: " in "\n".join(lines)) == ("gpt-oss-20b" not in arguments)
    assert lines[-1].strip().startswith("-") or lines[-1].startswith("vllm")


@pytest.mark.parametrize("epoch", ["abc", "-5", "1e9", "²", "999999999999"])
def test_a_moment_that_is_none(capsys, monkeypatch, epoch):
    """`SOURCE_DATE_EPOCH=abc make site`."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    assert program.main(["site"]) == 1
    assert "SOURCE_DATE_EPOCH: expected seconds since 1970" in capsys.readouterr().err


def test_a_checkout_without_records(capsys, monkeypatch, tmp_path):
    """And a base of `make diff` that has none."""
    monkeypatch.setattr(program, "ROOT", tmp_path)
    for command in (["tables"], ["estimate", "--model=qwen3-8b", "--quant=q4_k_m", "--context=4096"]):
        assert program.main(command) == 1
        assert "data:1: folder: expected the folder of the records, got none" in capsys.readouterr().err


def test_a_closed_output_is_told():
    """`estimate … >&-` does not end as if it had answered."""
    command = f"{sys.executable} -m macros estimate --model llama-3.1-8b --quant q4_k_m --context 4096 --gpu rtx-3090 >&-"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "expected a place for the answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_output_is_told():
    """`estimate … > /dev/full` says what is full."""
    command = f"{sys.executable} -m macros estimate --model llama-3.1-8b --quant q4_k_m --context 4096 --gpu rtx-3090 > /dev/full"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "Fix: make room" in done.stderr


QUESTION = {"model": "qwen3-8b", "quant": "q4_k_m", "context": 4096, "gpus": ["rtx-4090"]}


@pytest.mark.parametrize("length", [MAX_LINE - 1, MAX_LINE, MAX_LINE + 1, 3 * MAX_LINE])
def test_a_line_of_millions_of_letters_is_one_line(capsys, tmp_path, length):
    """It is answered or refused as one, is not held whole, and the next is answered."""
    line = json.dumps(QUESTION)
    (tmp_path / "questions").write_text(f"{line}{' ' * (length - len(line) - 1)}\n{line}", "utf-8")
    assert program.main(["estimate", "--batch", str(tmp_path / "questions")]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert ("error" in first) == (length > MAX_LINE)
    assert second["fits"]


def test_a_file_without_the_end_of_a_line_is_given_up(capsys, monkeypatch):
    """A device gives zeros for ever."""
    monkeypatch.setattr(asking, "MAX_LINE", 2**16)
    monkeypatch.setattr(asking, "ENDLESS", 2**20)
    assert program.main(["estimate", "--batch", "/dev/zero"]) == 1
    assert "batch: expected a question a line, got 'a line without end'. Fix: name a file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "got"),
    [(None, "Is a directory"), (b"[" * 200_000, "lists in lists without end"), (b'{"a": "\x80"}', "can't decode"), (b"{", "Expecting")],
)
@pytest.mark.parametrize("door", ["estimate", "new"])
def test_a_configuration_that_cannot_be_read_says_why_and_what_mends_it(capsys, monkeypatch, tmp_path, door, content, got):
    """The reason is part of what was found; the way out is something to do."""
    monkeypatch.chdir(tmp_path)  # a long name of a folder would be cut short in the message
    path = Path("config.json")
    path.mkdir() if content is None else path.write_bytes(content)
    asked = ["estimate", "--quant=q4_k_m", "--context=4096"] if door == "estimate" else ["new", "model", "x"]
    assert program.main([*asked, "--config", str(path)]) == 1
    said = capsys.readouterr().err
    assert "config.json'. Fix: name a model's config.json (" in said
    assert got in said.splitlines()[0].partition("Fix:")[2]


def test_an_endless_configuration_is_told_once(capsys):
    """A device file."""
    assert program.main(["estimate", "--quant=q4_k_m", "--context=4096", "--config=/dev/zero"]) == 1
    said = capsys.readouterr().err
    assert said.count("expected") == 1
    assert "at most 8388608 bytes" in said


STARTING = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
import builtins, runpy
real, seen = builtins.__import__, []
def read(name, *rest, **more):
    seen.append(name)
    if name == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGINT)
    return real(name, *rest, **more)
builtins.__import__ = read
runpy.run_module("macros", run_name="__main__", alter_sys=False)
"""


@pytest.mark.parametrize("module", ["argparse", "macros.commands", "macros.specs"])
def test_an_interrupt_while_the_program_is_being_read_says_nothing(module):
    """Ctrl-C in the first tenth of a second: no traceback."""
    done = subprocess.run([sys.executable, "-c", STARTING, module], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (-signal.SIGINT, 130)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("cards", [2, 3, 4])
def test_a_card_whose_layers_look_into_the_cache_of_others(cards):
    """The last stage of a pipeline may have no cache of its own (Gemma 3n): it bounds no number of users."""
    asked = {"model": "gemma-3n-e2b", "quant": "int8", "context": 512, "gpus": ["jetson-thor-t5000"] * cards}
    found = estimate(asked, load(ROOT / "data"))
    assert found["users_that_fit"] >= 1


def test_a_build_whose_process_was_ended_is_told(capsys, monkeypatch):
    """By the system for want of memory, say."""
    from concurrent.futures.process import BrokenProcessPool

    def ended() -> None:
        raise BrokenProcessPool

    monkeypatch.setattr("macros.generator.build.renewed", ended)
    assert program.main(["site"]) == 1
    assert capsys.readouterr().err.startswith("site: expected its processes to end by themselves, got: one was ended from outside")


@pytest.mark.parametrize("command", ["pdf", "offline", "release"])
def test_an_edition_of_no_site_is_none(capsys, monkeypatch, tmp_path, command):
    """No empty archive, no traceback, and nothing is made."""
    monkeypatch.setattr(program, "ROOT", tmp_path)
    monkeypatch.setattr("macros.publish.pdf.fonts", list)
    assert program.main([command]) == 1
    assert capsys.readouterr().err == "site: expected a built site, got one without index.html. Fix: make site\n"
    assert list(tmp_path.iterdir()) == []
