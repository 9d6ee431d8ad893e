#!/usr/bin/env bash
# mlx-lm (0.32.2), Gemma 4 with layers that read another layer's cache (num_kv_shared_layers: 20 of E2B's 35): a prompt never runs those layers.
# Most would expect prefill to cost two operations a weight for every layer, as decode and other programs' prompts do.
# `generate_step` evaluates only the caches after each piece of the prompt (`mx.eval([c.state for c in prompt_cache])`) and MLX computes nothing else:
# the sharing layers' products are in the graph of the logits, not in that of the caches. So prompts of such models are faster than their size says.
# Counted in the graph that MLX would compute: 8 layers, 4 of which share. Seen on 2026-11-30. Ends with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "mlx[cpu]==0.32.4" mlx-lm==0.32.2
"$folder/venv/bin/python" - "$folder" 2>/dev/null <<'PYTHON'
import inspect
import re
import sys
from pathlib import Path

import mlx.core as mx
from mlx_lm.generate import generate_step
from mlx_lm.models.cache import make_prompt_cache
from mlx_lm.models.gemma4_text import Model, ModelArgs

mx.set_default_device(mx.cpu)
caches_only = "mx.eval([c.state for c in prompt_cache])" in inspect.getsource(generate_step)


def products(sharing):
    model = Model(ModelArgs.from_dict(dict(
        model_type="gemma4_text", hidden_size=64, num_hidden_layers=8, intermediate_size=128, num_attention_heads=2, num_key_value_heads=1,
        head_dim=32, global_head_dim=32, vocab_size=256, vocab_size_per_layer_input=256, hidden_size_per_layer_input=16, sliding_window=64,
        sliding_window_pattern=2, num_kv_shared_layers=sharing, use_double_wide_mlp=False,
    )))
    mx.eval(model.parameters())
    cache = make_prompt_cache(model)
    logits = model(mx.arange(16)[None], cache=cache)
    counts = []
    for arrays in ([a for c in cache for a in c.state if isinstance(a, mx.array)], [logits]):
        path = str(Path(sys.argv[1], "graph.dot"))
        mx.export_to_dot(path, *arrays)
        counts.append(len(re.findall(r'label ?= ?"(?:Matmul|AddMM)"', Path(path).read_text())))
    return counts


for_caches, for_logits = products(4)
without_sharing, _ = products(0)
print(f"mlx-lm 0.32.2: evaluates caches only: {caches_only}; matrix products for the caches: {for_caches}, for the logits: {for_logits}; "
      f"for the caches where no layer shares: {without_sharing}")
sys.exit(0 if caches_only and for_caches < 0.7 * for_logits and for_caches < 0.7 * without_sharing else 1)
PYTHON
