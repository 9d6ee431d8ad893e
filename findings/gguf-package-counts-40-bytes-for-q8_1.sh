#!/usr/bin/env bash
# gguf (0.19.0), the package that belongs to llama.cpp, and the engine's own source (as llama-cpp-python 0.3.36 carries it) disagree on the bytes
# of a block of Q8_1. Most would expect the writer's table of block sizes to be the engine's: a tensor's place in a GGUF file follows from the
# sizes before it.
# Seen: GGML_QUANT_SIZES says 40 bytes for 32 values (two 32-bit numbers beside them), block_q8_1 has 36 (two 16-bit ones); Q8_0 and Q4_1 are
# equal. A file with a tensor of Q8_1 that is laid out by the package is refused by the engine: the next tensor is not where it is expected.
# Seen on 2026-11-30. Ends with 1 if that changes. Needs a C compiler.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check gguf==0.19.0
"$folder/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --no-binary llama-cpp-python --dest "$folder" llama-cpp-python==0.3.36
tar --extract --gzip --file "$folder"/llama_cpp_python-0.3.36.tar.gz --directory "$folder"
cat > "$folder/sizes.c" <<'C'
#define GGML_COMMON_DECL_C
#include "ggml-common.h"
#include <stdio.h>
int main(void) { printf("%zu %zu %zu\n", sizeof(block_q8_1), sizeof(block_q8_0), sizeof(block_q4_1)); return 0; }
C
cc -w -I"$(dirname "$(find "$folder" -name ggml-common.h)")" "$folder/sizes.c" -o "$folder/sizes"
"$folder/sizes" | "$folder/venv/bin/python" -c '
import sys
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
engine = dict(zip(("Q8_1", "Q8_0", "Q4_1"), map(int, input().split())))
package = {name: GGML_QUANT_SIZES[GGMLQuantizationType[name]][1] for name in engine}
print("bytes of a block in the engine:", engine)
print("bytes of a block in gguf 0.19.0:", package)
sys.exit(0 if engine == {"Q8_1": 36, "Q8_0": 34, "Q4_1": 20} and package == {"Q8_1": 40, "Q8_0": 34, "Q4_1": 20} else 1)
'
