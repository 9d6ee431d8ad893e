#!/usr/bin/env bash
# transformers (5.24.0): one entry in `ple_layer_ids` of a Qwen 4 configuration adds 41 billion parameters, and no key says how many rows that table has.
# Most would expect `ngram_vocab_size_base` (20,000,000) times the tables, of which there are (ngram_size - 1) x heads_per_ngram = 16: 320,000,000 rows.
# Seen: each table's size is the next prime from that base on, the sum is filled up to a multiple of 128 and comes to 320,001,536 rows of 128 values.
# A second layer does not get tables of the same sizes but the next 16 primes. So a count needs primes, and the default (no such layer) is a third smaller.
# Seen on 2026-11-30. Ends with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 transformers==5.24.0
cd "$folder"
"$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import sys

import torch
import transformers

QSA = {"indexer_n_heads": 16, "indexer_kv_heads": 1, "indexer_head_dim": 256, "indexer_budget": 2048, "indexer_compress_ratio": 32}


def tables(layers):
    config = transformers.AutoConfig.for_model("qwen4_exp_text", num_hidden_layers=8, ple_layer_ids=layers, eos_token_id=1, **QSA)
    with torch.device("meta"):
        model = transformers.AutoModelForCausalLM.from_config(config)
    return {name: tuple(value.shape) for name, value in model.named_parameters() if name.endswith("ngram_embedding.weight")}


none, one, two = tables([]), tables([1]), tables([1, 2])
print("transformers", transformers.__version__)
print("no layer:", none, "one:", one, "two:", two)
rows = [shape[0] for shape in two.values()]
sys.exit(0 if none == {} and list(one.values()) == [(320001536, 128)] and len(rows) == 2 and rows[1] > rows[0] == 320001536 else 1)
PYTHON
