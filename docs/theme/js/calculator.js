// The calculator page: reads the form, asks the formulas (asking.js), shows the answer, keeps the state in the address.
// Whatever is typed or stands in the address goes into the page as text only.
import { clip, named } from "./page.js";
import { BOXES, initial, isOther, link, remember, restore, stateOf, write } from "./calculator/address.js";
import { clear, show } from "./calculator/answer.js";
import { ask, begin, begun, busy, reads, ready, withReader } from "./calculator/asking.js";
import { cards, models, processors } from "./calculator/choices.js";
import { ASKED, addCard, attach, complain, control, errors, field, fill, settle } from "./calculator/fields.js";
import { file, forget, open } from "./calculator/files.js";
import { offerFormats, question, read, sharesMemory, takeNative } from "./calculator/form.js";
import { offerExperts, roomFor, seen, showRoom } from "./calculator/room.js";
import { KEYS, guide, page, say, sentences, words } from "./calculator/words.js";

function complainOf(name, told) {
  complain(field(name), control(name), told);
  field(name).closest("details")?.setAttribute("open", "");
  return told;
}

function refused(error, setting) {
  const key = error.field ?? "";
  const own = key === "kv_type_k" ? "kv_type" : key in KEYS && field(key) ? key : undefined;
  const name = setting.file ? "gguf" : own ?? (setting.config ? "config" : undefined);
  if (!error.field) console.error(error); // a mistake of the guide: the page says that it has no answer, and goes on
  const values = { quant: named(guide.quantizations[setting.quant]), key: key.replace(/^(config\.|record$)/, "") || (setting.config ? "config.json" : error.message), kv: setting[name] ?? setting.kv_type, detail: clip(error.message, 400) };
  // An engine that does not run on the device: which ones do stands at the end of what the formulas say.
  const [, runs] = (key === "gpus" && setting.engine && /Fix: use engine (.+)\.$/.exec(error.message)) || [];
  if (runs) return complainOf("engine", say("refused-device", { engine: named(guide.engines[setting.engine]), others: runs.split(" or ").map((id) => named(guide.engines[id])).join(" / ") }));
  const told = error.told ? error.message : say(words[`refused-${name}`] ? `refused-${name}` : "refused", values);
  return name ? complainOf(name, told) : told;
}

let announcing;
function announce(text) {
  clearTimeout(announcing);
  announcing = setTimeout(() => { page.querySelector("[data-status]").textContent = text; }, 700);
}

// On a phone the verdict stays in sight while one fills in the form.
const strip = page.querySelector("[data-strip]");
const inSight = new Map();
const sight = new IntersectionObserver((entries) => {
  for (const entry of entries) inSight.set(entry.target, entry.isIntersecting);
  strip.hidden = inSight.get(page.querySelector("[data-verdict]")) || !inSight.get(page.querySelector("form"));
});
sight.observe(page.querySelector("[data-verdict]"));
sight.observe(page.querySelector("form"));

// --- One change, one answer ---

let free = Promise.resolve(); // once the question under way is answered

function update() {
  begin();
  const current = begun();
  const changed = offerFormats(control("quant").value || guide.defaults.quant);
  const setting = { ...read(Number(initial.hours)), file };
  takeNative(setting);
  if (changed) complain(field("quant"), control("quant"), changed);
  control("quant").removeAttribute("aria-invalid");
  field("ram_gib").hidden = sharesMemory(setting);
  if (sharesMemory(setting)) setting.ram_gib = null;
  if (setting.config && !reads()) return withReader(update);
  complain(field("gguf"), control("gguf"), "");
  busy();
  remember();
  free = free.then(() => (current() ? answer(setting) : undefined)).catch(console.error);
}

async function answer(setting) {
  const current = begun();
  let told;
  try {
    if (file && !file.summary) throw Object.assign(new RangeError(file.error), { field: "gguf", told: true });
    const text = setting.file?.key === "gguf" ? "" : setting.config;
    const result = await ask("answer", question(setting), text, setting.file?.key, [setting.ram_gib, setting.price, setting.tariff, setting.hours]);
    if (!current()) return;
    if (!Number.isSafeInteger(result.total.bytes)) throw Object.assign(new RangeError(), { field: "config" });
    page.querySelector("[data-try]").hidden = true;
    for (const name of Object.keys(roomFor)) roomFor[name] = "…"; // that of another question is none of this one
    told = show(setting, result);
    for (const more of [offerExperts, showRoom]) more(setting, result).catch(console.error);
  } catch (error) {
    if (!current()) return;
    told = refused(error, setting);
    clear();
    page.querySelector("[data-verdict]").textContent = told;
    page.querySelector("[data-verdict]").dataset.fits = "unknown";
  }
  announce(sentences(told, errors ? say("status-errors", { count: errors }) : ""));
  strip.textContent = page.querySelector("[data-verdict]").textContent;
  ready();
}

function start() {
  for (const name of ASKED) {
    const box = control(name);
    if (!box.options || name === "quant") continue;
    const { records } = KEYS[name];
    const options = records
      ? [["", "—"], ...Object.entries(guide[records]).map(([id, record]) => [id, named(record)])]
      : [...box.options].map(({ value }) => [value, value || say("by-default")]);
    fill(box, options, KEYS[name].default ?? "");
  }
  offerFormats(guide.defaults.quant);
  for (const name of BOXES) initial[name] = stateOf(control(name));
  attach(control("model"), models);
  attach(control("cpu"), processors);
  if (!restore()) {
    settle(control("model"), "model", guide.defaults.model, models);
    settle(control("gpu", addCard()), "gpu-1", guide.defaults.gpu, cards);
  }
  page.querySelector("[data-try] button").addEventListener("click", () => {
    // Left alone, the plan puts as many experts in RAM as are needed and no more: that is what was offered.
    for (const name of ["gpu_layers", "n_cpu_moe"]) control(name).value = "";
    update();
  });
  page.querySelector("[data-rest]").addEventListener("toggle", seen);
  page.querySelector("[data-add]").addEventListener("click", () => {
    control("gpu", addCard()).focus();
    update();
  });
  // Whoever opens the place for files and configurations finds their reader loaded.
  control("gguf").closest("details").addEventListener("toggle", () => { if (!reads()) withReader(update); });
  control("gguf").addEventListener("change", (event) => { if (event.target.files.length) open([...event.target.files]); });
  page.querySelector("[data-forget]").addEventListener("click", () => {
    forget();
    update();
  });
  page.addEventListener("dragover", (event) => event.preventDefault());
  page.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length) open([...event.dataTransfer.files]);
  });
  page.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  page.querySelector("form").addEventListener("input", (event) => {
    delete event.target.dataset.wrong;
    if (event.target.getAttribute("role") !== "combobox" && event.target.type !== "file") update();
  });
  page.querySelector("[data-share]").addEventListener("click", async (event) => {
    await navigator.clipboard.writeText(await link());
    const button = event.currentTarget ?? page.querySelector("[data-share]");
    const before = button.textContent;
    button.textContent = say("copied");
    setTimeout(() => { button.textContent = before; }, 1500);
  });
  page.addEventListener("question", update);
  addEventListener("hashchange", () => {
    if (isOther() && restore()) update();
  });
  // The other language answers the same question.
  const other = document.querySelector("[data-language]");
  other?.addEventListener("click", () => { other.hash = write(); });
  setTimeout(update); // between two frames: building the form took one
}

start();
