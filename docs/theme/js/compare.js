// Two devices or two models side by side, and what a speed needs: the answers of the build until a form is touched or a link says more.
import { prepared as loaded, shown, sizesOf } from "./guide.js";
import { SHARES, clip, element, named, wordsOf } from "./page.js";

const page = document.querySelector("[data-planning]");
const { words, say } = wordsOf(page.querySelector("[data-words]"));
const settings = JSON.parse(page.dataset.settings);
const control = (name) => page.querySelector(`[data-field="${name}"] input`);
const GIB = 2 ** 30;

let ready;
const prepared = () => (ready ??= loaded(settings).then((all) => {
  const either = new all.combobox.Choices(() => [...all.gpus.all, ...all.models.all].map((choice) => ({ ...choice })));
  for (const name of ["one", "other"]) all.combobox.attach(control(name), either, compare);
  all.combobox.attach(control("model"), all.models, wish);
  return { ...all, either };
}));

/** The sizes of a device from small to large; one without a choice has its own. */
const sizes = (all, gpu) => (sizesOf(all, gpu).length ? sizesOf(all, gpu).sort((a, b) => a - b) : [null]);

/** How a device runs a model, with the smallest memory that does, or the largest. */
async function runs(all, model, gpu, context = settings.context) {
  const { guide } = all;
  let found = null;
  for (const memory of sizes(all, gpu)) {
    const question = { model, quant: guide.quantizations[guide.models[model].native_quant]?.gguf ?? settings.quant, context, gpus: [gpu], ...settings.host };
    if (memory) question.memory_gib = memory;
    try { found = { ...await all.way(question, SHARES.includes(guide.gpus[gpu].kind) ? 4096 : settings.ram), memory: memory ?? guide.gpus[gpu].memory_gib }; } catch { return null; }
    if (found.way !== "no") break;
  }
  return found;
}

const speedOf = (found) => (found && found.way !== "no" && found.decode ? found.decode.tokens_per_second : null);
const cell = (found) => {
  if (!found) return element("td", {}, "—");
  const speed = speedOf(found);
  return element("td", {}, element("span", { class: `way-${found.way}` }, say(`way-${found.way}`)), speed === null ? "" : ` ·\u00a0${shown(speed)}`);
};
const linked = (all, kind, id) => element("a", { href: `${settings.pages[kind]}${id}/` }, named(all.guide[kind === "gpu" ? "gpus" : "models"][id]));

function table(title, heads, rows) {
  const head = element("tr", {}, ...heads.map((parts) => element("th", { scope: "col" }, ...[parts].flat())));
  const made = element("table", {}, element("caption", { class: "visually-hidden" }, title), element("thead", {}, head), element("tbody", {}, ...rows));
  return element("div", { class: "table" }, element("div", { class: "table-scroll", role: "region", tabindex: "0", "aria-label": title }, made));
}

/** The head of a column, with its unit below; a name of its own has the unit of another's. */
function head(name, text = say(name)) {
  const unit = words[`unit-${name}`];
  return unit ? [text, " ", element("span", { class: "unit" }, unit)] : text;
}

function complain(form, message) {
  const place = page.querySelector(`[data-${form}] [data-error]`);
  place.textContent = message;
  place.hidden = !message;
}

function chosen(form, name, choices) {
  const typed = control(name).value.trim();
  const { choice } = choices.resolve(typed);
  if (!choice) complain(form, typed ? say("unknown", { value: clip(typed) }) : say("missing"));
  else control(name).value = choice.name;
  return choice?.id ?? null;
}

function number(form, name, least, most) {
  const parts = control(name).value.normalize("NFKC").replace(/[,\s]/g, "").match(/^(\d*\.?\d+)(k?)$/i);
  const value = parts ? Number(parts[1]) * (parts[2] ? 1024 : 1) : NaN;
  if (value >= least && value <= most) return value;
  complain(form, say("not-number", { value: clip(control(name).value) }));
  return null;
}

let comparing = 0;
async function compare() {
  const mine = ++comparing;
  const all = await prepared();
  complain("compare", "");
  const [one, other] = ["one", "other"].map((name) => chosen("compare", name, all.either));
  if (!one || !other) return;
  const kind = one in all.guide.gpus && other in all.guide.gpus ? "model" : one in all.guide.models && other in all.guide.models ? "gpu" : null;
  if (!kind) return complain("compare", say("one-kind"));
  const rows = [];
  for (const id of kind === "model" ? settings.models : settings.devices) {
    const found = await Promise.all([one, other].map((each) => (kind === "model" ? runs(all, id, each) : runs(all, each, id))));
    if (mine !== comparing) return;
    const [first, second] = found.map(speedOf);
    rows.push(element("tr", {}, element("th", { scope: "row" }, linked(all, kind, id)), ...found.map(cell), element("td", { class: "n" }, first && second ? (second / first).toFixed(2) : "—")));
  }
  const heads = [say(kind === "model" ? "model" : "device"), head("runs", control("one").value), head("runs", control("other").value), say("ratio")];
  page.querySelector("[data-compared]").replaceChildren(table(say("compare"), heads, rows));
  remember({ one, other });
}

let wishing = 0;
async function wish() {
  const mine = ++wishing;
  const all = await prepared();
  complain("wish", "");
  const model = chosen("wish", "model", all.models);
  const speed = number("wish", "speed", 0.1, 4096);
  const context = number("wish", "context", 1, 2 ** 24);
  if (!model || speed === null || context === null) return;
  const found = [];
  for (const gpu of settings.devices) {
    const how = await runs(all, model, gpu, Math.round(context));
    if (mine !== wishing) return;
    if (speedOf(how) !== null && speedOf(how) >= speed) found.push({ gpu, how });
  }
  found.sort((a, b) => (a.how.way !== "card") - (b.how.way !== "card") || a.how.memory - b.how.memory || speedOf(b.how) - speedOf(a.how));
  const rows = found.map(({ gpu, how }) => {
    const split = how.way === "experts" || how.way === "layers";
    const size = settings.sold.find((size) => size >= how.ram_bytes / GIB + settings.system);
    const ram = split || (size > settings.least && !SHARES.includes(all.guide.gpus[gpu].kind)) ? size : null;
    const price = all.guide.gpus[gpu].launch_price_usd;
    return element("tr", {}, element("th", { scope: "row" }, linked(all, "gpu", gpu)), cell(how), element("td", { class: "n" }, String(how.memory)),
      element("td", { class: "n" }, ram ? String(ram) : "—"), element("td", { class: "n" }, price ? price.toLocaleString("en") : "—"));
  });
  const heads = ["device", "runs", "memory", "ram", "price"].map(head);
  page.querySelector("[data-wished]").replaceChildren(rows.length ? table(say("wish"), heads, rows) : element("p", {}, say("nothing")));
  remember({ model, speed, context });
}

let own = "";
function remember(values) {
  const state = new URLSearchParams(location.hash.slice(1));
  for (const [key, value] of Object.entries(values)) state.set(key, value);
  own = `#${state}`;
  if (location.hash !== own) history.replaceState(null, "", own);
}

async function restore() {
  const state = new URLSearchParams(location.hash.slice(1));
  if (!location.hash.includes("=")) return;
  const all = await prepared();
  const name = (id) => all.either.all.find((choice) => choice.id === id)?.name ?? id;
  for (const key of ["one", "other", "model"]) if (state.has(key)) control(key).value = name(state.get(key));
  for (const key of ["speed", "context"]) if (state.has(key)) control(key).value = state.get(key);
  if (state.has("one") || state.has("other")) await compare();
  if (state.has("model") || state.has("speed") || state.has("context")) await wish();
}

for (const form of page.querySelectorAll("form")) {
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("focusin", () => { prepared(); }, { once: true });
}
page.querySelector("[data-wish]").addEventListener("input", (event) => { if (event.target.getAttribute("role") !== "combobox") wish(); });
addEventListener("hashchange", () => { if (location.hash !== own) restore(); });
restore();
