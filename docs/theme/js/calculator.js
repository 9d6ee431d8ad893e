// The calculator page: reads the form, asks the formulas (asking.js), shows the answer, keeps the state in the address.
// Whatever is typed or stands in the address goes into the page as text only.
"use strict";

(() => {
  const page = document.querySelector("[data-calculator]");
  const { combobox, guide, modelFiles } = globalThis;
  if (!page || !guide) return;
  const { ask, load } = globalThis.startFormulas(JSON.parse(page.dataset.formulas));

  const zh = document.documentElement.lang.startsWith("zh");
  const language = zh ? "zh" : "en";
  const words = JSON.parse(page.querySelector("[data-words]").textContent);
  const say = (name, values = {}) => words[name].replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ""));
  const KEYS = JSON.parse(page.querySelector("[data-words]").dataset.keys); // the keys of a question, as it is declared
  const GIB = 2 ** 30;
  const MOST_CARDS = 64;

  // Numbers as the tables write them.
  function shown(value, digits) {
    if (value === null || value === undefined || !Number.isFinite(value)) return say("unknown");
    const places = digits ?? (value === 0 || Number.isInteger(value) ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))));
    const [whole, rest] = Math.abs(value).toFixed(places).split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
    return (value < 0 ? "−" : "") + grouped + (rest ? `.${rest}` : "");
  }
  const gib = (bytes) => `${shown(bytes / GIB, 2)} GiB`;
  const speed = (value) => say("tokens-per-second", { value: shown(value) });
  const seconds = (value) => (value < 1 ? `${shown(value * 1000)} ${zh ? "毫秒" : "ms"}` : `${shown(value)} ${zh ? "秒" : "s"}`);

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  // --- What can be chosen ---

  const named = (record) => (zh && record.name_zh) || (typeof record.name === "object" ? record.name[language] : record.name);
  const OTHER = "other"; // a card that is not listed, described by the reader
  const listed = (records, note, search, more = []) =>
    new combobox.Choices(() => [
      ...Object.entries(records).map(([id, record]) => ({
        id, name: named(record), note: note(record), first: record.headline === true, since: record.released ?? "",
        search: [record.name_zh && record.name, search?.(record), ...(record.also_called ?? [])].filter(Boolean).join(" "),
      })),
      ...more,
    ]);
  const models = listed(guide.models, (record) => record.publisher, (record) => guide.families[record.family].also_called?.join(" "));
  const KIND_WORDS = { laptop: "laptop notebook mobile 笔记本", unified: "unified 统一内存", integrated: "integrated igpu 核显 集成显卡", phone: "phone 手机" };
  const cards = listed(guide.gpus, (record) => (record.memory_gib ? `${shown(record.memory_gib)} GiB` : ""), (record) => [KIND_WORDS[record.kind], ...(guide["device-families"][record.family].also_called ?? [])].filter(Boolean).join(" "), [
    { id: OTHER, name: say("other-card"), search: "own custom 自定义 自己填" },
  ]);
  const processors = listed(guide.cpus, () => "");
  const recordsOf = new Map([[models, guide.models], [cards, guide.gpus], [processors, guide.cpus]]);
  const nameOf = (choices, id) => choices === cards && id === OTHER ? say("other-card") : (Object.hasOwn(recordsOf.get(choices), id) ? named(recordsOf.get(choices)[id]) : id);

  // Formats that an engine reads; without one, those that any engine of the guide reads.
  const engineOf = (quant) => guide.quantizations[quant].read_by.find((engine) => engine in guide.engines);
  const readable = (engine) => Object.keys(guide.quantizations).filter((quant) => (engine ? guide.quantizations[quant].read_by.includes(engine) : engineOf(quant)));

  // --- The form ---

  const field = (name, within = page) => within.querySelector(`[data-field="${name}"]`);
  const control = (name, within = page) => field(name, within).querySelector("input, select, textarea");
  const ASKED = Object.keys(KEYS).filter((name) => field(name) && name !== "gguf"); // keys that the form asks for
  const OWN = ["own-memory", "own-bandwidth", "own-family"]; // what a card is described by that is not listed
  const rows = page.querySelector("[data-rows]");
  const template = page.querySelector("[data-cards] template");
  let cardCount = 0;

  function fill(select, options, chosen) {
    select.replaceChildren(...options.map(([value, text]) => element("option", { value }, text)));
    if (chosen !== undefined) select.value = chosen;
  }

  function addCard(name = "", count = "1", size = "", own = []) {
    const row = template.content.cloneNode(true).firstElementChild;
    cardCount += 1;
    for (const part of ["gpu", "count", "size", ...OWN]) {
      const box = field(part, row);
      const input = box.querySelector("input, select");
      const error = box.querySelector("[data-error]");
      input.id = `calculator-${part}-${cardCount}`;
      error.id = `${input.id}-error`;
      input.setAttribute("aria-describedby", error.id);
      box.querySelector("label").htmlFor = input.id;
    }
    const input = control("gpu", row);
    const list = row.querySelector("[role=listbox]");
    list.id = `${input.id}-list`;
    input.setAttribute("aria-controls", list.id);
    input.value = name;
    control("count", row).value = count;
    row.dataset.size = size;
    row.dataset.number = cardCount;
    fill(control("own-family", row), Object.entries(guide["device-families"]).filter(([id]) => !id.startsWith("cpu-")).map(([id, record]) => [id, named(record)]));
    for (const [index, value] of own.entries()) {
      const given = control(OWN[index], row);
      given.value = value;
      if (given.options && (!value || given.value !== value)) {
        given.dataset.wrong = value;
        given.selectedIndex = 0;
      }
    }
    combobox.attach(input, cards, update);
    row.querySelector("[data-remove]").addEventListener("click", () => {
      row.remove();
      (rows.querySelector("input") ?? page.querySelector("[data-add]")).focus();
      update();
    });
    rows.append(row);
    return row;
  }

  const usable = {}; // the last good value of each field, used while what stands in it is not one
  let errors = 0;

  function complain(box, input, message) {
    const place = box.querySelector("[data-error]");
    place.textContent = message;
    place.hidden = !message;
    if (message) {
      input.setAttribute("aria-invalid", "true");
      errors += 1;
    } else input.removeAttribute("aria-invalid");
  }

  const sentences = (...parts) => parts.filter(Boolean).join(zh ? "" : " ");
  const instead = (used) => (used === null ? say("left-out") : say("used-instead", { used }));
  const clip = (text, most = 60) => (text.length > most ? `${text.slice(0, most)}…` : text);

  // A number in a field: digits of any width, groups, k for 1024 and m for its square.
  const number = (name, limits) => numberIn(field(name), control(name), name, limits);

  function numberIn(box, input, name, { least, most, whole = true, otherwise, empty }) {
    const typed = input.value.normalize("NFKC").trim();
    let message = "";
    let value = null;
    if (typed === "") {
      if (empty !== undefined) {
        complain(box, input, "");
        return empty;
      }
      message = say("missing");
    } else {
      const parts = typed.replace(/[,_\s]/g, "").match(/^([+-]?\d*\.?\d+(?:e[+-]?\d+)?)([km]?)$/i);
      value = parts ? Number(parts[1]) * { "": 1, k: 1024, m: 1024 ** 2 }[parts[2].toLowerCase()] : NaN;
      if (!Number.isFinite(value)) message = say("not-number", { value: clip(typed) });
      else if (whole && !Number.isInteger(value)) message = say("not-whole", { value: clip(typed) });
      else if (value < least) message = say("too-small", { limit: shown(least) });
      else if (value > most) message = say("too-large", { limit: shown(most) });
    }
    if (!message) usable[name] = value;
    const used = usable[name] ?? otherwise;
    complain(box, input, message && sentences(message, instead(used === null ? null : shown(used))));
    return used;
  }

  function choice(box, input, choices, key, unknown, otherwise, empty) {
    const typed = input.value.trim();
    if (usable[key] && input.dataset.settled === typed && nameOf(choices, usable[key]) === typed) {
      complain(box, input, "");
      return usable[key];
    }
    if (typed === "" && empty !== undefined) {
      complain(box, input, "");
      input.dataset.settled = "";
      return empty;
    }
    const { choice: found, near } = choices.resolve(typed);
    if (found) {
      usable[key] = found.id;
      input.value = found.name;
      input.dataset.settled = found.name;
      complain(box, input, "");
      return found.id;
    }
    const used = usable[key] ?? otherwise;
    const name = used ? nameOf(choices, used) : null;
    const told = typed === "" ? say("missing") : say(near.length ? "ambiguous" : unknown, { value: clip(typed) });
    const hint = near.length ? say("nearest", { near: near.slice(0, 3).map((one) => one.name).join(zh ? "、" : ", ") }) : "";
    complain(box, input, sentences(told, hint, instead(name)));
    return used;
  }

  // A choice that is known to be good needs no search.
  function settle(input, key, id, choices) {
    usable[key] = id;
    input.value = input.dataset.settled = nameOf(choices, id);
  }

  const selected = (name, otherwise) => selectedIn(field(name), control(name)) || otherwise;

  function selectedIn(box, input) {
    const wrong = input.dataset.wrong; // an id from the address that is no choice
    complain(box, input, wrong ? sentences(say("unknown-choice", { value: clip(wrong) }), say("used-instead", { used: input.selectedOptions[0]?.text ?? "" })) : "");
    return input.value;
  }

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

  function read() {
    errors = 0;
    const on = (name) => {
      complain(field(name), control(name), "");
      return control(name).checked;
    };
    const setting = {
      model: choice(field("model"), control("model"), models, "model", "unknown-model", guide.defaults.model),
      config: readConfig(),
      file,
      quant: selected("quant", guide.defaults.quant),
      context: number("context", { least: KEYS.context.low, most: KEYS.context.high, otherwise: 8192 }),
      gpus: readCards(),
      cpu: choice(field("cpu"), control("cpu"), processors, "cpu", "unknown-cpu", null, null),
      ram_gib: number("ram_gib", { least: 0.5, most: 65536, whole: false, otherwise: 64, empty: null }),
      price: number("price", { least: 0.01, most: 1e12, whole: false, otherwise: null, empty: null }),
      tariff: number("tariff", { least: 0, most: 1e6, whole: false, otherwise: null, empty: null }),
      hours: number("hours", { least: 0, most: 24, whole: false, otherwise: Number(initial.hours) }),
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

  // The formats to choose from: those that the engine reads, what most people take first. One that it cannot read is changed, and told.
  const RECOMMENDED = ["q4_k_m", "q5_k_m", "q6_k", "q8_0", "fp8", "w4a16-128g", "nvfp4", "mlx-4bit-64g", "mlx-8bit-64g"];
  function offerFormats(wanted) {
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

  // The formats in which a model came out in few bits: as a GGUF file, and as its publisher ships it.
  function nativesOf(model) {
    const own = guide.models[model]?.native_quant;
    return [guide.quantizations[own]?.gguf, own].filter(Boolean);
  }

  // A model that was released in few bits is run in them: another model brings its own format.
  let lastModel;
  function takeNative(setting) {
    const reads = readable(setting.engine || engineOf(guide.defaults.quant));
    const native = nativesOf(setting.model).find((quant) => reads.includes(quant));
    if (lastModel !== undefined && lastModel !== setting.model) {
      if (native) setting.quant = native;
      else if (nativesOf(lastModel).includes(setting.quant)) setting.quant = guide.defaults.quant;
      offerFormats(setting.quant);
    }
    lastModel = setting.model;
  }

  // Text that the formulas judge.
  function written(name) {
    complain(field(name), control(name), "");
    return control(name).value.trim() || null;
  }

  // --- The question, in the words of `python -m macros estimate` ---

  function question(setting) {
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

  // The same formulas with the reader of configurations, which are a third more: loaded when the first one is pasted.
  let reader;
  function withReader(then = update) {
    page.querySelector(".calculator-answer").setAttribute("aria-busy", "true");
    reader ??= load(page.dataset.configs).then(() => {
      asking += 1;
      weighed.clear();
      page.dataset.reads = "configs";
    });
    reader.then(then, () => {
      reader = undefined;
      complain(field("config"), control("config"), say("refused-config", { key: "config.json" }));
      ready();
    });
  }

  // A file takes the place of model, configuration and quantization until it is left.
  let file = null;

  async function open(chosen) {
    const tensors = chosen.filter((one) => modelFiles.isSafetensors(one) || modelFiles.isIndex(one));
    const models = tensors.length ? tensors : chosen.filter(modelFiles.isGguf);
    const [text] = chosen.filter(modelFiles.isText);
    const box = field("gguf");
    box.closest("details").open = true;
    if (!models.length && text) {
      forget();
      control("config").value = await text.text();
      delete control("config").dataset.wrong;
      return update();
    }
    if (!models.length) return complain(box, control("gguf"), say("file-unknown"));
    if (!page.dataset.reads) return withReader(() => open(chosen));
    box.querySelector("[data-file]").textContent = say("file-reading");
    if (tensors.length && text) control("config").value = await text.text();
    try {
      if (tensors.length && !control("config").value.trim()) throw Object.assign(new RangeError(say("file-without-config")), { field: "config" });
      const key = tensors.length ? "safetensors" : "gguf";
      file = { name: models[0].name, key, summary: await ask("open", models, key), error: "" };
    } catch (error) {
      if (!error.field) console.error(error);
      file = { name: models[0].name, error: say("refused-gguf", { detail: clip(error.message, 400) }) };
    }
    tellFile();
    update();
  }

  function tellFile() {
    const box = field("gguf");
    let told = "";
    if (file?.summary) {
      const { architecture, tensors, bytes, types } = file.summary;
      const most = Object.entries(types).slice(0, 4).map(([type, size]) => `${type} ${shown((100 * size) / bytes, 1)} %`);
      told = say("file-read", { name: clip(file.name), architecture: clip(architecture ?? file.key), tensors: shown(tensors), size: gib(bytes), types: most.join(", ") });
    }
    box.querySelector("[data-file]").textContent = told;
    box.querySelector("[data-forget]").hidden = !file;
    for (const name of ["model", "quant", "config"]) control(name).disabled = Boolean(file);
  }

  function forget() {
    file = null;
    control("gguf").value = "";
    complain(field("gguf"), control("gguf"), "");
    tellFile();
  }

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

  // --- The answer ---

  const PARTS = ["weights", "kv_cache", "compute_buffer", "runtime", "companions", "margin"];

  function bar(name, parts, total, layers) {
    const used = PARTS.slice(0, -1).reduce((sum, part) => sum + (parts[part] ?? 0), 0);
    const scale = Math.max(used + (parts.margin ?? 0), total ?? used) || 1;
    const left = total === null ? 0 : total - used - (parts.margin ?? 0);
    const strip = element("div", { class: "bar", "aria-hidden": "true" });
    const legend = element("ul", { class: "bar-legend" });
    for (const part of PARTS) {
      const bytes = parts[part] ?? 0;
      if (bytes <= 0) continue;
      const segment = element("span", { class: `bar-part bar-${part}` });
      segment.style.width = `${(100 * bytes) / scale}%`;
      strip.append(segment);
      legend.append(element("li", { class: `bar-key bar-${part}` }, `${say(part)} ${gib(bytes)}`));
    }
    if (total !== null) {
      const over = left < 0;
      if (over) {
        const line = element("span", { class: "bar-limit" });
        line.style.left = `${(100 * total) / scale}%`;
        strip.append(line);
      }
      legend.append(element("li", { class: over ? "bar-over" : "bar-key bar-free" }, `${say(over ? "over" : "free")} ${gib(Math.abs(left))}`));
    }
    const told = total === null ? gib(used) : say("of", { used: gib(used), total: gib(total) });
    const head = element("p", { class: "bar-name" }, element("strong", {}, name), ` ${told}`);
    if (layers) head.append(` · ${say("layers-here", { layers: shown(layers) })}`);
    return element("div", { class: "bar-of" }, head, strip, legend);
  }

  function figure(list, name, value, range, values) {
    const told = element("dd", {}, value);
    if (range) told.append(element("small", {}, range));
    list.append(element("div", { "data-figure": name }, element("dt", {}, say(name, values)), told));
  }

  const band = (low, high, written) => (low === null || low === undefined ? "" : say("range", { low: written(low), high: written(high) }));
  const bare = (value) => shown(value);

  // Memory that all devices share with the processor has no second part beside it.
  const SHARES = ["unified", "integrated", "phone"];
  const sharesMemory = ({ gpus }) => gpus.length > 0 && gpus.every((gpu) => SHARES.includes(guide.gpus[gpu.id ?? gpu]?.kind));

  function show(setting, result) {
    const verdict = page.querySelector("[data-verdict]");
    const { short_bytes: short, gpu_layers: onCards, layers } = result;
    const host = result.host.weights_bytes + result.host.kv_cache_bytes + result.host.compute_buffer_bytes;
    const split = setting.gpus.length > 0 && onCards < layers;
    const shared = sharesMemory(setting);
    let told;
    const { n_cpu_moe: apart = 0, users_that_fit: together } = result;
    if (short > 0 && setting.users > 1 && together > 0) told = say("short-users", { users: shown(setting.users), fit: shown(together) });
    else if (short > 0) told = say("short", { short: gib(short) });
    else if (!setting.gpus.length) told = say("fits-cpu", { host: gib(host) });
    else if (setting.experts_on_host && onCards === layers && host > result.weights.bytes / 4) told = say("fits-experts", { host: gib(host) });
    else if (apart > 0 && onCards === layers) told = say("fits-apart", { layers: shown(apart), host: gib(host) });
    else if (split) told = say("fits-split", { layers: say("layers-of", { value: onCards, total: layers }), host: gib(host) });
    else told = say("fits", { free: gib(result.spare_bytes) });
    if (result.decode) told = say(result.decode.basis === "spilled" ? "status-spilled" : "status", { verdict: told, speed: speed(result.decode.tokens_per_second) });
    verdict.textContent = told;
    verdict.dataset.fits = short > 0 ? "no" : split || apart > 0 || setting.experts_on_host ? "partly" : "yes";

    page.querySelector("[data-bars]").replaceChildren(
      ...result.devices.map((device, index) =>
        bar(
          nameOf(cards, device.id) + (result.devices.length > 1 ? ` ${index + 1}` : ""),
          {
            weights: device.weights_bytes,
            kv_cache: device.kv_cache_bytes,
            compute_buffer: device.compute_buffer_bytes,
            runtime: device.runtime_bytes,
            companions: device.companion_bytes,
            margin: device.margin_bytes,
          },
          device.usable_bytes,
          device.layers,
        ),
      ),
      ...(shared ? [] : [bar(
        say("host"),
        { weights: result.host.weights_bytes, kv_cache: result.host.kv_cache_bytes, compute_buffer: result.host.compute_buffer_bytes },
        setting.ram_gib === null ? null : setting.ram_gib * GIB,
      )]),
    );

    let list = element("dl");
    const { decode, prefill, first_token: first } = result;
    if (decode) figure(list, "figure-decode", speed(decode.tokens_per_second), band(decode.low, decode.high, bare));
    const { speculation: guesses, per_user: each, users_that_fit: conversations, users_at_fill: filled } = result;
    if (guesses) figure(list, "figure-guesses", speed(guesses.tokens_per_second), band(guesses.low, guesses.high, bare), { from: shown(100 * guesses.pays_from, 0) });
    if (each) figure(list, "figure-each", speed(each.tokens_per_second), say("each-first", { first: seconds(each.first_token_seconds), last: seconds(each.last_first_token_seconds) }));
    if (conversations !== undefined) figure(list, "figure-users", shown(conversations), say("users-filled", { users: shown(filled.users), fill: shown(100 * filled.fill, 0) }));
    figure(list, "figure-context", roomFor.context);
    if (first) figure(list, "figure-first", seconds(first.seconds), band(first.low, first.high, seconds), { tokens: shown(setting.prompt_tokens ?? 512) });
    const rest = element("dl");
    const more = page.querySelector("[data-more-figures]");
    page.querySelector("[data-figures]").replaceChildren(...list.children);
    list = rest;
    if (prefill) figure(list, "figure-prefill", speed(prefill.tokens_per_second), band(prefill.low, prefill.high, bare));
    if (setting.gpus.length) figure(list, "figure-layers", say("layers-of", { value: shown(onCards), total: shown(layers) }));
    figure(list, "figure-quant", roomFor.quant);
    if (setting.gpus.length) figure(list, "figure-fit", roomFor.fit);
    figure(list, "figure-file", gib(result.weights.bytes));
    figure(list, "figure-parameters", `${shown(result.parameters / 1e9, 2)} × 10⁹`);
    if (result.load) figure(list, "figure-load", seconds(result.load.seconds), say("load-cached", { value: seconds(result.load.cached_seconds) }));
    if (result.watts) figure(list, "figure-watts", `${shown(result.watts)} W`);
    if (result.tokens_per_second_per_1000) figure(list, "figure-value", speed(result.tokens_per_second_per_1000));
    if (result.tokens_per_joule) figure(list, "figure-joule", `${speed(result.tokens_per_joule)}/W`);
    if (result.kwh_per_year) figure(list, "figure-year", `${shown(result.kwh_per_year, 0)} kWh`);
    if (result.cost_per_year !== undefined) figure(list, "figure-year-cost", shown(result.cost_per_year));
    if (result.kwh_per_million) figure(list, "figure-energy", `${shown(result.kwh_per_million)} kWh`);
    if (result.cost_per_million !== undefined) figure(list, "figure-energy-cost", shown(result.cost_per_million));
    more.replaceChildren(...rest.children);

    const others = Object.entries(result.other_commands).map(([program, text]) => `\n# ${program}\n${text}`);
    page.querySelector("[data-command]").textContent = [result.command, ...others].join("\n");
    warn(result);
    return told;
  }

  // What the machine has room for at most. Formats that were never weighed for a model are weighed a few at a time, between two frames.
  const roomFor = { context: "…", quant: "…", fit: "…" };
  const weighed = new Set();
  // What is left of a question between two frames is dropped when another is asked, refused, or put to formulas loaded since.
  let asking = 0;

  // What stands among the figures that are folded away waits until they are opened.
  let unseen;
  function seen() {
    if (!page.querySelector("[data-rest]").open) return;
    unseen?.();
    unseen = undefined;
  }

  // What llama.cpp does by itself: a few more plans, so it comes last.
  async function showFit(setting) {
    const mine = asking;
    const { fit } = await ask("fit", setting.ram_gib);
    const line = page.querySelector("[data-figure=figure-fit]");
    if (mine !== asking || !line) return;
    if (!fit) return void line.remove();
    const layers = say("layers-here", { layers: shown(fit.gpu_layers) });
    const [from, to] = fit.layers_with_experts_in_ram ?? [null, null];
    roomFor.fit = !fit.fits ? say("fit-no") : say(from === null ? "fit-layers" : "fit-experts", { layers, from, to, speed: speed(fit.tokens_per_second) });
    line.querySelector("dd").textContent = roomFor.fit;
  }

  async function showRoom(setting) {
    const mine = asking;
    const who = setting.config || setting.model;
    const formats = setting.file ? [] : readable(setting.engine || engineOf(setting.quant));
    const left = formats.filter((quant) => !weighed.has(`${quant} ${setting.imatrix} ${who}`));
    while (left.length) {
      const count = await ask("weigh", left);
      for (const quant of left.splice(0, count)) weighed.add(`${quant} ${setting.imatrix} ${who}`);
      if (mine !== asking) return;
    }
    let room = null;
    for (let begins = true; room === null; begins = false) {
      room = await ask("room", begins, setting.ram_gib);
      if (mine !== asking) return;
    }
    roomFor.context = room.largest_context ? say("tokens", { value: shown(room.largest_context) }) : say("none");
    roomFor.quant = room.best_quantization ? named(guide.quantizations[room.best_quantization]) : say("none");
    page.querySelector("[data-figure=figure-context] dd").textContent = roomFor.context;
    page.querySelector("[data-figure=figure-quant] dd").textContent = roomFor.quant;
    unseen = () => mine === asking && showFit(setting).catch(console.error);
    seen();
  }

  // What a notice's value is called: the name of the record that it is an id of, or the value itself.
  const RECORDS_OF = JSON.parse(page.querySelector("[data-words]").dataset.records);

  function called(name, value) {
    if (typeof value === "number") return shown(value);
    if (value === OTHER) return say("other-card");
    const kind = (RECORDS_OF[name] ?? []).find((each) => Object.hasOwn(guide[each], value));
    return kind ? named(guide[kind][value]) : value;
  }

  function warn({ notices }) {
    const told = notices.map(({ code, values }) =>
      say(`notice-${code}`, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, called(name, value)]))).replaceAll("） ", "）"),
    );
    page.querySelector("[data-warnings]").replaceChildren(...told.map((text) => element("li", {}, text)));
  }

  // What helps most where a mixture of experts does not fit: its experts in RAM, offered with its speed.
  async function offerExperts(setting, result) {
    const mine = asking;
    if (setting.experts_on_host || sharesMemory(setting) || !setting.gpus.length || (result.short_bytes === 0 && result.gpu_layers === result.layers)) return;
    const found = await ask("experts", setting.ram_gib);
    const better = result.short_bytes > 0 || !(found.decode?.tokens_per_second <= result.decode?.tokens_per_second);
    if (mine !== asking || found.way !== "experts" || !better) return;
    const place = page.querySelector("[data-try]");
    place.firstElementChild.textContent = say("try-experts", { speed: speed(found.decode.tokens_per_second), host: gib(found.ram_bytes) });
    place.hidden = false;
  }

  function clear() {
    page.querySelector("[data-try]").hidden = true;
    page.querySelector("[data-more-figures]").replaceChildren();
    for (const name of ["bars", "figures", "warnings"]) page.querySelector(`[data-${name}]`).replaceChildren();
    page.querySelector("[data-command]").textContent = "";
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

  // --- The address ---

  const OWN_BOXES = ["ram_gib", "price", "tariff", "hours"];
  const BOXES = [...new Set([...ASKED, ...OWN_BOXES])].filter((name) => !["model", "config", "cpu"].includes(name));
  // Names that links had before the form's were those of the question.
  const OLD = {
    kv: "kv_type", "kv-v": "kv_type_v", channels: "memory_channels", ram: "ram_gib", layers: "gpu_layers", prompt: "prompt_tokens",
    flash: "flash_attention", experts: "experts_on_host", swa: "swa_full",
  };
  const stateOf = (box) => (box.type === "checkbox" ? (box.checked ? "1" : "0") : box.value.trim());
  const initial = {};

  function write() {
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
    update();
  }

  let own = "";
  let writing;
  function remember() {
    clearTimeout(writing);
    writing = setTimeout(async () => {
      await pack();
      own = write();
      if (location.hash !== own) location.replace(own);
    }, 300);
  }

  function restore() {
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
    lastModel = undefined;
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

  // --- One change, one answer ---

  let free = Promise.resolve(); // once the question under way is answered

  function update() {
    asking += 1;
    const mine = asking;
    const changed = offerFormats(control("quant").value || guide.defaults.quant);
    const setting = read();
    takeNative(setting);
    if (changed) complain(field("quant"), control("quant"), changed);
    control("quant").removeAttribute("aria-invalid");
    field("ram_gib").hidden = sharesMemory(setting);
    if (sharesMemory(setting)) setting.ram_gib = null;
    if (setting.config && !page.dataset.reads) return withReader();
    complain(field("gguf"), control("gguf"), "");
    page.querySelector(".calculator-answer").setAttribute("aria-busy", "true");
    remember();
    free = free.then(() => (mine === asking ? answer(setting) : undefined)).catch(console.error);
  }

  async function answer(setting) {
    const mine = asking;
    let told;
    try {
      if (file && !file.summary) throw Object.assign(new RangeError(file.error), { field: "gguf", told: true });
      const text = setting.file?.key === "gguf" ? "" : setting.config;
      const result = await ask("answer", question(setting), text, setting.file?.key, [setting.ram_gib, setting.price, setting.tariff, setting.hours]);
      if (mine !== asking) return;
      if (!Number.isSafeInteger(result.total.bytes)) throw Object.assign(new RangeError(), { field: "config" });
      page.querySelector("[data-try]").hidden = true;
      for (const name of Object.keys(roomFor)) roomFor[name] = "…"; // that of another question is none of this one
      told = show(setting, result);
      for (const more of [offerExperts, showRoom]) more(setting, result).catch(console.error);
    } catch (error) {
      if (mine !== asking) return;
      told = refused(error, setting);
      clear();
      page.querySelector("[data-verdict]").textContent = told;
      page.querySelector("[data-verdict]").dataset.fits = "unknown";
    }
    announce(sentences(told, errors ? say("status-errors", { count: errors }) : ""));
    strip.textContent = page.querySelector("[data-verdict]").textContent;
    ready();
  }

  function ready() {
    const place = page.querySelector(".calculator-answer");
    place.dataset.ready = "";
    place.removeAttribute("aria-busy");
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
    combobox.attach(control("model"), models, update);
    combobox.attach(control("cpu"), processors, update);
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
    control("gguf").closest("details").addEventListener("toggle", () => { if (!page.dataset.reads) withReader(); });
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
      await pack();
      own = write();
      const address = location.href.split("#")[0] + own;
      await navigator.clipboard.writeText(address);
      const button = event.currentTarget ?? page.querySelector("[data-share]");
      const before = button.textContent;
      button.textContent = say("copied");
      setTimeout(() => { button.textContent = before; }, 1500);
    });
    addEventListener("hashchange", () => {
      if (location.hash !== own && restore()) update();
    });
    // The other language answers the same question.
    const other = document.querySelector("[data-language]");
    other?.addEventListener("click", () => { other.hash = write(); });
    setTimeout(update); // between two frames: building the form took one
  }

  start();
})();
