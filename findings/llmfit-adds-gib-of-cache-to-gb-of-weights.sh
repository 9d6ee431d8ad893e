#!/usr/bin/env bash
# llmfit (1.1.17), `llmfit plan --json`: `vram_gb` adds weights in GB (10^9) and the KV cache in GiB (2^30).
# Most would expect one unit in one sum: 32,768 tokens more of Llama 3.1 8B (32 layers, 8 KV heads of 128, 16 bits) take
# 32768 x 131072 bytes = 4.295 GB = 4.000 GiB. Seen: the figure grows by 4.000, while `disk_size_gb` is 0.58 x 8.03 thousand million = 4.66 GB.
# A reader who takes the figure as GB finds the cache 7 % too small; who takes it as GiB finds the weights 7 % too large.
# Seen on 2026-11-29. Ends with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check llmfit==1.1.17
plan() { "$folder/venv/bin/llmfit" plan meta-llama/Llama-3.1-8B-Instruct --context "$1" --quant Q4_K_M --json 2>/dev/null; }
plan 8192 > "$folder/short.json"
plan 40960 > "$folder/long.json"
python3 - "$folder" <<'PYTHON'
import json, sys
short, long = (json.load(open(f"{sys.argv[1]}/{name}.json")) for name in ("short", "long"))
grown = long["minimum"]["vram_gb"] - short["minimum"]["vram_gb"]
print(f"llmfit 1.1.17: disk_size_gb {short['disk_size_gb']:.4f} (0.58 bytes x 8,030,261,248 = {0.58 * 8.030261248:.4f} GB)")
print(f"32,768 tokens more: vram_gb grows by {grown:.4f}; 32768 x 131072 bytes are {32768 * 131072 / 1e9:.4f} GB and {32768 * 131072 / 2**30:.4f} GiB")
as_seen = abs(grown - 4.0) < 0.01 and abs(short["disk_size_gb"] - 0.58 * 8.030261248) < 0.01
sys.exit(0 if as_seen else 1)
PYTHON
