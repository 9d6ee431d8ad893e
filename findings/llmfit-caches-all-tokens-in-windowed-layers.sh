#!/usr/bin/env bash
# llmfit (1.1.17), `llmfit plan --json`: the KV cache of models with a sliding window.
# Most would expect what the engines that it names allocate: 40 of the 48 layers of Gemma 3 12B look at 1,024 tokens and keep no more, so
# that 32,768 tokens more of context are paid by 8 layers: 32768 x 8 x 2 x 8 heads x 256 x 2 bytes = 2 GiB (gpt-oss 20B, 12 of 24: 0.75 GiB).
# Seen: the cache grows by 12 GiB, and by 1.5 GiB: as if all layers kept the whole context. Of a model without windows it is told rightly.
# Seen on 2026-11-30. Ends with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check llmfit==1.1.17
for model in google/gemma-3-12b-it openai/gpt-oss-20b meta-llama/Llama-3.1-8B-Instruct; do
  for context in 8192 40960; do
    "$folder/venv/bin/llmfit" plan "$model" --context "$context" --quant Q4_K_M --json 2>/dev/null > "$folder/${model##*/}-$context.json"
  done
done
python3 - "$folder" <<'PYTHON'
import json, sys

SHAPES = {  # layers, those that see all, heads of the cache, width of a head
    "gemma-3-12b-it": (48, 8, 8, 256), "gpt-oss-20b": (24, 12, 8, 64), "Llama-3.1-8B-Instruct": (32, 32, 8, 128),
}
print("llmfit 1.1.17: 32,768 tokens more of context")
seen = True
for name, (layers, whole, heads, width) in SHAPES.items():
    short, long = (json.load(open(f"{sys.argv[1]}/{name}-{context}.json"))["kv_alternatives"][0]["kv_cache_gb"] for context in (8192, 40960))
    every, kept = (32768 * count * 2 * heads * width * 2 / 2**30 for count in (layers, whole))
    print(f"{name}: the cache grows by {long - short:.3f}; all {layers} layers {every:.3f} GiB, the {whole} that see everything {kept:.3f} GiB")
    seen = seen and abs(long - short - every) < 0.01
sys.exit(0 if seen else 1)
PYTHON
