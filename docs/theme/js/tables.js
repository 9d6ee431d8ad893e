// What tables do beyond being read: sort, filter, copy, and the proof of a row's numbers.
const zh = document.documentElement.lang.startsWith("zh");
const say = (chinese, english) => (zh ? chinese : english);
const make = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};
const order = new Intl.Collator(document.documentElement.lang, { numeric: true });
const number = (text) => (/^[−-]?[\d,.]+%?$/.test(text) ? Number(text.replace(/[,%]/g, "").replace("−", "-")) : NaN);

function compare(a, b) {
  const [x, y] = [number(a), number(b)];
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  return order.compare(a, b);
}

function sortable(table) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  for (const [column, head] of heads.entries()) {
    const button = make("button", { type: "button", className: "sort", title: say("按此列排序", "Sort by this column") }, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === (head.classList.contains("n") ? "descending" : "ascending")
        ? !head.classList.contains("n") : head.classList.contains("n");
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const text = (row) => row.cells[column].firstChild.textContent.trim();
      const rows = [...body.rows].sort((a, b) => {
        const [x, y] = [text(a), text(b)];
        if (x === "—" || y === "—") return (x === "—") - (y === "—");
        return down ? compare(y, x) : compare(x, y);
      });
      body.append(...rows);
    });
  }
}

function filterable(table, bar, label) {
  const input = make("input", { type: "search", className: "table-filter", placeholder: say("筛选……", "Filter …") });
  input.setAttribute("aria-label", say(`筛选：${label}`, `Filter: ${label}`));
  const status = make("span", { className: "table-count" });
  status.setAttribute("role", "status");
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    status.textContent = words.length ? say(`${shown} 行`, `${shown} row${shown === 1 ? "" : "s"}`) : "";
  });
  bar.querySelector(".table-tools").append(input, status);
}

function copyable(table, bar) {
  const button = make("button", { type: "button", className: "table-copy", textContent: say("复制", "Copy") });
  button.addEventListener("click", async () => {
    const rows = [...table.rows].filter((row) => !row.hidden);
    await navigator.clipboard.writeText(rows.map((row) => [...row.cells].map((cell) => cell.textContent.trim().replace(/\s+/g, " ")).join("\t")).join("\n"));
    button.textContent = say("已复制", "Copied");
    setTimeout(() => { button.textContent = say("复制", "Copy"); }, 1500);
  });
  bar.querySelector(".table-data").prepend(button);
}

// What a narrow screen leaves out at first.
function unfoldable(table, bar) {
  const folded = table.tHead.querySelectorAll(".s").length;
  if (!folded) return;
  const button = make("button", { type: "button", className: "table-more", textContent: say(`另有 ${folded} 列`, `${folded} more column${folded === 1 ? "" : "s"}`) });
  button.addEventListener("click", () => {
    table.closest(".table").classList.add("table-all");
    button.remove();
  });
  bar.querySelector(".table-data").append(button);
}

const proof = make("dialog", { className: "proof" });
document.body.append(proof);
proof.addEventListener("click", (event) => { if (event.target === proof) proof.close(); });

const flat = (value, at = "") => (value !== null && typeof value === "object"
  ? Object.entries(value).flatMap(([key, inner]) => flat(inner, at ? `${at}.${key}` : key)) : [[at, value]]);

async function inputs(mark, home) {
  const [kind, id] = mark.dataset.record.split("/");
  const record = await (await fetch(new URL(`${kind}/${id}.json`, home))).json();
  const { sources, cited, id: _, ...fields } = record;
  const rows = flat(fields).filter(([, value]) => typeof value === "number").slice(0, 60)
    .map(([key, value]) => make("tr", {}, make("th", { scope: "row", textContent: key }), make("td", { className: "n", textContent: String(value) })));
  const links = Object.values(cited ?? {}).map((source) => make("li", {}, make("a", { href: source.url, textContent: `${source.publisher}: ${source.title}` })));
  return make("section", {}, make("h3", { textContent: mark.textContent }),
    make("div", { className: "table-scroll" }, make("table", {}, make("tbody", {}, ...rows))), make("ul", {}, ...links));
}

// The calculator with what a row, and the column that was touched, are about.
const FIELDS = { models: "model", gpus: "gpu", quantizations: "quant", cpus: "cpu" };
function question(marks) {
  const asked = new URLSearchParams();
  for (const mark of marks) {
    const [kind, id] = mark.dataset.record.split("/");
    if (FIELDS[kind] && !asked.has(FIELDS[kind])) asked.set(FIELDS[kind], id);
  }
  if (asked.has("cpu") && !asked.has("gpu")) asked.set("gpu", "");
  if (!asked.has("model") && !asked.has("gpu")) return "";
  const page = new URL(document.querySelector("[data-search]").dataset.search, location.href);
  const link = make("a", { href: `${new URL("calculator/", page).href}#${asked}`, textContent: say("用计算器改这个问题", "Change this question in the calculator") });
  return make("p", { className: "to-calculator" }, link);
}

function provable(wrap, table, label) {
  const details = wrap.querySelector(".table-proof");
  if (!details) return;
  const home = new URL(wrap.dataset.api, location.href);
  const open = async (row, column) => {
    const titles = [...table.tHead.rows[0].cells].map((cell) => cell.innerText.trim().replace(/\s+/g, " "));
    const close = make("button", { type: "button", className: "proof-close", textContent: say("关闭", "Close") });
    close.addEventListener("click", () => proof.close());
    const listed = [...row.cells].map((cell, index) => make("div", { className: index === column ? "proof-this" : "" },
      make("dt", { textContent: titles[index] }), make("dd", { textContent: cell.firstChild?.textContent === "" ? "—" : cell.innerText.trim() })));
    const formulas = details.querySelector(".table-proof-body").cloneNode(true);
    const head = table.tHead.rows[0].cells[column];
    const marks = [...new Map([...(head?.querySelectorAll("[data-record]") ?? []), ...row.querySelectorAll("[data-record]")].map((mark) => [mark.dataset.record, mark])).values()];
    const found = make("div", { className: "proof-inputs" }, make("p", { textContent: say("正在读取输入……", "Reading the inputs …") }));
    proof.replaceChildren(make("header", {}, make("h2", { textContent: label }), close), make("dl", {}, ...listed), question(marks), formulas,
      make("h3", { textContent: say("输入与出处", "Inputs and their sources") }), found);
    proof.setAttribute("aria-label", label);
    proof.showModal();
    const parts = await Promise.all(marks.map((mark) => inputs(mark, home).catch(() => "")));
    found.replaceChildren(...(parts.filter(Boolean).length ? parts : [make("p", { textContent: say("此行没有另外的输入。", "This row has no further inputs.") })]));
  };
  const rows = [...table.tBodies[0].rows];
  const offer = (row) => {
    const name = row.cells[0].textContent.trim().replace(/\s+/g, " "); // innerText would lay out the page anew for each row
    const button = make("button", { type: "button", className: "proof-open", title: say("这些数字怎么来", "Where these numbers come from") });
    button.setAttribute("aria-label", say(`这些数字怎么来：${name}`, `Where these numbers come from: ${name}`));
    button.addEventListener("click", () => open(row, -1));
    row.cells[0].append(button);
  };
  // A few rows at a time: a long table must not hold up a reader who scrolls or types.
  const some = () => {
    for (const row of rows.splice(0, 40)) offer(row);
    if (rows.length) setTimeout(some, 30);
  };
  setTimeout(some, 30);
  table.tBodies[0].addEventListener("click", (event) => {
    const cell = event.target.closest("td.n");
    if (cell && !event.target.closest("a") && !String(getSelection())) open(cell.parentElement, cell.cellIndex);
  });
}

function enliven(wrap) {
  const table = wrap.querySelector("table");
  const bar = wrap.querySelector(".table-bar");
  const label = wrap.querySelector(".table-title").textContent;
  copyable(table, bar);
  unfoldable(table, bar);
  if (wrap.classList.contains("table-large")) filterable(table, bar, label);
  if (table.tBodies[0].rows.length > 3) sortable(table);
  provable(wrap, table, label);
}

// A table at a time, so that none holds up a reader.
const wraps = [...document.querySelectorAll(".table[data-table]")];
const next = () => {
  if (!wraps.length) return;
  enliven(wraps.shift());
  setTimeout(next);
};
next();
