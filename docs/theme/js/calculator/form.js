// The form as a whole: the settings in it, the formats that it offers, and the question that it asks.
import { SHARES, clip, element, named } from "../page.js";
import { OTHER, cards, engineOf, models, nativesOf, processors, readable } from "./choices.js";
import { ASKED, choice, complain, control, field, fill, number, numberIn, recount, rows, selected, selectedIn, usable, written } from "./fields.js";
import { KEYS, guide, instead, modelFiles, page, say, sentences, shown } from "./words.js";

const MOST_CARDS = 64;

function readCards() {
  const gpus = [];
  for (const row of rows.children) {
    const input = control("gpu", row);
    const sizeBox = field("size", row);
    const id = choice(field("gpu", row), input, cards, `gpu-${row.dataset.number}`, "unknown-card", null, null);
    const box = field("count", row);
    const countInput = control("count", row);
    const typed = countInput.value.normalize("NFKC").trim();
    const count = /^\d{1,4}$/.test(typed) ? Number(typed) : NaN;
    let used = count;
    let message = "";
    if (Number.isNaN(count)) message = say("not-whole", { value: clip(typed || " ") });
    else if (count < 1) message = say("too-small", { limit: 1 });
    else if (gpus.length + count > MOST_CARDS) message = say("too-many-cards", { limit: MOST_CARDS });
    if (message) used = 1;
    complain(box, countInput, message && sentences(message, say("used-instead", { used: 1 })));
    const sizes = id && id !== OTHER ? (guide.gpus[id].memory_sizes_gib ?? []) : [];
    row.querySelector("[data-own]").hidden = id !== OTHER;
    sizeBox.hidden = sizes.length < 2;
    const select = sizeBox.querySelector("select");
    if (sizes.length > 1 && select.dataset.of !== id) {
      select.dataset.of = id;
      fill(select, [...sizes].map((size) => [String(size), `${shown(size)} GiB`]), row.dataset.size || String(sizes[sizes.length - 1]));
      if (!select.value) select.value = String(sizes[sizes.length - 1]);
    }
    if (!id) continue;
    let card = sizes.length > 1 ? { id, memory_gib: Number(select.value) } : id;
    if (id === OTHER) {
      const own = (name, limits) => numberIn(field(name, row), control(name, row), `${name}-${row.dataset.number}`, { whole: false, ...limits });
      card = {
        id,
        memory_gib: own("own-memory", { least: 0.5, most: 4096, otherwise: 24 }),
        bandwidth_gb_per_s: own("own-bandwidth", { least: 1, most: 100_000, otherwise: 900 }),
        family: selectedIn(field("own-family", row), control("own-family", row)),
      };
    }
    for (let i = 0; i < used && gpus.length < MOST_CARDS; i++) gpus.push(card);
  }
  page.querySelector("[data-no-card]").hidden = gpus.length > 0;
  return gpus;
}

const LONGEST_CONFIG = 8 * 2 ** 20; // as on the command line; lists of modules make some published ones three million characters long

function readConfig() {
  const box = field("config");
  const input = control("config");
  const text = input.value.trim();
  let message = text || !input.dataset.wrong ? "" : say(input.dataset.wrong);
  let config = null;
  if (text.length > LONGEST_CONFIG) message = say("config-too-long");
  else if (text) {
    try {
      config = modelFiles.parsed(text);
      if (typeof config !== "object" || config === null || Array.isArray(config)) {
        message = say("config-not-object");
        config = null;
      }
    } catch {
      message = say("config-not-json");
    }
  }
  complain(box, input, message);
  return config === null ? "" : text;
}

/** The settings in the form; `hours` are those of a day where none are given. */
export function read(usualHours) {
  recount();
  const on = (name) => {
    complain(field(name), control(name), "");
    return control(name).checked;
  };
  const setting = {
    model: choice(field("model"), control("model"), models, "model", "unknown-model", guide.defaults.model),
    config: readConfig(),
    quant: selected("quant", guide.defaults.quant),
    context: number("context", { least: KEYS.context.low, most: KEYS.context.high, otherwise: 8192 }),
    gpus: readCards(),
    cpu: choice(field("cpu"), control("cpu"), processors, "cpu", "unknown-cpu", null, null),
    ram_gib: number("ram_gib", { least: 0.5, most: 65536, whole: false, otherwise: 64, empty: null }),
    price: number("price", { least: 0.01, most: 1e12, whole: false, otherwise: null, empty: null }),
    tariff: number("tariff", { least: 0, most: 1e6, whole: false, otherwise: null, empty: null }),
    hours: number("hours", { least: 0, most: 24, whole: false, otherwise: usualHours }),
  };
  for (const name of ASKED) {
    if (name in setting) continue;
    const { kind, low, high, default: usual } = KEYS[name];
    if (kind === "flag") setting[name] = on(name);
    else if (kind === "choice" || kind === "id") setting[name] = selected(name, "");
    else if (kind === "day" || kind === "any") setting[name] = written(name);
    else {
      const otherwise = typeof usual === "number" ? usual : null;
      setting[name] = number(name, { least: low, most: high, whole: kind !== "number", otherwise, empty: otherwise ?? null });
    }
  }
  if (setting.depth > setting.context) {
    complain(field("depth"), control("depth"), sentences(say("deeper-than-context", { limit: shown(setting.context) }), instead(shown(setting.context))));
    setting.depth = setting.context;
  }
  return setting;
}

// Memory that all devices share with the processor has no second part beside it.
export const sharesMemory = ({ gpus }) => gpus.length > 0 && gpus.every((gpu) => SHARES.includes(guide.gpus[gpu.id ?? gpu]?.kind));

// The formats to choose from: those that the engine reads, what most people take first. One that it cannot read is changed, and told.
const RECOMMENDED = ["q4_k_m", "q5_k_m", "q6_k", "q8_0", "fp8", "w4a16-128g", "nvfp4", "mlx-4bit-64g", "mlx-8bit-64g"];
export function offerFormats(wanted) {
  const select = control("quant");
  const engine = control("engine").value;
  const natives = nativesOf(usable.model);
  const offered = readable(engine);
  const first = [...new Set([...natives, ...RECOMMENDED])].filter((quant) => offered.includes(quant));
  const groups = [
    ["group-recommended", first],
    ["group-gguf", offered.filter((quant) => !first.includes(quant) && guide.quantizations[quant].kind === "gguf")],
    ["group-mlx", offered.filter((quant) => !first.includes(quant) && guide.quantizations[quant].kind === "mlx")],
    ["group-other", offered.filter((quant) => !first.includes(quant) && !["gguf", "mlx"].includes(guide.quantizations[quant].kind))],
  ];
  const made = groups.filter(([, quants]) => quants.length).map(([name, quants]) => element("optgroup", { label: say(name) },
    ...quants.map((quant) => element("option", { value: quant }, named(guide.quantizations[quant])))));
  const stamp = `${engine} ${natives}`;
  if (select.dataset.of !== stamp) {
    select.dataset.of = stamp;
    select.replaceChildren(...made);
  }
  if (offered.includes(wanted)) {
    select.value = wanted;
    return "";
  }
  const now = ["awq-4bit-128g", "mlx-4bit-64g", ...first, ...offered].find((quant) => offered.includes(quant));
  select.value = now;
  return wanted in guide.quantizations
    ? say("format-changed", { engine: named(guide.engines[engine]), before: named(guide.quantizations[wanted]), now: named(guide.quantizations[now]) }) : "";
}

// A model that was released in few bits is run in them: another model brings its own format.
let lastModel;
/** The next model is the first one. */
export const forgetModel = () => { lastModel = undefined; };

export function takeNative(setting) {
  const reads = readable(setting.engine || engineOf(guide.defaults.quant));
  const native = nativesOf(setting.model).find((quant) => reads.includes(quant));
  if (lastModel !== undefined && lastModel !== setting.model) {
    if (native) setting.quant = native;
    else if (nativesOf(lastModel).includes(setting.quant)) setting.quant = guide.defaults.quant;
    offerFormats(setting.quant);
  }
  lastModel = setting.model;
}

// The question, in the words of `python -m macros estimate`.
export function question(setting) {
  const asked = { context: setting.context, gpus: setting.gpus };
  if (!setting.file) asked.quant = setting.quant;
  for (const name of ASKED) {
    const value = setting[name];
    if (value !== null && value !== "" && value !== KEYS[name].default && !["config", "model", "quant"].includes(name)) asked[name] = value;
  }
  if (setting.users > 1 && asked.slots === undefined) Object.assign(asked, { profile: "server", slots: setting.users });
  if (!setting.config && !setting.file) asked.model = setting.model;
  return asked;
}
