"""One question on the command line is answered without the library that checks records, and answered the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from macros.estimate import estimate
from macros.specs import load

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import json, sys
from macros.__main__ import program
code = program()
print(json.dumps(sorted({"pydantic", "yaml", "numpy", "pandas", "macros.specs.catalogue"} & set(sys.modules))), file=sys.stderr)
sys.exit(code)
"""


def asked(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", PROGRAM, "estimate", *options], cwd=ROOT, capture_output=True, text=True, check=False)


QUESTIONS = [
    {"model": "llama-3.1-8b", "quant": "q4_k_m", "context": 8192, "gpus": ["rtx-3090"], "cpu": "ryzen-5-5600x"},
    {"model": "gemma-3-27b", "quant": "iq2_m", "context": 32768, "gpus": ["rtx-3060", "tesla-p40"], "kv_type": "q8_0", "drive": "ssd-sata"},
    {"model": "deepseek-v3-671b", "quant": "q4_k_m", "context": 4096, "gpus": ["rtx-4090"], "experts_on_host": True, "cpu": "epyc-9354"},
    {"model": "qwen3-8b", "quant": "awq-4bit-128g", "context": 8192, "gpus": ["rtx-3090"]},
    {"model": "qwen3-next-80b-a3b", "quant": "q8_0", "context": 65536, "gpus": ["apple-m3-ultra-80c"], "users": 4},
    {"model": "vicuna-7b", "quant": "q4_0", "context": 2048, "cpu": "ryzen-5-3600", "profile": "server"},
]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question["model"])
def test_answers_are_the_same(question):
    catalogue = load(ROOT / "data")
    options = []
    for name, value in question.items():
        option = "--gpu" if name == "gpus" else f"--{name.replace('_', '-')}"
        options += [option] if value is True else [part for one in (value if name == "gpus" else [value]) for part in (option, str(one))]
    done = asked(*options, "--json")
    assert json.loads(done.stdout) == json.loads(json.dumps(estimate(question, catalogue, whole=True)))
    assert json.loads(done.stderr.splitlines()[-1]) == []


def test_a_refusal_is_the_same():
    done = asked("--model", "lama-3.1-8b", "--quant", "q4_k_m", "--context", "512")
    assert done.returncode == 1
    assert done.stderr.startswith("model: expected the id of a model, got 'lama-3.1-8b'.")
    assert "Traceback" not in done.stderr


def test_a_configuration_is_checked_by_its_rules(tmp_path):
    """What a reader gives goes through the forms of records, rules and all."""
    config = tmp_path / "config.json"
    config.write_text('{"model_type": "llama", "hidden_size": -5}', "utf-8")
    done = asked("--config", str(config), "--quant", "q4_k_m", "--context", "512", "--json")
    assert done.returncode == 1
    assert "expected" in done.stderr
    assert "Traceback" not in done.stderr
