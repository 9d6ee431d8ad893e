// The fields of the form: what stands in each, and what is said beside one where that cannot be used.
import { clip, element, named, zh } from "../page.js";
import { cards, nameOf } from "./choices.js";
import { KEYS, combobox, guide, instead, page, say, sentences, shown } from "./words.js";

/** Tell that the question may be another one. */
export const changed = () => page.dispatchEvent(new Event("question"));
export const attach = (input, choices) => combobox.attach(input, choices, changed);

export const field = (name, within = page) => within.querySelector(`[data-field="${name}"]`);
export const control = (name, within = page) => field(name, within).querySelector("input, select, textarea");
export const ASKED = Object.keys(KEYS).filter((name) => field(name) && name !== "gguf"); // keys that the form asks for
export const OWN = ["own-memory", "own-bandwidth", "own-family"]; // what a card is described by that is not listed
export const rows = page.querySelector("[data-rows]");
const template = page.querySelector("[data-cards] template");
let cardCount = 0;

export function fill(select, options, chosen) {
  select.replaceChildren(...options.map(([value, text]) => element("option", { value }, text)));
  if (chosen !== undefined) select.value = chosen;
}

export function addCard(name = "", count = "1", size = "", own = []) {
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
  attach(input, cards);
  row.querySelector("[data-remove]").addEventListener("click", () => {
    row.remove();
    (rows.querySelector("input") ?? page.querySelector("[data-add]")).focus();
    changed();
  });
  rows.append(row);
  return row;
}

export const usable = {}; // the last good value of each field, used while what stands in it is not one
export let errors = 0; // fields in which something is wrong

/** Count mistakes anew. */
export const recount = () => { errors = 0; };

export function complain(box, input, message) {
  const place = box.querySelector("[data-error]");
  place.textContent = message;
  place.hidden = !message;
  if (message) {
    input.setAttribute("aria-invalid", "true");
    errors += 1;
  } else input.removeAttribute("aria-invalid");
}


// A number in a field: digits of any width, groups, k for 1024 and m for its square.
export const number = (name, limits) => numberIn(field(name), control(name), name, limits);

export function numberIn(box, input, name, { least, most, whole = true, otherwise, empty }) {
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

export function choice(box, input, choices, key, unknown, otherwise, empty) {
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
export function settle(input, key, id, choices) {
  usable[key] = id;
  input.value = input.dataset.settled = nameOf(choices, id);
}

export const selected = (name, otherwise) => selectedIn(field(name), control(name)) || otherwise;

export function selectedIn(box, input) {
  const wrong = input.dataset.wrong; // an id from the address that is no choice
  complain(box, input, wrong ? sentences(say("unknown-choice", { value: clip(wrong) }), say("used-instead", { used: input.selectedOptions[0]?.text ?? "" })) : "");
  return input.value;
}

// Text that the formulas judge.
export function written(name) {
  complain(field(name), control(name), "");
  return control(name).value.trim() || null;
}
