#!/usr/bin/env bash
# mlx-lm (0.32.2), `convert --quant-predicate mixed_4_6` on a mixture of experts: the router gets FEWER bits than in plain 4-bit conversion.
# Most would expect a recipe of 4 and 6 bits to be nowhere below the 4-bit default, and that default to be 4 bits throughout.
# Seen with Qwen3-MoE: the model's own rule keeps the router at 8 bits in groups of 64; a recipe replaces that rule, and the router,
# in no list of the recipe, falls to 4 bits. The embedding stays at the low width too, while the output matrix gets 6 bits.
# Seen on 2026-11-29. Ends with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "mlx[cpu]==0.32.4" mlx-lm==0.32.2
"$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import sys
import mlx.core as mx
import mlx_lm.convert
from mlx_lm.models.qwen3_moe import Model, ModelArgs
from mlx_lm.utils import quantize_model

mx.set_default_device(mx.cpu)
recipes = sys.modules["mlx_lm.convert"]
config = dict(
    model_type="qwen3_moe", hidden_size=256, num_hidden_layers=8, intermediate_size=512, num_attention_heads=4, num_key_value_heads=2,
    head_dim=64, num_experts=16, num_experts_per_tok=2, decoder_sparse_step=1, mlp_only_layers=[], moe_intermediate_size=128,
    rms_norm_eps=1e-6, vocab_size=1024, rope_theta=10000.0, tie_word_embeddings=False, max_position_embeddings=512, norm_topk_prob=True,
)
found = {}
for recipe in (None, "mixed_4_6"):
    model = Model(ModelArgs.from_dict(config))
    rule = recipes.mixed_quant_predicate_builder(recipe, model, 64) if recipe else None
    model, _ = quantize_model(model, dict(config), 64, 4, quant_predicate=rule)
    parts = {"router": model.model.layers[3].mlp.gate, "embedding": model.model.embed_tokens, "output": model.lm_head}
    found[recipe or "default"] = {name: part.bits for name, part in parts.items()}
print("mlx-lm 0.32.2, bits:", found)
as_seen = {"default": {"router": 8, "embedding": 4, "output": 4}, "mixed_4_6": {"router": 4, "embedding": 4, "output": 6}}
sys.exit(0 if found == as_seen else 1)
PYTHON
