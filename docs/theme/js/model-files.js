// Files that a reader chooses or drops: headers are read here, a slice from the beginning of each; nothing is sent anywhere.
"use strict";

globalThis.modelFiles = (() => {
  const SLICES = [2 ** 20, 2 ** 24, 40 * 2 ** 20]; // most headers are in the first, that of a large vocabulary in the second
  const LONGEST_TEXT = 8 * 2 ** 20;

  const byName = (a, b) => (a.name < b.name ? -1 : 1);
  const isGguf = (file) => /\.gguf$/i.test(file.name);
  const isText = (file) => /\.json$/i.test(file.name) && !isIndex(file) && file.size <= LONGEST_TEXT;

  // The header of a model's file, or of all its parts together, by the formulas' own reader.
  async function header(files, formulas, types) {
    const parts = [...files].sort(byName);
    let slices = parts.map((part) => [new Uint8Array(0), part.size]);
    for (const most of SLICES) {
      slices = await Promise.all(parts.map(async (part, number) => {
        const [before] = slices[number];
        const more = new Uint8Array(await part.slice(before.length, most).arrayBuffer());
        const slice = new Uint8Array(before.length + more.length);
        slice.set(before);
        slice.set(more, before.length);
        return [slice, part.size];
      }));
      try {
        return formulas.file_header(slices, types);
      } catch (error) {
        if (!error.more || most === SLICES.at(-1)) throw error;
      }
    }
  }

  // --- safetensors: the length of the header, then the header, which is JSON; or an index, alone or with its files ---

  const isIndex = (file) => /\.index\.json$/i.test(file.name);
  const isSafetensors = (file) => /\.safetensors$/i.test(file.name);
  const LENGTH = 8;

  function values(text, formulas, refuse) {
    try {
      return formulas.fromJson(JSON.parse(text));
    } catch {
      return refuse();
    }
  }

  // Text as it must be; where a byte is none of it, no JSON either.
  function text(bytes) {
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      return "";
    }
  }

  // The headers of a model's files together; what is wrong is said by the formulas' own reader.
  async function headers(files, formulas) {
    const parts = files.filter(isSafetensors).sort(byName);
    const [index] = files.filter(isIndex);
    if (!parts.length) {
      formulas.safetensors_length(index.size, index.size + LENGTH); // a long text is none
      return formulas.safetensors_index(values(text(await index.arrayBuffer()), formulas, () => null));
    }
    const found = [];
    for (const part of parts) {
      const first = new DataView(await part.slice(0, LENGTH).arrayBuffer());
      const length = formulas.safetensors_length(first.byteLength < LENGTH ? 0 : Number(first.getBigUint64(0, true)), part.size);
      const said = text(await part.slice(LENGTH, LENGTH + length).arrayBuffer());
      formulas.safetensors_count(said.split('"data_offsets"').length - 1, length);
      found.push(formulas.safetensors_header(values(said, formulas, () => null), length, part.size));
    }
    return formulas.safetensors_together(found);
  }

  // JSON as Python's libraries write it: a number without end is a word there, and no size.
  const parsed = (text) => JSON.parse(text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|-?\b(?:Infinity|NaN)\b/g, (word) => (word[0] === '"' ? word : `"${word}"`)));

  return { header, headers, isGguf, isIndex, isSafetensors, isText, parsed };
})();
