#!/usr/bin/env bash
# transformers (5.24.0), Zamba 2: `tie_word_embeddings: false` gives every place of the shared transformer block a copy of its own.
# Most would expect the key to decide about one matrix alone: whether the output matrix is the embedding table. Zamba 2 is built of one or
# two transformer blocks that stand in many places, and its sharing does not depend on that key in the paper, nor in vLLM 0.33.0.
# Seen: a small model grows from 5.5 to 10.8 million parameters, of which the output matrix is 0.13; three blocks instead of one. Nothing warns.
# Seen on 2026-11-30. Ends with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 transformers==5.24.0
"$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import sys

import torch
import transformers
from transformers import Zamba2Config, Zamba2ForCausalLM


def built(tied):
    config = Zamba2Config(
        hidden_size=256, num_hidden_layers=6, layers_block_type=["linear_attention", "hybrid"] * 3, num_attention_heads=8,
        n_mamba_heads=8, vocab_size=512, num_mem_blocks=1, tie_word_embeddings=tied,
    )
    with torch.device("meta"):
        model = Zamba2ForCausalLM(config)
    every = dict(model.named_parameters(remove_duplicate=False))
    blocks = {id(one) for name, one in every.items() if name.endswith("shared_transformer.self_attn.q_proj.weight")}
    return sum(one.numel() for one in model.parameters()), len(blocks)


tied, untied = built(True), built(False)
print("transformers", transformers.__version__)
print("tied:   parameters", tied[0], "different shared blocks", tied[1])
print("untied: parameters", untied[0], "different shared blocks", untied[1])
print("more:", untied[0] - tied[0], "of which the output matrix is", 512 * 256)
sys.exit(0 if tied[1] == 1 and untied[1] == 3 and untied[0] - tied[0] > 10 * 512 * 256 else 1)
PYTHON
