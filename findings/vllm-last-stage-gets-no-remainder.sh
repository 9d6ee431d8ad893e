#!/usr/bin/env bash
# In a pipeline of vLLM, layers that are left over go to the stages before the last one, not to the first.
#
# Expected by most: 62 layers on 4 cards are 16, 16, 15 and 15, so that the first cards need most memory.
# Seen on 2026-11-30 with vLLM 0.33.0: 15, 16, 16, 15; and 10 layers on 4 cards are 2, 3, 3, 2. The middle cards, which hold neither
# embedding nor output, have most layers and most of the cache: a plan by even parts from the front names the wrong card as full.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --dest "$folder" 'vllm==0.33.0'
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import ast
import logging
import sys
import types
import zipfile
from pathlib import Path

# The wheel wants a GPU's libraries to be imported whole: the one function that divides layers is taken out of it and run.
wheel = next(Path(sys.argv[1]).glob("vllm-*.whl"))
with zipfile.ZipFile(wheel) as held:
    tree = ast.parse(held.read("vllm/distributed/utils.py"))
body = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "get_pp_indices"]
names = {"envs": types.SimpleNamespace(VLLM_PP_LAYER_PARTITION=None), "logger": logging.getLogger("stages")}
exec(compile(ast.Module(body, []), "utils.py", "exec"), names)
print(*wheel.name.split("-")[:2])


def counts(layers, stages):
    ends = [names["get_pp_indices"](layers, stage, stages) for stage in range(stages)]
    return [end - first for first, end in ends]


found = {(layers, stages): counts(layers, stages) for layers, stages in ((62, 4), (10, 4), (61, 2), (61, 3))}
for (layers, stages), parts in found.items():
    print(layers, "layers on", stages, "cards:", parts)
assert found[62, 4] == [15, 16, 16, 15] and found[10, 4] == [2, 3, 3, 2], found
assert all(parts[-1] == min(parts) for parts in found.values()), found
PYTHON
