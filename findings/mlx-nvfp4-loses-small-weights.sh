#!/usr/bin/env bash
# mlx-lm (0.32.2, MLX 0.32.4), `convert --q-mode nvfp4`: linear layers get no scale for the whole tensor, and small weights become zero.
# Most would expect NVFP4 as NVIDIA writes it: 4-bit values, an 8-bit scale for 16 of them, and a 32-bit scale for the tensor that brings
# the small scales into the range of 8 bits; so that the error does not depend on how large the weights are, as it does not in MXFP4.
# Seen: weights with a spread of 0.005 lose a third more than those with a spread of 0.1, and with a spread of 0.001 all of them are zero:
# their scales are below the smallest that E4M3 can hold. No warning; `global_scale=True` gives such a scale to stacked experts alone.
# Seen on 2026-11-30. Ends with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "mlx[cpu]==0.32.4" mlx-lm==0.32.2
"$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import sys
import mlx.core as mx
from mlx.utils import tree_map
from mlx_lm.models.llama import Model, ModelArgs
from mlx_lm.utils import quantize_model

mx.set_default_device(mx.cpu)
config = dict(
    model_type="llama", hidden_size=256, num_hidden_layers=1, intermediate_size=512, num_attention_heads=4, num_key_value_heads=4,
    rms_norm_eps=1e-5, vocab_size=512, tie_word_embeddings=False,
)


def lost(spread, mode, group, **options):
    """Share of the weights' norm that a matrix loses, whether all of it is zero, and what the layer holds."""
    mx.random.seed(1)
    model = Model(ModelArgs.from_dict(config))
    model.update(tree_map(lambda p: mx.random.normal(p.shape) * spread if p.ndim > 1 else p, model.parameters()))
    before = mx.array(model.model.layers[0].mlp.up_proj.weight)
    model, _ = quantize_model(model, dict(config), group, 4, mode=mode, **options)
    layer = model.model.layers[0].mlp.up_proj
    after = mx.dequantize(layer.weight, layer.scales, group_size=group, bits=4, mode=mode)
    error = float(mx.linalg.norm(after - before) / mx.linalg.norm(before))
    return round(error, 3), not bool(mx.any(after)), sorted(layer.parameters())


print("mlx-lm 0.32.2, MLX 0.32.4")
found = {}
for spread in (0.1, 0.005, 0.001):
    for mode, group in (("mxfp4", 32), ("nvfp4", 16)):
        found[mode, spread] = lost(spread, mode, group)
        print(f"{mode}, spread {spread}: lost {found[mode, spread][0]:.1%}, all zero: {found[mode, spread][1]}")
asked = lost(0.001, "nvfp4", 16, global_scale=True)
print(f"nvfp4, spread 0.001, global_scale=True: lost {asked[0]:.1%}, the layer holds {asked[2]}")
even = max(found["mxfp4", spread][0] for spread in (0.1, 0.005, 0.001)) < 0.13
grows = found["nvfp4", 0.005][0] > 1.25 * found["nvfp4", 0.1][0]
sys.exit(0 if even and grows and found["nvfp4", 0.001][1] and asked[1] and asked[2] == ["scales", "weight"] else 1)
PYTHON
