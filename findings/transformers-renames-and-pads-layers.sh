#!/usr/bin/env bash
# A fine-tune that is saved again should say of its layers what the file said that was loaded.
# Expected: kinds of layers keep their names, and keys that are numbers of layers are plain numbers ("5").
# Seen (2026-11-29, transformers 5.24.0): Granite 4's kinds `mamba` and `attention` come out as `linear_attention` and `full_attention`,
# so that readers which look for `mamba` see a model without recurrent layers; and Gemma 4's `global_head_dim` comes out as
# `per_layer_config`, whose keys are "5" in a model of 6 layers but "05" and "11" in one of 12.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check transformers==5.24.0 >/dev/null 2>&1
"$folder/venv/bin/python" - "$folder" 2>/dev/null <<'PYTHON'
import json
import pathlib
import sys

import transformers

folder = pathlib.Path(sys.argv[1])
print("transformers", transformers.__version__)


def saved(cls, **values):
    """What stands in config.json after loading and saving once."""
    (folder / "config.json").write_text(json.dumps({"model_type": cls.model_type, **values}))
    cls.from_pretrained(folder).save_pretrained(folder)
    return json.loads((folder / "config.json").read_text())


kinds = saved(transformers.GraniteMoeHybridConfig, num_hidden_layers=2, layer_types=["mamba", "attention"])["layer_types"]
print("mamba, attention ->", kinds)
assert kinds == ["linear_attention", "full_attention"]
for layers, names in ((6, ["5"]), (12, ["05", "11"])):
    config = saved(transformers.Gemma4TextConfig, num_hidden_layers=layers, global_head_dim=512)
    print(layers, "layers: global_head_dim stays", "global_head_dim" in config, "| per_layer_config of", list(config["per_layer_config"]))
    assert "global_head_dim" not in config
    assert list(config["per_layer_config"]) == names
PYTHON
