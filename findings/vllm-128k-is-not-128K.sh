#!/usr/bin/env bash
# `vllm serve --max-model-len 128k` is 128,000 tokens and `128K` is 131,072; and `0.5K` is refused where `0.5k` is not.
#
# Expected by most: a length in tokens is written 128K or 128k alike, and both mean the 131,072 that model cards call 128K.
# Seen on 2026-11-30 with vLLM 0.33.0: a small letter is decimal, a capital one binary. `128k` leaves 3,072 tokens of the trained
# length unused, and a plan made for 131,072 differs from the server's by 2.4 %.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --dest "$folder" 'vllm==0.33.0'
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import argparse
import ast
import re
import sys
import zipfile
from pathlib import Path

# The wheel wants a GPU's libraries to be imported whole: the one function that reads such numbers is taken out of it and run.
wheel = next(Path(sys.argv[1]).glob("vllm-*.whl"))
with zipfile.ZipFile(wheel) as held:
    tree = ast.parse(held.read("vllm/utils/argparse_utils.py"))
    uses = [line.strip() for line in held.read("vllm/engine/arg_utils.py").decode().splitlines() if "human_readable_int" in line]
body = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "human_readable_int"]
names = {"re": re, "argparse": argparse}
exec(compile(ast.Module(body, []), "argparse_utils.py", "exec"), names)
read = names["human_readable_int"]
print(wheel.name.split("-")[0], wheel.name.split("-")[1], "uses it for options:", len(uses) > 0)
found = {text: read(text) for text in ("128k", "128K", "131072", "0.5k")}
try:
    read("0.5K")
    refused = False
except argparse.ArgumentTypeError as error:
    refused = True
    print("0.5K:", error)
print(found)
assert uses and refused and found == {"128k": 128000, "128K": 131072, "131072": 131072, "0.5k": 500}, found
PYTHON
