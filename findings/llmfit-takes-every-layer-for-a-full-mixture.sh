#!/usr/bin/env bash
# llmfit (1.1.17), `llmfit list --json`: where a repository's own count is missing, every layer is taken for a mixture of three full matrices.
# NVIDIA-Nemotron-3-Super-120B-A12B has 88 blocks, of which only 40 are mixtures; their experts work in a narrower space (1,024 of 4,096)
# and have two matrices. Most would expect 120 thousand million parameters. Seen: 1,492.6 thousand million, which is nearly
# 88 layers x 512 experts x 3 matrices x 4096 x 2688 = 1,488.2 thousand million, and 764.6 GB as the least memory of a card.
# Seen on 2026-11-30. Ends with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check llmfit==1.1.17
"$folder/venv/bin/llmfit" list --json 2>/dev/null > "$folder/list.json"
python3 - "$folder/list.json" <<'PYTHON'
import json, sys
rows = {row["name"]: row for row in json.load(open(sys.argv[1]))}
row = rows["nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-FP8"]
layers, experts, width, inner = row["num_hidden_layers"], row["num_experts"], row["hidden_size"], row["moe_intermediate_size"]
full = layers * experts * 3 * width * inner
print(f"llmfit 1.1.17: {row['name']}: {row['parameters_raw']:,} parameters, min_vram_gb {row['min_vram_gb']}")
print(f"{layers} layers x {experts} experts x 3 matrices x {width} x {inner} = {full:,}")
sys.exit(0 if 0.99 < full / row["parameters_raw"] < 1 else 1)
PYTHON
