// What the scripts of pages share: the words of a page, elements, and what records are called.
export const zh = document.documentElement.lang.startsWith("zh");
const language = zh ? "zh" : "en";
export const SHARES = ["unified", "integrated", "phone"];

/** The words of a page, in its language, and what fills values into them. */
export function wordsOf(place) {
  const words = JSON.parse(place.textContent);
  return { words, say: (name, values = {}) => words[name].replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? "")) };
}

export const clip = (text, most = 60) => (text.length > most ? `${text.slice(0, most)}…` : text);

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** What a record is called in the language of the page. */
export const named = (record) => (zh && record.name_zh) || (typeof record.name === "object" ? record.name[language] : record.name);

const KIND_WORDS = { laptop: "laptop notebook mobile 笔记本", unified: "unified 统一内存", integrated: "integrated igpu 核显 集成显卡", phone: "phone 手机" };

/** Records to choose from, found by every name that they or their family have; `more` are further choices. */
export const listed = (records, note, families, more = []) =>
  new globalThis.combobox.Choices(() => [
    ...Object.entries(records).map(([id, record]) => ({
      id, name: named(record), note: note(record), first: record.headline === true, since: record.released ?? (record.headline ? "9" : ""), // of today, though nobody states the day
      search: [record.name_zh && record.name, KIND_WORDS[record.kind], ...(record.also_called ?? []), ...(families[record.family]?.also_called ?? [])].filter(Boolean).join(" "),
    })),
    ...more,
  ]);
