// What the machine has room for at most, what the engine does by itself, and what helps most where a mixture does not fit.
import { named } from "../page.js";
import { ask, begun } from "./asking.js";
import { engineOf, readable } from "./choices.js";
import { sharesMemory } from "./form.js";
import { gib, guide, page, say, shown, speed } from "./words.js";

// What the machine has room for at most. Formats that were never weighed for a model are weighed a few at a time, between two frames.
export const roomFor = { context: "…", quant: "…", fit: "…" };
const weighed = new Set();
page.addEventListener("formulas", () => weighed.clear()); // which remember nothing

// What stands among the figures that are folded away waits until they are opened.
let unseen;
export function seen() {
  if (!page.querySelector("[data-rest]").open) return;
  unseen?.();
  unseen = undefined;
}

// What llama.cpp does by itself: a few more plans, so it comes last.
async function showFit(setting) {
  const current = begun();
  const { fit } = await ask("fit", setting.ram_gib);
  const line = page.querySelector("[data-figure=figure-fit]");
  if (!current() || !line) return;
  if (!fit) return void line.remove();
  const layers = say("layers-here", { layers: shown(fit.gpu_layers) });
  const [from, to] = fit.layers_with_experts_in_ram ?? [null, null];
  roomFor.fit = !fit.fits ? say("fit-no") : say(from === null ? "fit-layers" : "fit-experts", { layers, from, to, speed: speed(fit.tokens_per_second) });
  line.querySelector("dd").textContent = roomFor.fit;
}

export async function showRoom(setting) {
  const current = begun();
  const who = setting.config || setting.model;
  const formats = setting.file ? [] : readable(setting.engine || engineOf(setting.quant));
  const left = formats.filter((quant) => !weighed.has(`${quant} ${setting.imatrix} ${who}`));
  while (left.length) {
    const count = await ask("weigh", left);
    for (const quant of left.splice(0, count)) weighed.add(`${quant} ${setting.imatrix} ${who}`);
    if (!current()) return;
  }
  let room = null;
  for (let begins = true; room === null; begins = false) {
    room = await ask("room", begins, setting.ram_gib);
    if (!current()) return;
  }
  roomFor.context = room.largest_context ? say("tokens", { value: shown(room.largest_context) }) : say("none");
  roomFor.quant = room.best_quantization ? named(guide.quantizations[room.best_quantization]) : say("none");
  page.querySelector("[data-figure=figure-context] dd").textContent = roomFor.context;
  page.querySelector("[data-figure=figure-quant] dd").textContent = roomFor.quant;
  unseen = () => current() && showFit(setting).catch(console.error);
  seen();
}

// What helps most where a mixture of experts does not fit: its experts in RAM, offered with its speed.
export async function offerExperts(setting, result) {
  const current = begun();
  if (setting.experts_on_host || sharesMemory(setting) || !setting.gpus.length || (result.short_bytes === 0 && result.gpu_layers === result.layers)) return;
  const found = await ask("experts", setting.ram_gib);
  const better = result.short_bytes > 0 || !(found.decode?.tokens_per_second <= result.decode?.tokens_per_second);
  if (!current() || found.way !== "experts" || !better) return;
  const place = page.querySelector("[data-try]");
  place.firstElementChild.textContent = say("try-experts", { speed: speed(found.decode.tokens_per_second), host: gib(found.ram_bytes) });
  place.hidden = false;
}
