#!/usr/bin/env bash
# transformers (5.24.0) and mlx-vlm (0.7.10), Inkling: `intermediate_size` means the width of an expert before transformers saved the
# configuration, and that of the dense block after.
# Most would expect that a configuration which is loaded and saved again says the same. The published spelling has `intermediate_size` for
# an expert and `dense_intermediate_size` for the dense block; transformers swaps them while it loads, and saves `intermediate_size` for
# the dense block, `moe_intermediate_size` for an expert, and no `dense_intermediate_size` and no `dense_mlp_idx`.
# Seen: 3,072 becomes 24,576 under the same key. mlx-vlm, which goes by the published spelling and knows no `moe_intermediate_size`, then
# takes each of 256 experts for 8 times as wide, and knows no width of the dense block. Nothing warns.
# Seen on 2026-11-30. Ends with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check transformers==5.24.0
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "mlx[cpu]==0.32.4" pillow==12.0.0
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps mlx-vlm==0.7.10
"$folder/venv/bin/python" - "$folder" 2>/dev/null <<'PYTHON'
import importlib.metadata
import json
import sys
import types
from pathlib import Path

import transformers
from transformers.models.inkling.configuration_inkling import InklingTextConfig

# The package's own __init__ wants everything that it can do; its configurations want nothing of that.
where = Path(importlib.metadata.distribution("mlx-vlm").locate_file("mlx_vlm"))
for name, path in (("mlx_vlm", where), ("mlx_vlm.models", where / "models"), ("mlx_vlm.models.inkling", where / "models/inkling")):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [str(path)]
from mlx_vlm.models.inkling.config import TextConfig  # noqa: E402

KEYS = ("intermediate_size", "dense_intermediate_size", "moe_intermediate_size", "dense_mlp_idx")
published = {"hidden_size": 6144, "intermediate_size": 3072, "dense_intermediate_size": 24576, "dense_mlp_idx": 2}
InklingTextConfig(**published).save_pretrained(sys.argv[1])
saved = json.loads(Path(sys.argv[1], "config.json").read_text())
before, after = TextConfig.from_dict(published), TextConfig.from_dict(saved)
print("transformers", transformers.__version__, "mlx-vlm", importlib.metadata.version("mlx-vlm"))
print("published:", {key: published.get(key) for key in KEYS})
print("saved:    ", {key: saved.get(key) for key in KEYS})
for said, one in (("published", before), ("saved", after)):
    print(f"mlx-vlm, {said}: an expert {one.intermediate_size} wide, the dense block {one.dense_intermediate_size}")
changed = saved["intermediate_size"] == 24576 and saved["moe_intermediate_size"] == 3072 and "dense_intermediate_size" not in saved
taken = before.intermediate_size == 3072 and after.intermediate_size == 24576 and after.dense_intermediate_size is None
sys.exit(0 if changed and taken else 1)
PYTHON
