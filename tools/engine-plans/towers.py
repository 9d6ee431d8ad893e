"""Print what llama.cpp makes room for when it loads a projector, beside what the guide plans: one line for each model with a tower.

The projector file is empty: the tensors that a tower of its shapes has. The engine of `print.py` is built first.
"""

from __future__ import annotations

import struct
import subprocess
import sys
from math import prod
from pathlib import Path
from typing import Any

import files
from print import ROOT, WORK, ask, engine

from macros.formulas.compute_graph.tower import tower_buffers
from macros.specs import load
from macros.specs.models import architecture_of, tower_of
from macros.specs.towers import Tower

F16, F32 = 1, 0
Shapes = dict[str, list[int]]


def program() -> Path:
    """The stand-in with the engine's code for pictures; built where it is not there yet."""
    engine()
    built = WORK / "stand-in-towers"
    if built.exists():
        return built
    source = next(WORK.glob("*/vendor/llama.cpp"))
    pictures = source / "tools/mtmd"
    parts = ("include", "src", "ggml/include", "ggml/src", "tools/mtmd", "vendor", "vendor/stb", "vendor/hash")
    headers = [f"-I{source / part}" for part in parts]
    made = []
    for code in (pictures / "clip.cpp", *sorted((pictures / "models").glob("*.cpp"))):
        made.append(WORK / f"{code.stem}.o")
        subprocess.run(["c++", "-std=c++17", "-O0", "-w", "-DLLAMA_SHARED", *headers, "-c", code, "-o", made[-1]], check=True)
    folder = WORK / "build/bin"
    libraries = [f"-L{folder}", f"-Wl,-rpath,{folder}", "-lllama", "-lggml", "-lggml-base", "-lggml-cpu"]
    own = Path(__file__).with_name("stand_in.cpp")
    subprocess.run(["c++", "-std=c++17", "-O1", "-w", "-DWITH_TOWERS", *headers, own, *made, "-o", built, *libraries], check=True)
    return built


def _layers(t: Tower) -> Shapes:
    """Tensors of the layers."""
    d, head = t.width, t.width // t.heads
    attention = {"attn_qkv": [d, 3 * d]} if t.fused else {f"attn_{name}": [d, d] for name in "qkv"}
    matrices = attention | {"attn_out": [d, d], "ffn_up": [d, t.inner], "ffn_down": [t.inner, d]}
    vectors = {"ln1.weight": d, "ln2.weight": d}
    if t.gated:
        matrices["ffn_gate"] = [d, t.inner]
    else:
        vectors |= {"ln1.bias": d, "ln2.bias": d} | {f"{name}.bias": shape[1] for name, shape in matrices.items()}
    if t.norms_heads:
        vectors |= {"attn_q_norm.weight": head, "attn_k_norm.weight": head, "attn_post_norm.weight": d, "ffn_post_norm.weight": d}
    found: Shapes = {}
    for layer in range(t.layers):
        found |= {f"v.blk.{layer}.{name}.weight": shape for name, shape in matrices.items()}
        found |= {f"v.blk.{layer}.{name}": [size] for name, size in vectors.items()}
    return found


def _outside(t: Tower, text: int) -> Shapes:
    """Tensors before and after the layers."""
    d, wide, pixels = t.width, t.width * t.merge * t.merge, [t.patch_size, t.patch_size, 3, t.width]
    norms = {f"v.post_ln.{part}": [d] for part in ("weight", "bias")}
    match t.kind:
        case "qwen3vl":
            found = norms | {"v.patch_embd.weight": pixels, "v.patch_embd.weight.1": pixels, "v.patch_embd.bias": [d]}
            found |= {"v.position_embd.weight": [d, t.position_rows], "mm.0.weight": [wide, wide], "mm.0.bias": [wide]}
            found |= {"mm.2.weight": [wide, text], "mm.2.bias": [text]}
            for layer in t.side_layers:
                side = {"norm.weight": [wide], "norm.bias": [wide], "fc1.weight": [wide, wide], "fc1.bias": [wide]}
                side |= {"fc2.weight": [wide, text], "fc2.bias": [text]}
                found |= {f"v.deepstack.{layer}.{name}": shape for name, shape in side.items()}
            return found
        case "gemma3":
            found = norms | {"v.patch_embd.weight": pixels, "v.patch_embd.bias": [d], "v.position_embd.weight": [d, t.position_rows]}
            return found | {"mm.input_projection.weight": [text, d], "mm.soft_emb_norm.weight": [d]}
        case "gemma4v":
            found = {"v.patch_embd.weight": pixels, "v.position_embd.weight": [d, t.position_rows // 2, 2]}
            scales = {"v.std_bias": [d], "v.std_scale": [d]} if t.scales_last else {}
            return found | scales | {"mm.input_projection.weight": [d, text]}
        case "gemma4uv":
            sizes = (prod(pixels[:3]), d, d)
            found = {f"v.patch_norm.{number + 1}.{part}": [size] for number, size in enumerate(sizes) for part in ("weight", "bias")}
            found |= {"v.patch_embd.weight": [prod(pixels[:3]), d], "v.patch_embd.bias": [d]}
            return found | {"v.position_embd.weight": [d, t.position_rows // 2, 2], "mm.input_projection.weight": [d, text]}
        case "pixtral":
            found = {"v.patch_embd.weight": pixels, "v.pre_ln.weight": [d], "mm.1.weight": [d, text], "mm.2.weight": [text, text]}
            return found | {"v.token_embd.img_break": [text], "mm.input_norm.weight": [d], "mm.patch_merger.weight": [wide, d]}
        case "kimik25":
            side = int(t.position_rows**0.5)
            found = norms | {"v.patch_embd.weight": pixels, "v.patch_embd.bias": [d], "v.position_embd.weight": [d, side, side]}
            found |= {"mm.input_norm.weight": [d], "mm.input_norm.bias": [d], "mm.1.weight": [wide, wide], "mm.1.bias": [wide]}
            return found | {"mm.2.weight": [wide, text], "mm.2.bias": [text]}
    found = norms | {f"v.pre_ln.{part}": [d] for part in ("weight", "bias")}
    found |= {"v.class_embd": [d], "v.patch_embd.weight": [prod(pixels[:3]), d], "v.position_embd.weight": [d, t.position_rows]}
    middle = t.middle or text
    found |= {"mm.model.fc.weight": [middle, text]}
    return found | {"mm.model.mlp.1.weight": [wide, middle], "mm.model.mlp.2.weight": [middle, middle]}


def _metadata(t: Tower, text: int) -> dict[str, Any]:
    """What a projector file says of itself, as far as it decides memory."""
    pixels = t.reserved_patches * t.patch_size
    # One tower's patches are three by three of those that its file names; others are told the picture by tokens.
    patch = t.patch_size // 3 if t.kind == "gemma4uv" else t.patch_size
    vision = {
        "embedding_length": t.width, "attention.head_count": t.heads, "feed_forward_length": t.inner, "block_count": t.layers,
        "projection_dim": text, "attention.layer_norm_epsilon": 1e-6, "image_size": pixels, "patch_size": patch,
        "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "image_min_pixels": 3136, "image_max_pixels": pixels * pixels,
        **({"spatial_merge_size": t.merge} if t.kind in ("qwen3vl", "pixtral") else {}),
        **({"projector.scale_factor": t.merge} if t.kind in ("kimik25", "llama4") else {}),
    }  # fmt: skip
    kind = "qwen3vl_merger" if t.kind == "qwen3vl" else t.kind
    head = {"general.architecture": "clip", "clip.has_vision_encoder": True, "clip.projector_type": kind}
    head |= {"clip.use_silu": True} if t.kind == "pixtral" else {"clip.use_gelu": True}
    return head | {f"clip.vision.{key}": value for key, value in vision.items()}


def write(path: Path, t: Tower, text: int) -> int:
    """Write the empty file of a projector; its tensors' bytes."""
    tensors, held, offset = [], 0, 0
    for name, shape in (_layers(t) | _outside(t, text)).items():
        kind = F32 if len(shape) == 1 or "position_embd" in name else F16
        size = prod(shape) * (4 if kind == F32 else 2)
        tensors.append((name, shape, kind, offset))
        held += size
        offset += -(-size // files.ALIGNMENT) * files.ALIGNMENT
    entries = _metadata(t, text)
    with path.open("wb") as file:
        file.write(b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(entries)))
        for key, value in entries.items():
            file.write(files._text(key) + files._value(value))
        for name, shape, kind, at in tensors:
            file.write(files._text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, at))
        file.truncate(-(-file.tell() // files.ALIGNMENT) * files.ALIGNMENT + offset)
    return held


def main() -> int:
    """Compare every model that has a tower."""
    catalogue = load(ROOT / "data")
    asked, differ = program(), 0
    for model in catalogue.models.values():
        tower = tower_of(model, catalogue.models)
        if tower is None:
            continue
        text = architecture_of(model, catalogue.models).hidden_size
        path = WORK / f"mmproj-{model.id}.gguf"
        held = write(path, tower, text)
        for flash in (True, False):
            device, host = ask([str(asked)], [{"mmproj": path, "flash_attention": int(flash)}])[0]["parts"]
            ours = tower_buffers(tower, text=text, flash_attention=flash)
            differ += ours != [device - held, host]
            print(model.id, "with" if flash else "without", "flash attention:", [device - held, host], "here", ours)
    print(f"{differ} differ")
    return int(differ > 0)


if __name__ == "__main__":
    sys.exit(main())
