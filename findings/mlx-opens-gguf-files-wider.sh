#!/usr/bin/env bash
# MLX (0.32.4) reads a GGUF file itself: mlx.core.load gives its matrices as MLX's own kind of quantized matrix.
#
# Expected: a matrix of Q4_0 takes as many bytes in MLX as in the file (4.5 bits a weight), one of Q4_K or Q6_K about as many.
# Seen (2026-11-30): MLX keeps a bias beside each scale, which Q4_0 and Q8_0 do without: their matrices take 5 and 9 bits a weight
# instead of 4.5 and 8.5, while Q4_1 keeps its 5. Types that MLX does not know, among them those of nearly all files that people
# download, come out as float16 without a word: Q4_K and Q6_K take 16 bits, 3.6 and 2.4 times the file.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'mlx[cpu]==0.32.4' gguf==0.19.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import sys

import gguf
import mlx.core as mx
import numpy as np

print("mlx", importlib.metadata.version("mlx"), "gguf", importlib.metadata.version("gguf"))
mx.set_default_device(mx.cpu)
ROWS, ROW = 64, 512
EXPECTED = {"Q4_0": (4.5, 5.0), "Q4_1": (5.0, 5.0), "Q8_0": (8.5, 9.0), "Q4_K": (4.5, 16.0), "Q6_K": (6.5625, 16.0)}
seen = {}
for name in EXPECTED:
    kind = gguf.GGMLQuantizationType[name]
    block, size = gguf.GGML_QUANT_SIZES[kind]
    data = np.zeros((ROWS, ROW // block * size), np.uint8)
    path = f"{name}.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tensor("blk.0.ffn_up.weight", data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    loaded = mx.load(path)
    bits = [8 * total / (ROWS * ROW) for total in (data.nbytes, sum(array.nbytes for array in loaded.values()))]
    kinds = ", ".join(f"{key.rpartition('.')[2]} {array.dtype}" for key, array in sorted(loaded.items()))
    print(f"{name}: {bits[0]} bits a weight in the file, {bits[1]} in MLX ({kinds})")
    seen[name] = tuple(bits)
sys.exit(seen != EXPECTED)
PYTHON
