// The state of the form in the address, so that a link asks the same question.
import { OTHER, cards, models, nameOf, processors } from "./choices.js";
import { ASKED, OWN, addCard, changed, control, field, rows } from "./fields.js";
import { forgetModel } from "./form.js";
import { guide, page, say } from "./words.js";

const OWN_BOXES = ["ram_gib", "price", "tariff", "hours"];
export const BOXES = [...new Set([...ASKED, ...OWN_BOXES])].filter((name) => !["model", "config", "cpu"].includes(name));
// Names that links had before the form's were those of the question.
const OLD = {
  kv: "kv_type", "kv-v": "kv_type_v", channels: "memory_channels", ram: "ram_gib", layers: "gpu_layers", prompt: "prompt_tokens",
  flash: "flash_attention", experts: "experts_on_host", swa: "swa_full",
};
export const stateOf = (box) => (box.type === "checkbox" ? (box.checked ? "1" : "0") : box.value.trim());
export const initial = {};

export function write() {
  const state = new URLSearchParams();
  const idOf = (choices, text) => choices.resolve(text).choice?.id ?? text.trim();
  state.set("model", idOf(models, control("model").value));
  for (const row of rows.children) {
    const size = field("size", row).hidden ? "" : `@${control("size", row).value}`;
    const count = control("count", row).value.trim();
    let id = idOf(cards, control("gpu", row).value);
    if (id === OTHER) id += OWN.map((name) => `:${control(name, row).value.trim()}`).join("");
    if (id) state.append("gpu", `${id}${size}${count === "1" ? "" : `*${count}`}`);
  }
  if (!rows.children.length) state.set("gpu", "");
  for (const name of ["quant", "context"]) state.set(name, control(name).value.trim());
  if (control("cpu").value.trim()) state.set("cpu", idOf(processors, control("cpu").value));
  for (const name of BOXES) if (stateOf(control(name)) !== initial[name]) state.set(name, stateOf(control(name)));
  const config = control("config").value.trim();
  if (config && packed.text === config && packed.code) state.set("config", packed.code);
  return `#${state.toString().replaceAll("%2C", ",").replaceAll("%40", "@").replaceAll("%3A", ":")}`;
}

// A pasted configuration, deflated and in letters that an address may have.
const LONGEST_CODE = 8000;
let packed = { text: "", code: "" };

const through = async (bytes, stream, most = Infinity) => {
  const chunks = [];
  let length = 0;
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    length += part.value.length;
    if (length > most) throw new RangeError("config-too-long");
    chunks.push(part.value);
  }
  return new Blob(chunks).arrayBuffer();
};

async function pack() {
  const text = control("config").value.trim();
  if (text === packed.text) return;
  let code = "";
  try {
    const bytes = new Uint8Array(await through(JSON.stringify(JSON.parse(text)), new CompressionStream("deflate-raw")));
    code = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  } catch { /* not JSON: the field says so, and the link goes without it */ }
  const fits = code.length <= LONGEST_CODE;
  packed = { text, code: fits ? code : "" };
  page.querySelector("[data-config-link]").textContent = fits ? "" : say("config-too-large-for-link");
}

async function unpack(code) {
  const input = control("config");
  try {
    const bytes = Uint8Array.from(atob(code.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
    input.value = new TextDecoder("utf-8", { fatal: true }).decode(await through(bytes, new DecompressionStream("deflate-raw"), 200_000));
    delete input.dataset.wrong;
  } catch (error) {
    input.value = "";
    input.dataset.wrong = error.message === "config-too-long" ? "config-too-long" : "config-not-link";
  }
  changed();
}

let own = ""; // as it was last written here
/** Whether somebody else changed the address. */
export const isOther = () => location.hash !== own;

/** The link that asks the question in the form. */
export async function link() {
  await pack();
  own = write();
  return location.href.split("#")[0] + own;
}

let writing;
export function remember() {
  clearTimeout(writing);
  writing = setTimeout(async () => {
    await pack();
    own = write();
    if (location.hash !== own) location.replace(own);
  }, 300);
}

export function restore() {
  const state = new URLSearchParams(location.hash.slice(1));
  if (!location.hash.includes("=")) return false;
  control("model").value = nameOf(models, state.get("model") ?? guide.defaults.model);
  control("cpu").value = nameOf(processors, state.get("cpu") ?? "");
  rows.replaceChildren();
  for (const given of state.getAll("gpu").slice(0, 16)) {
    if (!given) continue;
    const [, id, size, count] = given.match(/^(.*?)(?:@([\d.]+))?(?:\*(.*))?$/s);
    const [name, ...own] = id.startsWith(`${OTHER}:`) ? id.split(":", 1 + OWN.length) : [id];
    addCard(nameOf(cards, name), count ?? "1", size ?? "", own);
  }
  for (const [before, now] of Object.entries(OLD)) if (state.has(before)) state.set(now, state.get(before));
  if (!state.has("quant")) state.set("quant", guide.quantizations[guide.models[state.get("model")]?.native_quant]?.gguf ?? guide.defaults.quant);
  forgetModel();
  if (state.get("server") === "1") state.set("profile", "server");
  for (const name of BOXES) {
    const box = control(name);
    const wanted = state.get(name) ?? initial[name];
    if (box.type === "checkbox") box.checked = wanted === "1";
    else if (!box.options) box.value = wanted;
    else {
      const known = [...box.options].some((option) => option.value === wanted);
      box.value = known ? wanted : initial[name];
      if (known) delete box.dataset.wrong;
      else box.dataset.wrong = wanted;
    }
  }
  for (const more of page.querySelectorAll("[data-more]")) {
    more.open = [...more.querySelectorAll("[data-field]")].some((box) => state.has(box.dataset.field));
  }
  if (state.has("config")) unpack(state.get("config"));
  else control("config").value = "";
  return true;
}
