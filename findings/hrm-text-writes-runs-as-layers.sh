#!/usr/bin/env bash
# transformers (5.24.0), HRM-Text: the configuration that is saved says four times as many layers as the model has, and so many caches there are.
# Most would expect `num_hidden_layers` to be what was asked for, and a model of one billion parameters to keep a small cache. The class
# rewrites the key: 16 layers for each of two stacks become 128, one for every run of a layer, and each run keeps keys and values of its own.
# Seen: 16 asked for, 128 written, 32 layers of matrices; a token takes 768 KiB of cache in 16 bits, six times what Llama 3.1 8B keeps.
# Seen on 2026-11-30. Ends with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 transformers==5.24.0
"$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import json
import sys
import tempfile
from pathlib import Path

import torch
import transformers
from transformers import HrmTextConfig, HrmTextForCausalLM

config = HrmTextConfig(num_hidden_layers=16)
with tempfile.TemporaryDirectory() as folder:
    config.save_pretrained(folder)
    written = json.loads((Path(folder) / "config.json").read_text())
small = HrmTextConfig(num_hidden_layers=2, hidden_size=64, intermediate_size=128, num_attention_heads=4, head_dim=16, vocab_size=100)
model = HrmTextForCausalLM(small).eval()
with torch.no_grad():
    kept = model(input_ids=torch.tensor([[1, 2, 3]]), use_cache=True).cache
layers = {name.rpartition(".layers.")[2].split(".")[0] + name.split(".layers.")[0] for name, _ in model.named_parameters() if ".layers." in name}
token = written["num_hidden_layers"] * config.num_attention_heads * config.head_dim * 2 * 2
print("transformers", transformers.__version__)
print("asked for: 16 layers; written: num_hidden_layers", written["num_hidden_layers"], "num_layers_per_stack", written["num_layers_per_stack"])
print("small model of 2 layers a stack: layers of matrices", len(layers), "caches", len(kept.layers))
print("cache of a token at the class's sizes, 16 bits:", token, "bytes; Llama 3.1 8B:", 32 * 8 * 128 * 2 * 2)
sys.exit(0 if written["num_hidden_layers"] == 128 and len(layers) == 4 and len(kept.layers) == 16 and token == 786432 else 1)
PYTHON
