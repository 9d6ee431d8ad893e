// Files that a reader chooses or drops: headers are read here, a slice from the beginning of each; nothing is sent anywhere.
"use strict";

globalThis.modelFiles = (() => {
  const SLICES = [2 ** 20, 2 ** 24, 40 * 2 ** 20]; // most headers are in the first, that of a large vocabulary in the second
  const LONGEST_TEXT = 200_000;

  const byName = (a, b) => (a.name < b.name ? -1 : 1);
  const isGguf = (file) => /\.gguf$/i.test(file.name);
  const isText = (file) => /\.json$/i.test(file.name) && file.size <= LONGEST_TEXT;

  // The header of a model's file, or of all its parts together, by the formulas' own reader.
  async function header(files, formulas, types) {
    const parts = [...files].sort(byName);
    for (const most of SLICES) {
      const slices = [];
      for (const part of parts) slices.push([new Uint8Array(await part.slice(0, most).arrayBuffer()), part.size]);
      try {
        return formulas.file_header(slices, types);
      } catch (error) {
        if (!error.more || most === SLICES.at(-1)) throw error;
      }
    }
  }

  return { header, isGguf, isText };
})();
