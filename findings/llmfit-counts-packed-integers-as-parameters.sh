#!/usr/bin/env bash
# llmfit (1.1.17), `llmfit list --json`: of repositories with packed weights some count the integers in the file as parameters.
# Most would expect 30 thousand million of a "30B" whose weights have 4 bits. Seen: for stelterlab/NVIDIA-Nemotron-3-Nano-30B-A3B-AWQ
# a sixth of that, for LiquidAI/LFM2.5-1.2B-Instruct-MLX-5bit less than a fifth, as eight 4-bit weights (or 32 bits of 5-bit ones) are one
# integer; the memory that the list asks for shrinks with it, so a card seems to have room that it lacks.
# Seen on 2026-11-30: at least 30 repositories named after AWQ, GPTQ or a number of bits have less than 0.35 of the parameters in their name.
# Ends with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check llmfit==1.1.17
"$folder/venv/bin/llmfit" list --json 2>/dev/null > "$folder/list.json"
python3 - "$folder/list.json" <<'PYTHON'
import json, re, sys
rows = {row["name"]: row for row in json.load(open(sys.argv[1]))}
few = {}
for name, row in rows.items():
    own = name.split("/")[-1]
    sizes = re.findall(r"(?<![\d.A-Za-z])(\d+(?:\.\d+)?)[bB](?![A-Za-z])", own)
    packed = re.search(r"awq|gptq|[2-6]-?bit", own, re.IGNORECASE)
    if packed and len(sizes) == 1 and row.get("parameters_raw") and not re.search(r"draft|mtp|flash2?-|spark", own, re.IGNORECASE):
        share = row["parameters_raw"] / (float(sizes[0]) * 1e9)
        if share < 0.35:
            few[name] = share
print(f"llmfit 1.1.17: {len(few)} repositories with packed weights have less than 0.35 of the parameters in their name, for instance")
for name in ("stelterlab/NVIDIA-Nemotron-3-Nano-30B-A3B-AWQ", "LiquidAI/LFM2.5-1.2B-Instruct-MLX-5bit"):
    row = rows[name]
    print(f"  {name}: {row['parameters_raw']:,} parameters, {few.get(name, 1):.2f} of its name; min_vram_gb {row['min_vram_gb']}")
as_seen = len(few) >= 30 and few.get("stelterlab/NVIDIA-Nemotron-3-Nano-30B-A3B-AWQ", 1) < 0.2
sys.exit(0 if as_seen else 1)
PYTHON
