// Search: nothing of it is loaded before its first use. The index is Pagefind's, each language its own.
const zh = document.documentElement.lang.startsWith("zh");
const say = (chinese, english) => (zh ? chinese : english);
const home = new URL(document.querySelector("[data-search]").dataset.search, location.href);
const SHOWN = 12;
const CALLED = 12; // pages that a name leads to, at most

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
  ? /家用|家里的|普通|为什么|为何|能不能|能否|能跑|能运行|能用|够不够|够用|行不行|要不要|会不会|值得|跑得动|可以|怎么办|怎么样|怎么|怎样|如何|哪个|哪些|哪种|是什么|什么|差多少|多少|多大|多快|有没有|区别|差别|哪个好|需要|推荐|吗|呢|么|的|跑|要|买|好|？|\?/g
  : /\b(?:can|could|i|my|me|you|it|run|runs|running|on|with|a|an|the|for|of|to|in|is|are|do|does|how|why|much|many|what|which|best|should|need|will|fits?)\b|\?/gi;
const QUESTION = zh ? /[吗呢？?]$|^(?:怎么|怎样|如何|哪|什么|为什么|为何|多少|有没有|能不能|能否).{4,}/ : /^(?:can|could|what|which|how|why|best|is|are|do|does|should|will)\s+\S+\s+\S+/i;
const SIZE = /(\d+)\s*(?:gb|gib|g)(?![a-z\d])/gi;
// What is said of a size of memory and names nothing else.
const SIZED = zh ? /显存|内存|显卡|大模型|模型|电脑|一张|卡/g : /\b(?:v?ram|memory|models?|llms?|cards?|gpus?|computer|pc)\b/gi;
// Of these a chapter is called.
const OF_SIZE = zh ? /显存|内存/ : /\bv?ram\b/i;
// How many people: numbers that are no part of a name.
const COUNTED = zh ? /\d+\s*(?=个?(?:人|用户|并发|路))/g : /\d+\s*(?=(?:users?|people|persons?|clients?|seats?|employees)\b)/gi;
// How much money: no number that names anything.
const MONEY = zh ? /预算\s*\d+\s*(?:元|块钱?)?|\d{3,}\s*(?:元|块钱?)(?:以内|以下|左右)?/g
  : /\b(?:budget(?:\s+of)?|under|below)\s*[$€£]?\d+(?![\w.])(?:\s*(?:dollars?|usd|euros?|eur|bucks))?|[$€£]\d+|\b\d+\s*(?:dollars?|usd|euros?|eur|bucks)\b/gi;
// Several of one card: "2x3090", "3090 x2", "4卡2080ti".
const SEVERAL = /(?<![\w.])([2-9])\s*[x×*卡张]\s*(?=[a-z ]*\d{3})|(?<=\d{3}[a-z ]*)[x×*]\s*([2-9])(?![\w.])/gi;
const AGAINST = /(?<=\d[a-z]{0,2})(?:vs|和|对比?)(?=[a-z ]*\d)/gi; // "3090vs4090"
const MOBILE = /游戏本|轻薄本|移动版|笔电|\b(?:mobile|notebook)\b/gi; // a card of that name in a laptop
const OWNER = /(?<=[^\s/]{3})\/(?=[^\s/]{3})/g; // "owner/name" of a repository
/** What a program prints, in words: "torch.cuda.OutOfMemoryError". */
const told = (query) => query.replace(/[\w.]*[a-z]Error\b/g, (name) => name.replaceAll(".", " ").replace(/(?<=[a-z])(?=[A-Z])/g, " "));
/** A query without counts, with several cards in a word, and sizes in one form. */
const plain = (query) => told(query).replace(OWNER, " ").replace(AGAINST, say(" 对比 ", " vs ")).replace(MOBILE, (word) => (/\d/.test(query) ? say("笔记本", "laptop") : word)).replace(COUNTED, "")
  .replace(MONEY, say(" 预算 ", " budget ")).replace(SEVERAL, () => say(" 多卡 ", " dual ")).replace(SIZE, "$1gb").trim() || query;
/** Whether a query asks what a size of memory runs, and names neither device nor model. */
const sized = (query) => query.search(SIZE) >= 0 && !query.replace(SIZE, " ").replace(ASKING, " ").replace(SIZED, " ").trim();
/** The words of a query that name its subject, without a size of memory beside a name. All of them where nothing is left. */
function subject(query) {
  const named = query.replace(ASKING, " ");
  const words = wordsOf(named.replace(SIZE, " "));
  if (words.join("").replace(SIZED, "")) return words;
  const all = wordsOf(named.replace(SIZE, "$1"));
  return all.length ? all : wordsOf(query);
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

// What a reader ran together without a space: Chinese in words of two characters and more, where it can be cut into such, else by twos.
const cutter = new Intl.Segmenter(document.documentElement.lang, { granularity: "word" });
const twos = (word) => [...word].slice(1).map((character, at) => word[at] + character);
const pieces = (words) => words.flatMap((word) => {
  if (!HAN.test(word) || word.length < 3) return [word];
  const cut = [...cutter.segment(word)].map(({ segment }) => segment).filter((piece) => piece.length > 1);
  return cut.length ? cut : twos(word);
});

/** The pages that are chapters. */
let known;
const chaptersOf = (engine) => (known ??= engine.search(null, { filters: { kind: "chapter" } }).then(({ results }) => new Set(results.map(({ id }) => id))));

/** The pages that hold most of the words, best first; of those that hold as many, chapters. */
async function holdingMost(engine, words) {
  const chapters = await chaptersOf(engine);
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
  return [...pages.values()].filter(({ count }) => count === most)
    .sort((a, b) => chapters.has(b.result.id) - chapters.has(a.result.id) || b.score - a.score).map(({ result }) => result);
}

// What a page is called, with its other names, in the parts that a reader may type: "RTX 4090", "qwen3.6" also as "qwen" and "3.6".
const APART = /[\s()（）,，、。·:：;；-]+/;
const parts = (name) => name.split(APART).flatMap((part) => [part, ...(part.match(/[a-z]+|[\d.]+/g)?.slice(1) ?? [])]).filter(Boolean);
const run = (name) => name.replace(/[\s_-]+/g, "");
/** How much of a word is a name, from its beginning: "qwen3-8b-q4_k_m.gguf" is a file of Qwen3 8B. */
const spelled = (word, { flat: [own] }) => (own.length > 5 && run(word).startsWith(own) ? own.length : 0);
const calls = (word, page) => {
  const { name, tokens, typed, sizes, flat } = page;
  if (HAN.test(word)) return name.includes(word);
  if (tokens.includes(word) || sizes.includes(word)) return true;
  if (/^\d+$/.test(word)) return tokens.some((token) => token.startsWith(`${word}.`)); // "granite 4" is also 4.0
  return word.length > 2 && (typed.some((_, at) => typed.slice(at, at + 4).join("").startsWith(run(word))) || flat.some((each) => each.startsWith(run(word))) || spelled(word, page) > 0);
};
const GENERAL = /^(?:大?模型|电脑|models?|llms?|computer|pc)$/; // of every page
const SHORT = /^(?:[\d.]{1,3}|[\u3400-\u9fff])$/; // a number or a character that by itself, among other words, calls nothing
let names;
const named = (engine) => (names ??= engine.filters().then(({ name = {} }) => Object.keys(name).map((value) => {
  const [, kind, known, sizes = ""] = value.replaceAll("\u200b", "").toLowerCase().match(/^(\w+): ([^|]*)(?:\| (.*))?$/);
  return { value, chapter: kind === "chapter", model: kind === "models", name: known.replaceAll(" ", ""), flat: known.split(/ · |、|, |[。.](?: |$)/).map(run).filter(Boolean), tokens: parts(known), typed: known.split(APART).filter(Boolean), own: parts(known.split(" · ")[0]), sizes: sizes.split(" "),
    length: parts(known.replace(/\b\d+gb\b/g, "x")).length, most: Math.max(...sizes.split(" ").map((size) => parseInt(size) || 0)), today: sizes.endsWith("*") };
})));

/** Pages that are called by all of the words, or by as many of them as any is, those with a digit counting twice: without one no device or
 *  model is called by a single word, but where the query has a size of memory, or nothing else is found, a model by the first of its name. Whose first name it is comes first, then the shortest name, of equal ones that with most memory, then one of today;
 *  after the first of all the chapter that the other words call. */
async function called(engine, words, { beside = false, wholly = false, easily = false } = {}) {
  const lower = words.map((word) => word.toLowerCase());
  const found = [];
  const plainly = !lower.some((word) => /\d/.test(word)); // a family: those of today first
  for (const page of await named(engine)) {
    const by = lower.filter((word) => calls(word, page));
    const numbers = by.filter((word) => /\d/.test(word)).length;
    const first = (beside || easily) && by.includes(page.tokens[0]) && page.model;
    if (wholly && by.length < lower.length) continue;
    if (by.length < lower.length && by.every((word) => GENERAL.test(word) || (beside && word.search(SIZE) === 0))) continue;
    if (by.length === 1 && lower.length > 1 && SHORT.test(by[0]) && !(page.chapter && /\d/.test(by[0]))) continue;
    const exact = by.filter((word) => page.tokens.includes(word) || page.sizes.includes(word)).length;
    const own = by.filter((word) => page.own.some((part) => part.includes(word))).length;
    const most = Math.max(0, ...by.map((word) => spelled(word, page)));
    if (by.length && (page.chapter || by.length === lower.length || by.length > 1 || numbers || first)) found.push({ page, by, exact, own, most, letters: by.join("").length, count: by.length + numbers });
  }
  const most = Math.max(0, ...found.map(({ count }) => count));
  const first = found.filter(({ count }) => count === most).sort((a, b) => b.page.chapter - a.page.chapter || b.exact - a.exact || b.own - a.own || b.most - a.most || b.letters - a.letters || (plainly && b.page.today - a.page.today) || a.page.length - b.page.length || b.page.most - a.page.most || b.page.today - a.page.today).slice(0, CALLED);
  const left = first.length ? lower.filter((word) => !first[0].by.includes(word)) : [];
  const other = found.find(({ page, by, count }) => page.chapter && count < most && by.some((word) => left.includes(word)));
  if (other) first.splice(1, 0, other);
  // What else is named: a model beside a card, a processor beside its memory.
  for (const word of left.filter((each) => /[a-z].*\d|\d.*[a-z]|\d{4}/.test(each) && each.search(SIZE) < 0)) {
    const also = found.filter(({ page, by, count }) => !page.chapter && count < most && by.includes(word)).sort((a, b) => b.exact - a.exact || b.own - a.own || a.page.length - b.page.length)[0];
    if (also && !first.includes(also)) first.splice(1, 0, also);
  }
  const results = await Promise.all(first.map(({ page }) => engine.search(null, { filters: { name: page.value } })));
  return results.flatMap(({ results }) => results);
}

/** Pages whose text holds the words: chapters, then those of single devices and models. */
async function written(engine, words) {
  const [all, ids] = await Promise.all([holding(engine, words), chaptersOf(engine)]);
  return [...all.filter(({ id }) => ids.has(id)), ...all.filter(({ id }) => !ids.has(id))];
}

const within = (short, long) => {
  let at = -1;
  const places = [...short].map((character) => (at = long.indexOf(character, at + 1)));
  return !places.includes(-1) && places.every((place, index) => !index || place > places[index - 1]) && places.at(-1) - places[0] < short.length + 4;
};
/** Chapters with a name of which all characters stand in a Chinese query, in their order and not far apart: 加显卡 in 加一张新显卡. */
async function implied(engine, query) {
  const names = (await named(engine)).filter(({ chapter }) => chapter)
    .flatMap(({ value, flat }) => flat.filter((name) => /^[\u3400-\u9fff]{3,}$/.test(name) && within(name, query)).map((name) => ({ value, name })));
  const [first] = names.sort((a, b) => b.name.length - a.name.length);
  return first ? (await engine.search(null, { filters: { name: first.value } })).results : [];
}

/** How many letters two words differ by, swapped neighbours as one; more than 2 counts as 3. */
function apart(a, b) {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let [before, last] = [[], [...Array(b.length + 1).keys()]];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] !== b[j - 1]));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    [before, last] = [last, row];
  }
  return last[b.length];
}

/** A word as names have it, where no page has it as it was typed: "nvdia", "pcie3.0", "Meta-Llama-3.1-8B". */
async function mended(engine, word) {
  const lower = word.toLowerCase();
  const [, letters, digits] = /^([a-z]{3,})(\d[\d.]*)$/.exec(lower) ?? [];
  const parts = lower.split(/[-_]/);
  if (!letters && parts.length < 3 && !/^[a-z]{5,}$/.test(lower)) return word;
  const pages = await named(engine);
  if (pages.some((page) => calls(lower, page))) return word;
  const { results: [first] } = await engine.search(word);
  if (first && (await first.data()).content.toLowerCase().includes(lower)) return word;
  if (letters) return pages.some(({ tokens }) => tokens.includes(letters)) ? `${letters} ${digits}` : word;
  if (parts.length > 2) return parts.join(" ");
  const names = new Set(pages.flatMap(({ tokens }) => tokens).filter((token) => /^[a-z]{4,}$/.test(token)));
  const near = [...names].filter((name) => !lower.startsWith(name) && !name.startsWith(lower)).map((name) => ({ name, far: apart(lower, name) })).filter(({ far }) => far <= (word.length > 7 ? 2 : 1)).sort((a, b) => a.far - b.far);
  return near[0]?.name ?? word;
}

/** A query in the letters, and the parts, that names have here. */
async function spelt(engine, typed) {
  const simple = zh ? (await import("./traditional.js")).simplified(typed) : typed;
  const words = await Promise.all(plain(simple).split(/([\s\u3400-\u9fff]+)/).map((word) => mended(engine, word)));
  return words.join("");
}

const used = new Map(); // query -> the words that its results hold, and the pages that it calls by name

/** Where the index finds a query, best first; each is read when it is shown. Pages that are called so come first, then those that hold all
 *  words; where none does, or the query is a question, those that hold its subject; where none holds all of that, most of it. */
export async function find(typed) {
  const engine = await ready();
  const query = await spelt(engine, typed);
  const about = subject(query);
  const core = about.filter((word) => word.replace(SIZED, ""));
  const size = query.search(SIZE) >= 0; // beside a question no name: "64gb" calls a device only where all else does
  const whole = await called(engine, wordsOf(query), { beside: size });
  const wholly = core.length > 1 && core.length < wordsOf(query).length ? await called(engine, core, { wholly: true }) : [];
  let lead = sized(query) ? [...await called(engine, [zh ? "推荐" : "best"]), ...await called(engine, query.match(OF_SIZE) ?? [])]
    : size && whole.length ? whole : wholly.length ? wholly : whole.length ? whole : await called(engine, about, { beside: size });
  if (!lead.length && core.length && core.length < about.length) lead = await called(engine, core, { wholly: true });
  if (zh && !lead.length) lead = await implied(engine, query);
  if (!lead.length && about.length > 1) lead = await called(engine, about, { easily: true });
  let found = [];
  let words = about;
  for (const tried of QUESTION.test(query.trim()) ? [about] : [wordsOf(query), about]) {
    if (found.length) break;
    found = await written(engine, tried);
    words = tried;
  }
  const cut = pieces(about);
  if (!found.length && cut.join() !== wordsOf(query).join()) {
    found = await holdingMost(engine, cut);
    words = cut;
    if (!lead.length) lead = await called(engine, cut);
  }
  const ids = new Set(lead.map(({ id }) => id));
  used.set(typed, { words, ids });
  return [...new Map(lead.map((page) => [page.id, page])).values(), ...found.filter(({ id }) => !ids.has(id))];
}

/** Read some results. Of those that neither are called so nor hold every word as it was typed, only as many as there is nothing better. */
export async function read(results, query) {
  const pages = await Promise.all(results.map(async (result) => ({ ...(await result.data()), id: result.id })));
  const asked = used.get(query) ?? { words: wordsOf(query), ids: new Set() };
  // A Latin word begins where it stands: "tops" is not in "laptops".
  const words = asked.words.map((word) => new RegExp((/^[a-z]/i.test(word) ? "(?<![a-z])" : "") + word.replace(/[\^$.*+?()[\]{}|\/-]/g, "\\$&"), "i"));
  for (const { meta } of pages) meta.title = meta.title.replaceAll("\u200b", "");
  const exact = pages.filter(({ id, content, meta }) => {
    const text = `${meta.title} ${content}`;
    return asked.ids.has(id) || words.every((word) => word.test(text));
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
