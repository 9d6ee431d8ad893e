// The calculator's page: its words, the keys of a question as it is declared, and numbers as the tables write them.
import { wordsOf, zh } from "../page.js";

export const { combobox, guide, modelFiles } = globalThis; // of the scripts before this one
export const page = document.querySelector("[data-calculator]");
const given = page.querySelector("[data-words]");
export const { words, say } = wordsOf(given);
export const KEYS = JSON.parse(given.dataset.keys);
export const RECORDS_OF = JSON.parse(given.dataset.records); // kinds of records that a notice's value may be an id of
export const GIB = 2 ** 30;

export function shown(value, digits) {
  if (value === null || value === undefined || !Number.isFinite(value)) return say("unknown");
  const places = digits ?? (value === 0 || Number.isInteger(value) ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))));
  const [whole, rest] = Math.abs(value).toFixed(places).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return (value < 0 ? "−" : "") + grouped + (rest ? `.${rest}` : "");
}
export const gib = (bytes) => `${shown(bytes / GIB, 2)} GiB`;
export const speed = (value) => say("tokens-per-second", { value: shown(value) });
export const seconds = (value) => (value < 1 ? `${shown(value * 1000)} ${zh ? "毫秒" : "ms"}` : `${shown(value)} ${zh ? "秒" : "s"}`);

export const sentences = (...parts) => parts.filter(Boolean).join(zh ? "" : " ");
export const instead = (used) => (used === null ? say("left-out") : say("used-instead", { used }));
