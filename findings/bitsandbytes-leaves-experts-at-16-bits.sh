#!/usr/bin/env bash
# bitsandbytes (0.50.2) under transformers (5.17.0): a mixture of experts loaded with load_in_4bit keeps its routed experts in BF16, and saves them so.
# Most would expect 4-bit loading to shrink the experts first of all: they are nine tenths of such a model, and under transformers 4 it did.
# Seen with Qwen3-MoE and DeepSeek-V3: transformers 5 holds all experts of a layer as one three-dimensional parameter, no torch.nn.Linear,
# and bitsandbytes replaces Linear alone. Nothing warns; `quantization_config` says 4 bits, the file is barely smaller than in 16 bits.
# Seen on 2026-11-30. Ends with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.14.0 transformers==5.17.0 bitsandbytes==0.50.2 accelerate
cd "$folder"
"$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import json
import struct
import sys
from pathlib import Path

import bitsandbytes
import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM, BitsAndBytesConfig

config = AutoConfig.for_model(
    "qwen3_moe", hidden_size=256, intermediate_size=512, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=64,
    num_experts=8, num_experts_per_tok=2, moe_intermediate_size=128, vocab_size=1024, tie_word_embeddings=False, mlp_only_layers=[],
    decoder_sparse_step=1, max_position_embeddings=512,
)
AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).save_pretrained("whole")
four = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4")
model = AutoModelForCausalLM.from_pretrained("whole", quantization_config=four, dtype=torch.bfloat16, device_map="cpu")
model.save_pretrained("four")
kinds = {"experts": set(), "attention": set()}
for path in Path("four").glob("*.safetensors"):
    with path.open("rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    for name, tensor in header.items():
        if name.endswith("proj.weight"):
            kinds["experts" if ".experts." in name else "attention"].add(tensor["dtype"])
said = json.loads(Path("four/config.json").read_text())["quantization_config"]
print("transformers", transformers.__version__, "bitsandbytes", bitsandbytes.__version__)
print("types of weights in the file:", kinds, "load_in_4bit:", said["load_in_4bit"], "left out by name:", said["llm_int8_skip_modules"])
sys.exit(0 if kinds == {"experts": {"BF16"}, "attention": {"U8"}} and said["load_in_4bit"] else 1)
PYTHON
