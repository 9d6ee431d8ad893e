// What can be chosen: models, cards, processors, and the formats that an engine reads.
import { listed, named } from "../page.js";
import { guide, say, shown } from "./words.js";

export const OTHER = "other"; // a card that is not listed, described by the reader
export const models = listed(guide.models, (record) => record.publisher, guide.families);
export const cards = listed(guide.gpus, (record) => (record.memory_gib ? `${shown(record.memory_gib)} GiB` : ""), guide["device-families"], [
  { id: OTHER, name: say("other-card"), search: "own custom 自定义 自己填" },
]);
export const processors = listed(guide.cpus, () => "", {});
const recordsOf = new Map([[models, guide.models], [cards, guide.gpus], [processors, guide.cpus]]);
export const nameOf = (choices, id) => choices === cards && id === OTHER ? say("other-card") : (Object.hasOwn(recordsOf.get(choices), id) ? named(recordsOf.get(choices)[id]) : id);

// Formats that an engine reads; without one, those that any engine of the guide reads.
export const engineOf = (quant) => guide.quantizations[quant].read_by.find((engine) => engine in guide.engines);
export const readable = (engine) => Object.keys(guide.quantizations).filter((quant) => (engine ? guide.quantizations[quant].read_by.includes(engine) : engineOf(quant)));

// The formats in which a model came out in few bits: as a GGUF file, and as its publisher ships it.
export function nativesOf(model) {
  const own = guide.models[model]?.native_quant;
  return [guide.quantizations[own]?.gguf, own].filter(Boolean);
}
