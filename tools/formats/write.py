"""Writes small models of random weights with a format's own library and prints the bytes of their tensors, one JSON object a model.

Usage: python tools/formats/write.py LIBRARY [NAME …], LIBRARY one of mlx, bitsandbytes, compressed-tensors, in an environment of its own:
`mlx[cpu] mlx-lm`, or `torch transformers bitsandbytes llmcompressor`. Neither the guide nor its tests need any of them. The shapes are
those of tests/estimate/files/written_by_libraries.yaml; what is printed is recorded there and in data/file-sizes.
"""

import importlib
import json
import struct
import sys
import tempfile
from pathlib import Path

import yaml

RECORDED = Path(__file__).resolve().parents[2] / "tests" / "estimate" / "files" / "written_by_libraries.yaml"
MLX = {
    "mlx-2bit-64g": (64, 2, "affine", None), "mlx-3bit-32g": (32, 3, "affine", None), "mlx-4bit-32g": (32, 4, "affine", None),
    "mlx-4bit-64g": (64, 4, "affine", None), "mlx-4bit-128g": (128, 4, "affine", None), "mlx-5bit-64g": (64, 5, "affine", None),
    "mlx-6bit-64g": (64, 6, "affine", None), "mlx-8bit-64g": (64, 8, "affine", None), "mlx-mxfp4": (32, 4, "mxfp4", None),
    "mlx-nvfp4": (16, 4, "nvfp4", None), "mlx-mxfp8": (32, 8, "mxfp8", None), "mlx-mixed-4-6": (64, 4, "affine", "mixed_4_6"),
    "mlx-mixed-3-6": (64, 3, "affine", "mixed_3_6"),
}  # fmt: skip
"""Format -> group, bits, mode, recipe."""
SCHEMES = {
    "w4a16-128g": "W4A16", "w4a16-asym-128g": "W4A16_ASYM", "w8a16-128g": "W8A16", "fp8": "FP8_DYNAMIC", "fp8-block": "FP8_BLOCK",
    "nvfp4a16": "NVFP4A16", "mxfp4": "MXFP4", "mxfp8": "MXFP8",
}  # fmt: skip
BITSANDBYTES = ("nf4-single", "nf4", "int8")


def of_mlx(config):
    """Bytes by format; weights have the types that a conversion gives them."""
    import mlx.core as mx
    from mlx.utils import tree_flatten, tree_map_with_path
    from mlx_lm.utils import quantize_model

    mx.set_default_device(mx.cpu)
    recipes = importlib.import_module("mlx_lm.convert")
    module = importlib.import_module("mlx_lm.models." + config["model_type"])
    for name, (group, bits, mode, recipe) in MLX.items():
        model = module.Model(module.ModelArgs.from_dict(dict(config)))
        if config["tie_word_embeddings"] and "lm_head" in model:
            model.pop("lm_head")  # as loading tied weights does
            model.tie_word_embeddings = True
        kept = getattr(model, "cast_predicate", lambda _: True)
        cast = lambda path, value, kept=kept: value.astype(mx.bfloat16) if kept(path) else value  # noqa: E731
        model.update(tree_map_with_path(cast, model.parameters()))
        more = {} if mode == "affine" else {"mode": mode}
        if recipe is not None:
            more["quant_predicate"] = recipes.mixed_quant_predicate_builder(recipe, model, group)
        model, _ = quantize_model(model, dict(config), group, bits, **more)
        yield name, sum(value.nbytes for _, value in tree_flatten(model.parameters()))


def saved_bytes(folder):
    """Bytes of the tensors of all files in a folder."""
    total = 0
    for path in Path(folder).glob("*.safetensors"):
        with path.open("rb") as file:
            header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        total += sum(one["data_offsets"][1] - one["data_offsets"][0] for name, one in header.items() if name != "__metadata__")
    return total


def of_transformers(config, library):
    """Bytes by format, as saved."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, BitsAndBytesConfig

    said = {name: value for name, value in config.items() if name != "model_type"}
    with tempfile.TemporaryDirectory() as whole:
        AutoModelForCausalLM.from_config(AutoConfig.for_model(config["model_type"], **said), dtype=torch.bfloat16).save_pretrained(whole)
        for name in BITSANDBYTES if library == "bitsandbytes" else SCHEMES:
            with tempfile.TemporaryDirectory() as folder:
                if library == "bitsandbytes":
                    four = {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": name == "nf4"}
                    how = BitsAndBytesConfig(**({"load_in_8bit": True} if name == "int8" else four))
                    model = AutoModelForCausalLM.from_pretrained(whole, quantization_config=how, dtype=torch.bfloat16, device_map="cpu")
                    model.save_pretrained(folder)
                else:
                    from llmcompressor import oneshot
                    from llmcompressor.modifiers.quantization import QuantizationModifier

                    model = AutoModelForCausalLM.from_pretrained(whole, dtype=torch.bfloat16)
                    recipe = QuantizationModifier(targets="Linear", scheme=SCHEMES[name], ignore=["lm_head", "re:.*mlp.gate$"])
                    oneshot(model=model, recipe=recipe, pipeline="datafree")
                    model.save_pretrained(folder, save_compressed=True)
                yield name, saved_bytes(folder)


def main(library, names):
    """Print the bytes of each model."""
    for name, recorded in yaml.safe_load(RECORDED.read_text("utf-8"))["models"].items():
        if not names or name in names:
            config = recorded["config"]
            found = of_mlx(config) if library == "mlx" else of_transformers(config, library)
            print(json.dumps({name: dict(found)}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
