// Search: nothing of it is loaded before its first use. The index is Pagefind's, each language its own.
const zh = document.documentElement.lang.startsWith("zh");
const say = (chinese, english) => (zh ? chinese : english);
const home = new URL(document.querySelector("[data-search]").dataset.search, location.href);
const SHOWN = 12;

let engine;
const ready = () => (engine ??= (async () => {
  const name = "pagefind/pagefind.js";
  const pagefind = await (globalThis.offlineModule?.(name) ?? import(new URL(name, home).href));
  await pagefind.options({ baseUrl: home.pathname, excerptLength: zh ? 56 : 22 });
  await pagefind.init();
  return pagefind;
})());

const HAN = /[\u3400-\u9fff]/;
const wordsOf = (query) => query.replaceAll('"', " ").match(/[\u3400-\u9fff]+|[^\s\u3400-\u9fff]+/g) ?? [];

/** Where the index finds a query, best first; each is read when it is shown. Pages hold all words of the query.
 *  Chinese is indexed by the character, so that a word is found wherever it stands: as characters side by side, a phrase. */
export async function find(query) {
  const engine = await ready();
  const words = wordsOf(query);
  const phrases = words.filter((word) => HAN.test(word)).map((word) => `"${[...word].join(" ")}"`);
  const others = words.filter((word) => !HAN.test(word)).join(" ");
  const found = await Promise.all([...(others ? [others] : []), ...phrases].map((asked) => engine.search(asked)));
  const [first = [], ...rest] = found.map(({ results }) => results);
  const held = rest.map((results) => new Set(results.map(({ id }) => id)));
  return first.filter(({ id }) => held.every((ids) => ids.has(id)));
}

/** Read some results. Of those that do not hold every word as it was typed, only as many as there is nothing better. */
export async function read(results, query) {
  const pages = await Promise.all(results.map((result) => result.data()));
  const words = wordsOf(query.toLowerCase());
  for (const { meta } of pages) meta.title = meta.title.replaceAll("\u200b", "");
  const exact = pages.filter(({ content, meta }) => {
    const text = `${meta.title} ${content}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  return exact.length ? exact : pages;
}

const dialog = document.createElement("dialog");
dialog.className = "search";
dialog.setAttribute("aria-label", say("搜索本站", "Search this site"));
const form = document.createElement("form");
form.method = "dialog";
const input = Object.assign(document.createElement("input"), { type: "search", autocomplete: "off", spellcheck: false, placeholder: say("型号、模型、术语……", "A card, a model, a term …") });
input.setAttribute("aria-label", say("搜索词", "Search for"));
input.setAttribute("aria-controls", "search-results");
const close = Object.assign(document.createElement("button"), { type: "submit", textContent: say("关闭", "Close") });
const status = document.createElement("p");
status.setAttribute("role", "status");
const list = Object.assign(document.createElement("ol"), { id: "search-results" });
form.append(input, close);
dialog.append(form, status, list);
document.body.append(dialog);

// Excerpts are the index's own text with <mark> around the words: read as text and marks, never as HTML.
function marked(excerpt) {
  const piece = document.createDocumentFragment();
  for (const [index, part] of excerpt.split(/<\/?mark>/).entries()) {
    const text = new DOMParser().parseFromString(part.replaceAll("<", "&lt;"), "text/html").body.textContent;
    if (index % 2) piece.append(Object.assign(document.createElement("mark"), { textContent: text }));
    else piece.append(text);
  }
  return piece;
}

// In the copy that opens from a folder, links name their files.
const address = (url) => (globalThis.offlineModule ? url.replace(/\/(?=#|$)/, "/index.html") : url);

function item(page) {
  const li = document.createElement("li");
  const a = Object.assign(document.createElement("a"), { href: address(page.url) });
  const title = Object.assign(document.createElement("b"), { textContent: page.meta.title });
  const text = document.createElement("span");
  text.append(marked(page.excerpt));
  a.append(title, text);
  li.append(a);
  return li;
}

let asked = 0;
async function answer() {
  const query = input.value.trim();
  const mine = ++asked;
  if (!query) { list.replaceChildren(); status.textContent = ""; return; }
  let results, pages;
  try {
    results = await find(query);
    pages = await read(results.slice(0, SHOWN), query);
  } catch { status.textContent = say("搜索索引不可用：先运行 make site。", "There is no search index: run make site first."); return; }
  if (mine !== asked) return;
  const rest = results.slice(SHOWN);
  const count = pages.length + rest.length;
  status.textContent = count ? say(`${count} 页`, `${count} page${count === 1 ? "" : "s"}`) : say("没有找到", "Nothing found");
  list.replaceChildren(...pages.map(item));
  if (rest.length) {
    const more = Object.assign(document.createElement("button"), { type: "button", textContent: say("全部显示", "Show all") });
    more.addEventListener("click", async () => {
      const last = more.parentElement.previousElementSibling;
      const others = await read(rest, query);
      more.parentElement.remove();
      list.append(...others.map(item));
      last?.nextElementSibling?.querySelector("a")?.focus();
    });
    const li = document.createElement("li");
    li.append(more);
    list.append(li);
  }
}

input.addEventListener("input", answer);
form.addEventListener("submit", (event) => {
  if (event.submitter === close) return;
  event.preventDefault();
  list.querySelector("a")?.click();
});
dialog.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const stops = [input, ...list.querySelectorAll("a, button")];
  stops[Math.max(0, Math.min(stops.length - 1, stops.indexOf(document.activeElement) + step))].focus();
});
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

export function open() {
  if (!dialog.open) dialog.showModal();
  input.focus();
  input.select();
  ready().catch(() => {});
}
