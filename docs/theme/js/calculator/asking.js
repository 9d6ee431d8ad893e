// The formulas beside the page, and whether the question that they were asked is still the one in the form.
import { complain, control, field } from "./fields.js";
import { page, say } from "./words.js";

const { ask, load } = globalThis.startFormulas(JSON.parse(page.dataset.formulas));
export { ask };

let count = 0;

/** Another question than before. */
export const begin = () => { count += 1; };

/** What tells whether the question of now is still asked: what is left of it between two frames is dropped when it is not. */
export function begun() {
  const mine = count;
  return () => mine === count;
}

const area = page.querySelector(".calculator-answer");
export const busy = () => area.setAttribute("aria-busy", "true");

export function ready() {
  area.dataset.ready = "";
  area.removeAttribute("aria-busy");
}

/** Whether the formulas at hand read files and configurations. */
export const reads = () => Boolean(page.dataset.reads);

// The same formulas with the reader of configurations, which are a third more: loaded when the first one is pasted.
let reader;

/** Load the reader of files and configurations, once; then do what needs it. */
export function withReader(then) {
  busy();
  reader ??= load(page.dataset.configs).then(() => {
    begin();
    page.dataset.reads = "configs";
    page.dispatchEvent(new Event("formulas"));
  });
  reader.then(then, () => {
    reader = undefined;
    complain(field("config"), control("config"), say("refused-config", { key: "config.json" }));
    ready();
  });
}
