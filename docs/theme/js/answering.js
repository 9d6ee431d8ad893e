// The doors of the formulas: they take and give what can be sent between a page and a worker. Loaded in a worker, so that the page stays
// at hand while they compute; or in the page, where a browser starts none beside a page from the file system.
"use strict";

globalThis.answering = (() => {
  const LONGEST = 25; // what is done in pieces stops after so long: a newer question need not wait [ms]
  let catalogue;
  let asked; // the question that the other doors go on with
  let trials;
  let file = null; // the header of a chosen file
  let config = { text: "", dictionary: null }; // read once, so that what was computed of it is remembered

  function begin() {
    const { formulas, guide } = globalThis;
    const kinds = Object.keys(guide).filter((kind) => kind.replaceAll("-", "_") in formulas);
    catalogue = formulas.catalogueOf(guide, Object.fromEntries(kinds.map((kind) => [kind, formulas[kind.replaceAll("-", "_")]])));
    config = { text: "", dictionary: null };
  }

  function without(...keys) {
    const other = globalThis.formulas.copied(asked);
    for (const key of keys) other.delete(key);
    return other;
  }

  const doors = {
    /** Go on with formulas that were loaded since. */
    begin,

    /** Answer a question; `text` is a configuration's, `key` that of a chosen file. */
    answer(question, text, key, machine) {
      const { formulas } = globalThis;
      asked = formulas.fromJson(question);
      if (key) asked.set(key, file);
      if (text) {
        if (config.text !== text) config = { text, dictionary: formulas.fromJson(globalThis.modelFiles.parsed(text)) };
        asked.set("config", config.dictionary);
      }
      return formulas.toJson(formulas.overview(asked, catalogue, ...machine));
    },

    /** Weigh the model of the question in as many formats as there is time for; how many those were. */
    weigh(quants) {
      const start = performance.now();
      let count = 0;
      while (count < quants.length && performance.now() - start < LONGEST) {
        const one = without("engine", "gpu_layers");
        one.set("quant", quants[count]);
        globalThis.formulas.file_size(one, catalogue);
        count += 1;
      }
      return count;
    },

    /** What the machine of the question has room for: null as long as there are trials left. */
    room(begins, ram) {
      const { formulas } = globalThis;
      if (begins) trials = { left: formulas.room_trials(asked, catalogue, ram), found: null };
      const start = performance.now();
      while (performance.now() - start < LONGEST) {
        const { value, done } = trials.left.next();
        if (done) return formulas.toJson(trials.found);
        trials.found = value;
      }
      return null;
    },

    /** The way in which a machine runs a model. */
    way: (question, ram) => globalThis.formulas.toJson(globalThis.formulas.way(globalThis.formulas.fromJson(question), catalogue, ram)),

    /** The same question with as many experts in RAM as are needed. */
    experts: (ram) => globalThis.formulas.toJson(globalThis.formulas.way(without("gpu_layers"), catalogue, ram)),

    /** What the engine does by itself. */
    fit: (ram) => globalThis.formulas.toJson(globalThis.formulas.by_itself(asked, catalogue, ram)),

    /** Read the headers of a model's files, which the next questions are about; what there is in them. */
    async open(models, key) {
      const { formulas } = globalThis;
      const { tensor_types: types } = catalogue;
      file = await (key === "gguf" ? globalThis.modelFiles.header(models, formulas, types) : globalThis.modelFiles.headers(models, formulas));
      return formulas.toJson(key === "gguf" ? formulas.file_summary(file, types) : formulas.safetensors_summary(file));
    },
  };

  return async (door, values) => doors[door](...values);
})();

// In a worker: a message names what is to be loaded, or a door with what it takes.
if (!globalThis.document) {
  globalThis.addEventListener("message", async ({ data: { number, load, door, values } }) => {
    try {
      if (load) importScripts(...load);
      postMessage({ number, value: await globalThis.answering(load ? "begin" : door, values ?? []) });
    } catch ({ message, field, stack }) {
      postMessage({ number, refused: { message, field, stack } });
    }
  });
}
