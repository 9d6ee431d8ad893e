#!/usr/bin/env bash
# A config.json of a model that sees says twice whether the output matrix is the embedding table: outside, and in `text_config`.
# Expected: one of the two decides, and it is the same one in every class of one version of the library.
# Seen (2026-11-29, transformers 5.24.0): in Mistral 3, Qwen 3-VL and InternVL the outer value decides; in LLaVA a true inside wins over a
# false outside, while a false inside loses against a true outside. Whether a model has an output matrix of its own (hundreds of millions
# of parameters) depends on the class around it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check transformers==5.24.0 >/dev/null 2>&1
"$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import transformers

print("transformers", transformers.__version__)
CLASSES = {
    transformers.LlavaConfig: "llama",
    transformers.Mistral3Config: "mistral",
    transformers.Qwen3VLConfig: "qwen3_vl_text",
    transformers.InternVLConfig: "qwen2",
}
seen = {}
for cls, text in CLASSES.items():
    for outside in (True, False):
        for inside in (True, False):
            part = {"model_type": text, "tie_word_embeddings": inside}
            config = cls.from_dict({"model_type": cls.model_type, "tie_word_embeddings": outside, "text_config": part})
            seen[cls.__name__, outside, inside] = config.tie_word_embeddings
            print(f"{cls.__name__:16} outside {outside!s:5} inside {inside!s:5} -> {config.tie_word_embeddings}")
outer_decides = {name for name, outside, inside in seen if all(seen[name, o, i] == o for o in (True, False) for i in (True, False))}
assert outer_decides == {"Mistral3Config", "Qwen3VLConfig", "InternVLConfig"}, outer_decides
assert seen["LlavaConfig", False, True] is True
assert seen["LlavaConfig", True, False] is True
PYTHON
