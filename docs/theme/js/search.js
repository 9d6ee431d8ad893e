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

// What makes a question of a query, and says nothing of its subject.
const ASKING = zh
  ? /能不能|能否|能跑|能运行|跑得动|可以|怎么样|怎么|怎样|如何|哪个|哪些|哪种|什么|多少|有没有|需要|推荐|吗|呢|么|的|跑|？|\?/g
  : /\b(?:can|could|i|my|me|you|it|run|runs|running|on|with|a|an|the|for|of|to|in|is|are|do|does|how|much|many|what|which|best|should|need|will)\b|\?/gi;
const QUESTION = zh ? /[吗呢？?]$|^(?:怎么|怎样|如何|哪|什么|多少|有没有|能不能|能否).{4,}/ : /^(?:can|could|what|which|how|best|is|are|do|does|should|will)\s+\S+\s+\S+/i;
/** The words of a query that name its subject; a size of memory as the number that pages write. All of them where nothing is left. */
function subject(query) {
  const words = wordsOf(query.replace(/(\d+)\s*(?:gb|gib|g)\b/gi, "$1").replace(ASKING, " "));
  return words.length ? words : wordsOf(query);
}

/** The pages that hold all words, best first. Chinese is indexed by the character, so that a word is found wherever it stands: as
 *  characters side by side, a phrase. */
async function holding(engine, words) {
  const phrases = words.filter((word) => HAN.test(word)).map((word) => `"${[...word].join(" ")}"`);
  const others = words.filter((word) => !HAN.test(word)).join(" ");
  const found = await Promise.all([...(others ? [others] : []), ...phrases].map((asked) => engine.search(asked)));
  const [first = [], ...rest] = found.map(({ results }) => results);
  const held = rest.map((results) => new Set(results.map(({ id }) => id)));
  return first.filter(({ id }) => held.every((ids) => ids.has(id)));
}

/** The pages that hold most of the words, best first. */
async function holdingMost(engine, words) {
  const each = await Promise.all(words.map((word) => holding(engine, [word])));
  const pages = new Map();
  for (const results of each) {
    for (const result of results) {
      const page = pages.get(result.id) ?? { result, count: 0, score: 0 };
      page.count += 1;
      page.score += result.score / (results[0].score || 1);
      pages.set(result.id, page);
    }
  }
  const most = Math.max(0, ...[...pages.values()].map(({ count }) => count));
  return [...pages.values()].filter(({ count }) => count === most).sort((a, b) => b.score - a.score).map(({ result }) => result);
}

const used = new Map(); // query -> the words that its results hold

/** Where the index finds a query, best first; each is read when it is shown. Pages hold all words of the query; where none does, or the
 *  query is a question, those that name its subject; where none holds all of these, most of them. */
export async function find(query) {
  const engine = await ready();
  const words = wordsOf(query);
  const named = subject(query);
  for (const tried of QUESTION.test(query.trim()) ? [named] : [words, named]) {
    const found = await holding(engine, tried);
    if (found.length) {
      used.set(query, tried);
      return found;
    }
  }
  used.set(query, named);
  return named.length > 1 ? holdingMost(engine, named) : [];
}

/** Read some results. Of those that do not hold every word as it was typed, only as many as there is nothing better. */
export async function read(results, query) {
  const pages = await Promise.all(results.map((result) => result.data()));
  const words = (used.get(query) ?? wordsOf(query)).map((word) => word.toLowerCase());
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
    const holder = document.createElement("textarea"); // decodes what is escaped, and keeps the spaces at both ends
    holder.innerHTML = part.replaceAll("<", "&lt;");
    const text = holder.value;
    if (index % 2) piece.append(Object.assign(document.createElement("mark"), { textContent: text }));
    else piece.append(text);
  }
  return piece;
}

// In the copy that opens from a folder, links name their files.
const address = (url) => (globalThis.offlineModule ? url.replace(/\/(?=#|$)/, "/index.html") : url);

// What a result is: a chapter, or the page of one device or model.
const kindOf = (url) => {
  const kind = url.match(/\/(devices|models)\/[^/]+\/$/)?.[1];
  return kind === "devices" ? say("设备", "Device") : kind === "models" ? say("模型", "Model") : say("章节", "Chapter");
};

function item(page) {
  const li = document.createElement("li");
  const a = Object.assign(document.createElement("a"), { href: address(page.url) });
  const title = Object.assign(document.createElement("b"), { textContent: page.meta.title });
  title.append(Object.assign(document.createElement("small"), { textContent: kindOf(page.url) }));
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
  const waiting = setTimeout(() => { if (mine === asked) status.textContent = say("正在搜索……", "Searching …"); }, 200);
  try {
    results = await find(query);
    pages = await read(results.slice(0, SHOWN), query);
  } catch {
    status.textContent = say("搜索暂不可用，请检查网络后重试。", "The search is not available: check the connection and try again.");
    return;
  } finally { clearTimeout(waiting); }
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
