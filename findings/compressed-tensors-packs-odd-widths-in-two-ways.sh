#!/usr/bin/env bash
# compressed-tensors, `format: pack-quantized` with weights of 3, 5, 6 or 7 bits: versions before 0.18 and since write two layouts under one name.
# Most would expect a format's name and its number of bits to say how large a matrix is and how to read it.
# Seen: 0.17.1 puts whole weights into words of 32 bits and leaves the rest empty (3 bits take 3.2, 7 bits take 8); 0.20.1 packs them without
# a gap. Widths of 4 and 8 bits are equal. The newer version reads the older words without a complaint and gets other weights; only the
# `version` in quantization_config tells the two apart.
# Seen on 2026-11-30. Ends with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip() { "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "$@"; }
cat > "$folder/pack.py" <<'PYTHON'
import sys
import compressed_tensors
import torch
try:
    from compressed_tensors.compressors.pack_quantized.helpers import pack_to_int32, unpack_from_int32
except ImportError:
    from compressed_tensors.compressors.quantized_compressors.pack_quantized import pack_to_int32, unpack_from_int32

folder = sys.argv[1]
torch.manual_seed(0)
print("compressed-tensors", compressed_tensors.__version__)
taken, same = {}, {}
for bits in (3, 4, 5, 6, 7, 8):
    low = -(1 << (bits - 1))
    values = torch.randint(low, -low, (2, 960), dtype=torch.int8)
    words = pack_to_int32(values, bits)
    assert torch.equal(unpack_from_int32(words, bits, values.shape), values)
    taken[bits] = words.shape[1] * 32 / 960
    try:
        older = torch.load(f"{folder}/{bits}.pt")
        same[bits] = torch.equal(unpack_from_int32(older, bits, values.shape), values)
    except FileNotFoundError:
        torch.save(words, f"{folder}/{bits}.pt")
print("bits that a weight takes:", ", ".join(f"{bits}: {size:.2f}" for bits, size in taken.items()))
if not same:
    sys.exit(0 if taken[3] == 3.2 and taken[7] == 8 and taken[4] == 4 else 1)
print("reads the older words as they were:", ", ".join(f"{bits}: {'yes' if equal else 'no'}" for bits, equal in same.items()))
sys.exit(0 if all(size == bits for bits, size in taken.items()) and [bits for bits in same if same[bits]] == [4, 8] else 1)
PYTHON
pip torch==2.14.0 psutil==7.2.2 compressed-tensors==0.17.1
"$folder/venv/bin/python" "$folder/pack.py" "$folder"
pip torch==2.14.0 compressed-tensors==0.20.1
"$folder/venv/bin/python" "$folder/pack.py" "$folder"
