// The question on the home page. Its first answer stands in the page; the formulas come when the form is touched.
import { NONE, prepared as loaded, shown, sizesOf } from "./guide.js";
import { SHARES, clip, element, named, wordsOf, zh } from "./page.js";
import { devices, reported } from "./here.js";

const form = document.querySelector("[data-ask]");
const { words, say } = wordsOf(form.querySelector("[data-words]"));
const settings = JSON.parse(form.dataset.settings);
const box = (name) => form.querySelector(`[data-field="${name}"]`);
const control = (name) => box(name).querySelector("input, select");
const GIB = 2 ** 30;
let ready;
/** Load records and formulas once, and let the two boxes choose from them. */
const prepared = () => (ready ??= loaded(settings, words["no-gpu"]).then((all) => {
  all.combobox.attach(control("gpu"), all.gpus, answer);
  all.combobox.attach(control("model"), all.models, answer);
  return all;
}));

function complain(name, message) {
  const place = box(name).querySelector("[data-error]");
  place.textContent = message;
  place.hidden = !message;
  if (message) control(name).setAttribute("aria-invalid", "true");
  else control(name).removeAttribute("aria-invalid");
  return message;
}

function chosen(name, choices, unknown) {
  const typed = control(name).value.trim();
  const { choice, near } = choices.resolve(typed);
  const names = near.slice(0, 3).map((one) => one.name).join(zh ? "、" : ", ") + (near.length > 3 ? " …" : "");
  complain(name, choice ? "" : !typed ? say("missing") : say(near.length ? "several" : unknown, { value: clip(typed), names }));
  if (choice) control(name).value = choice.name;
  return choice?.id ?? null;
}

function ram() {
  const typed = control("ram").value.normalize("NFKC").trim();
  const value = /^\d+(?:\.\d+)?$/.test(typed) ? Number(typed) : NaN;
  const good = value >= 1 && value <= 4096;
  complain("ram", good ? "" : typed ? say("not-number", { value: clip(typed) }) : say("missing"));
  return good ? value : null;
}

/** The sizes that a device is sold with, where there are several. */
function size(sizes) {
  const select = control("size");
  box("size").hidden = sizes.length < 2;
  const offered = sizes.join();
  if (sizes.length > 1 && select.dataset.of !== offered) {
    select.dataset.of = offered;
    select.replaceChildren(...sizes.map((gib) => element("option", { value: gib }, `${gib} GiB`)));
    select.value = String(sizes[Math.floor(sizes.length / 2)]);
  }
  return sizes.length > 1 ? Number(select.value) : null;
}

const gib = (bytes) => (bytes / GIB).toFixed(1);

let asked = 0;
async function answer() {
  const mine = ++asked;
  const verdict = form.querySelector("[data-verdict]");
  const tell = (text, way) => {
    verdict.textContent = text;
    verdict.dataset.way = way;
    verdict.removeAttribute("aria-busy");
  };
  verdict.setAttribute("aria-busy", "true");
  const waiting = setTimeout(() => { if (mine === asked) verdict.textContent = say("loading"); }, 150);
  const all = await prepared();
  const { guide, gpus, models } = all;
  clearTimeout(waiting);
  if (mine !== asked) return;
  const gpu = chosen("gpu", gpus, "unknown-card");
  const model = chosen("model", models, "unknown-model");
  const memory = size(gpu && gpu !== NONE ? sizesOf(all, gpu) : []);
  const own = gpu && gpu !== NONE && SHARES.includes(guide.gpus[gpu].kind);
  box("ram").hidden = box("memory").hidden = Boolean(own);
  const system = own ? 4096 : ram();
  if (!gpu || !model || !system) {
    const wrong = [...form.querySelectorAll("[data-error]:not([hidden])")].map((each) => each.textContent);
    return tell(wrong.join(zh ? "" : " "), "unknown");
  }
  const quant = guide.quantizations[guide.models[model].native_quant]?.gguf ?? settings.quant;
  const kind = control("memory").value;
  const question = { model, quant, context: settings.context, ...settings.host, memory: kind };
  if (gpu !== NONE) question.gpus = [gpu];
  if (memory) question.memory_gib = memory;
  const found = await all.way(question, system).catch((error) => ({ error }));
  if (mine !== asked) return;
  if (found.error) return tell(say("refused", { key: found.error.message }), "unknown");
  const { decode } = found;
  const left = system - found.ram_bytes / GIB;
  const beside = found.way === "card" && !own && found.ram_bytes / GIB + settings.system > settings.least;
  const way = beside ? "card-ram" : found.way !== "no" ? found.way : !found.whole_bytes ? "no-ram" : own ? "no-own" : "no";
  const tight = ["experts", "layers", "host", "card-ram"].includes(way) && left < settings.system ? (zh ? "" : " ") + say("tight", { left: left.toFixed(1), system: settings.system }) : "";
  tell(say(way, { need: gib(found.whole_bytes), ram: gib(found.ram_bytes), low: decode ? shown(decode.low) : "", high: decode ? shown(decode.high) : "" }) + tight, found.way);
  const state = new URLSearchParams({ model, gpu: gpu === NONE ? "" : memory ? `${gpu}@${memory}` : gpu, quant, context: settings.context });
  if (!own) {
    state.set("cpu", settings.host.cpu);
    state.set("memory", kind);
    state.set("ram_gib", system);
  }
  if (found.way === "experts") state.set("experts_on_host", "1");
  const more = form.querySelector("[data-more]");
  more.hash = state.toString().replaceAll("%40", "@");
}

form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("focusin", () => { prepared().catch(() => {}); }, { once: true });
form.addEventListener("pointerenter", () => { prepared().catch(() => {}); }, { once: true });
form.addEventListener("input", (event) => { if (event.target.getAttribute("role") !== "combobox") answer(); });

const here = form.querySelector("[data-here]");
here.hidden = false;
here.addEventListener("click", async () => {
  const told = await reported();
  const { guide } = await prepared();
  const ids = devices(told, guide.gpus);
  const names = ids.slice(0, 3).map((id) => named(guide.gpus[id]));
  const place = form.querySelector("[data-told]");
  place.hidden = false;
  place.textContent = !told ? say("here-silent")
    : say(ids.length === 0 ? "here-none" : ids.length === 1 ? "here-one" : "here-several", { told: clip(told), name: names[0], names: names.join(zh ? "、" : ", ") });
  if (!ids.length) return;
  control("gpu").value = names[0];
  answer();
});
