#!/usr/bin/env bash
# Expected: transformers builds LongCat-Flash with the 560 billion parameters that its publisher counts. A third of what its router can
# choose are experts that give back what they get, and need no weights.
# Seen with transformers 5.24.0 (2026-11-30): gate and up projections are reserved for those experts as well, down projections are not:
# 741 billion parameters with the default configuration. A small model shows it without much memory.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check transformers==5.24.0 torch==2.13.0
"$work/venv/bin/python" - <<'PYTHON'
import sys
import warnings

warnings.filterwarnings("ignore")
import torch
import transformers
from transformers import LongcatFlashConfig, LongcatFlashForCausalLM


def built(**values):
    with torch.device("meta"):
        return LongcatFlashForCausalLM(LongcatFlashConfig(**values))


def count(model):
    return sum(parameter.numel() for parameter in model.parameters())


small = {
    "vocab_size": 64, "hidden_size": 64, "num_layers": 1, "num_attention_heads": 4, "ffn_hidden_size": 64, "expert_ffn_hidden_size": 32,
    "q_lora_rank": 16, "kv_lora_rank": 16, "n_routed_experts": 8, "moe_topk": 2,
}
print("transformers", transformers.__version__)
with_idle, without = built(**small, zero_expert_num=4), built(**small, zero_expert_num=0)
shapes = {name: tuple(p.shape) for name, p in with_idle.named_parameters() if "experts" in name}
print("8 experts with weights and 4 without:", shapes)
whole = count(built())
print(f"default configuration: {whole:,} parameters; its publisher says 560 billion")
reserved = 256 * 2 * 2048 * 6144 * 28
print(f"without what is reserved for 256 experts in each of 28 layers: {whole - reserved:,}")
gate, down = sorted(shape[0] for shape in shapes.values())[::-1]
ok = (gate, down) == (12, 8) and count(with_idle) - count(without) == 4 * 64 + 4 * 2 * 32 * 64 and round((whole - reserved) / 1e9) == 561
sys.exit(0 if ok else "behaviour changed")
PYTHON
