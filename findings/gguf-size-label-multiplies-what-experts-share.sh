#!/usr/bin/env bash
# The gguf package (0.19.0) names the size of a mixture of experts: the label that converters write into a file (general.size_label) and its name.
#
# Expected: "8x7B" means eight experts and, multiplied out, about the parameters of the model.
# Seen (2026-11-30): the number behind the x is one expert of every layer and all that experts share, together. Multiplied out it counts
# the shared part once for each expert: Qwen3-30B-A3B, of 30.5 billion parameters, is labelled 128x1.8B, which would be 230 billion;
# DeepSeek-V3, of 671, is labelled 256x20B, 5,120 billion. The more experts a model has, the further off: Mixtral 8x7B is still 8x7.2B.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check gguf==0.19.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import sys

import gguf

print("gguf", importlib.metadata.version("gguf"))
# Layers with experts, experts, width, width of an expert; parameters of all that is no routed expert.
MODELS = {
    "Qwen3-30B-A3B": (48, 128, 2048, 768, 1_541_093_376),
    "DeepSeek-V3": (58, 256, 7168, 2048, 17_111_585_792),
    "Mixtral-8x7B": (32, 8, 4096, 14336, 1_605_636_096),
}
labels = {}
for name, (layers, experts, width, inner, shared) in MODELS.items():
    one = layers * 3 * width * inner
    total = shared + experts * one
    labels[name] = gguf.size_label(total, shared, one, experts)
    print(f"{name}: {total / 1e9:.1f} billion parameters, labelled {labels[name]}")
sys.exit(labels != {"Qwen3-30B-A3B": "128x1.8B", "DeepSeek-V3": "256x20B", "Mixtral-8x7B": "8x7.2B"})
PYTHON
