// Files that a reader chooses or drops, read beside the page.
import { clip } from "../page.js";
import { ask, reads, withReader } from "./asking.js";
import { changed, complain, control, field } from "./fields.js";
import { gib, modelFiles, say, shown } from "./words.js";

// A file takes the place of model, configuration and quantization until it is left.
export let file = null;

/** Read what was chosen or dropped: a model's file, all its parts, or a configuration. */
export async function open(chosen) {
  const tensors = chosen.filter((one) => modelFiles.isSafetensors(one) || modelFiles.isIndex(one));
  const models = tensors.length ? tensors : chosen.filter(modelFiles.isGguf);
  const [text] = chosen.filter(modelFiles.isText);
  const box = field("gguf");
  box.closest("details").open = true;
  if (!models.length && text) {
    forget();
    control("config").value = await text.text();
    delete control("config").dataset.wrong;
    return changed();
  }
  if (!models.length) return complain(box, control("gguf"), say("file-unknown"));
  if (!reads()) return withReader(() => open(chosen));
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
  changed();
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

export function forget() {
  file = null;
  control("gguf").value = "";
  complain(field("gguf"), control("gguf"), "");
  tellFile();
}
