// Records and formulas for pages that ask a question of their own: loaded once, when a form is touched; the formulas beside the page.
import { listed } from "./page.js";

export const NONE = "none"; // no card

const load = (address) => new Promise((resolve, reject) => {
  const script = Object.assign(document.createElement("script"), { src: address });
  script.addEventListener("load", resolve);
  script.addEventListener("error", reject);
  document.head.append(script);
});

let ready;
/** {guide, combobox, gpus, models, way}; `scripts` are addresses for the page, `formulas` those of the formulas. */
export const prepared = ({ scripts, formulas }, noCard) => (ready ??= (async () => {
  for (const address of scripts) await load(address);
  const { guide, combobox } = globalThis;
  const { ask } = globalThis.startFormulas(formulas);
  const way = (question, ram) => ask("way", question, ram); // as `macros.estimate.ways` finds it
  const none = noCard ? [{ id: NONE, name: noCard, search: "cpu none 没有显卡 无显卡 核显", first: true, since: "9" }] : [];
  const gpus = listed(guide.gpus, (record) => (record.memory_gib ? `${record.memory_gib} GiB` : ""), guide["device-families"], none);
  const models = listed(guide.models, (record) => record.publisher, guide.families);
  return { guide, combobox, gpus, models, way };
})());

export const sizesOf = ({ guide }, gpu) => [...(guide.gpus[gpu]?.memory_sizes_gib ?? [])];
export const shown = (value) => value.toFixed(value >= 10 ? 0 : 1);
