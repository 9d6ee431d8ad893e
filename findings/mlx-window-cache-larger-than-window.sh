#!/usr/bin/env bash
# A cache of mlx-lm for a sliding-window layer is larger than its window while a prompt is read, and cannot be quantized.
#
# Expected by most: `RotatingKVCache(max_size=512)` never holds more than 512 tokens, and `--kv-bits` applies to it as to others.
# Seen on 2026-11-29 with mlx 0.32.4 and mlx-lm 0.32.2: after two slices of 2,048 tokens it holds 2,559 = 512 - 1 + 2,048, five times
# the window; the first single token cuts it to 512. A plain cache has `to_quantized` that works; that of this one refuses.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'mlx[cpu]==0.32.4' 'mlx-lm==0.32.2'
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

import mlx.core as mx
from mlx_lm.models.cache import KVCache, RotatingKVCache

mx.set_default_device(mx.cpu)
print("mlx", version("mlx"), "mlx-lm", version("mlx-lm"))
cache, held = RotatingKVCache(max_size=512), []
for tokens in (2048, 2048, 1):
    values = mx.zeros((1, 2, tokens, 64), dtype=mx.bfloat16)
    cache.update_and_fetch(values, values)
    held.append(cache.keys.shape[2])
print("tokens held after 2,048, 2,048 and 1 more:", held)
assert held == [2048, 2559, 512], held
plain = KVCache()
plain.update_and_fetch(mx.zeros((1, 2, 300, 64)), mx.zeros((1, 2, 300, 64)))
print("a plain cache of 300 tokens holds", plain.keys.shape[2], "and can be quantized:", plain.to_quantized().offset == 300)
try:
    cache.to_quantized()
except (NotImplementedError, AttributeError) as error:
    print("the one with a window:", type(error).__name__, str(error)[:60])
else:
    raise SystemExit("it can be quantized now")
PYTHON
