#!/usr/bin/env bash
# gguf (0.19.0), the reader that belongs to llama.cpp: a whole, valid file with one tensor of type 42 (Q2_0) cannot be opened at all.
# Most would expect the package to know what the engine knows, or to show the rest of a file beside a type that it does not know:
# llama.cpp itself reads Q2_0 (GGML_TYPE_Q2_0 = 42, blocks of 64 values in 18 bytes), and name, shape and place of a tensor do not depend on it.
# Seen: GGUFReader raises ValueError for the whole file; its own list ends at 41 (Q1_0). Tools that lean on it refuse such files.
# Seen on 2026-11-29. Ends with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check gguf==0.19.0
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import struct, sys
from pathlib import Path
from gguf import GGMLQuantizationType, GGUFReader

def text(word):
    return struct.pack("<Q", len(word)) + word.encode()

def file(kind, size):
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + text("general.architecture") + struct.pack("<I", 8) + text("llama")
    head += text("blk.0.ffn_up.weight") + struct.pack("<IQQIQ", 2, 64, 1, kind, 0)
    return head + bytes(-len(head) % 32) + bytes(-(-size // 32) * 32)

path = Path(sys.argv[1]) / "one.gguf"
path.write_bytes(file(1, 128))
print("gguf 0.19.0, a tensor of F16:", GGUFReader(path).tensors[0].name)
path.write_bytes(file(42, 18))
try:
    found = GGUFReader(path).tensors[0].name
except ValueError as error:
    found = f"ValueError: {error}"
print("the same with Q2_0, type 42:", found)
print("last type that it knows:", max(GGMLQuantizationType))
sys.exit(0 if found.startswith("ValueError") and max(GGMLQuantizationType) == 41 else 1)
PYTHON
