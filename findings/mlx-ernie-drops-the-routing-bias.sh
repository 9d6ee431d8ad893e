#!/usr/bin/env bash
# mlx-lm (0.32.2), Ernie 4.5's mixtures: the bias that corrects which experts a token visits is thrown away when weights are loaded.
# Most would expect a published tensor to be used, or its loss to be told: the class reads `moe_use_aux_free` from the configuration, other
# classes of the library (DeepSeek V3, GLM 4, dots1) keep and use such a bias, and transformers' class adds it before it picks experts.
# Seen: `sanitize` removes every e_score_correction_bias without a word; with a bias that closes the two favourite experts the output is the
# same to the last bit. A converted file is smaller by it.
# Seen on 2026-11-30. Ends with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "mlx[cpu]==0.32.4" mlx-lm==0.32.2
"$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import sys
from importlib.metadata import version

import mlx.core as mx
from mlx.utils import tree_flatten
from mlx_lm.models.ernie4_5_moe import Model, ModelArgs

mx.set_default_device(mx.cpu)
args = ModelArgs.from_dict(dict(
    model_type="ernie4_5_moe", hidden_size=64, intermediate_size=128, max_position_embeddings=512, num_attention_heads=4,
    num_key_value_heads=2, num_hidden_layers=2, rms_norm_eps=1e-5, vocab_size=128, rope_theta=10000.0, use_bias=False,
    tie_word_embeddings=False, moe_num_experts=8, moe_layer_start_index=1, moe_intermediate_size=32, moe_capacity=[2, 2, 2], moe_k=2,
    moe_layer_interval=1, moe_use_aux_free=True, moe_num_shared_experts=0,
))
mx.random.seed(1)
model = Model(args)
weights = dict(tree_flatten(model.parameters()))
tokens = mx.array([[3, 14, 15, 92, 65]])
name = "model.layers.1.mlp.moe_statics.e_score_correction_bias"
outputs, kept = [], []
for closed in (0.0, -1000.0):
    given = weights | {name: mx.array([[closed, closed] + [0.0] * 6])}
    left = model.sanitize(dict(given))
    kept.append(name in left)
    model.load_weights(list(left.items()))
    outputs.append(model(tokens))
same = bool(mx.all(outputs[0] == outputs[1]))
print(f"mlx {version('mlx')}, mlx-lm {version('mlx-lm')}: the bias is kept: {any(kept)}; output with two experts closed by it is the same: {same}")
sys.exit(0 if same and not any(kept) else 1)
PYTHON
