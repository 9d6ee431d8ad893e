// What a plain page does beyond being read: theme, language link, menu, contents; tables and search load theirs when needed.
const root = document.documentElement;
const zh = root.lang.startsWith("zh");

document.querySelector("[data-theme-button]")?.addEventListener("click", () => {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try { localStorage.setItem("theme", root.dataset.theme); } catch { /* a reader who keeps nothing */ }
});

// The other language keeps the heading: anchors are the same in both.
const language = document.querySelector("[data-language]");
const keepHeading = () => { if (language) language.hash = location.hash; };
addEventListener("hashchange", keepHeading);
keepHeading();

const search = (event) => {
  event.preventDefault();
  import("./search.js").then((module) => module.open());
};
document.querySelector("[data-search]")?.addEventListener("click", search);
addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if ((event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) || (event.key === "k" && (event.ctrlKey || event.metaKey))) search(event);
});

const links = new Map([...document.querySelectorAll(".contents a")].map((link) => [decodeURIComponent(link.hash.slice(1)), link]));
if (links.size) {
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      for (const link of links.values()) link.removeAttribute("aria-current");
      links.get(target.id)?.setAttribute("aria-current", "true");
      if (language) language.hash = target.id;
    }
  }, { rootMargin: "-64px 0px -70% 0px" });
  for (const id of links.keys()) { const heading = document.getElementById(id); if (heading) seen.observe(heading); }
}

for (const block of document.querySelectorAll(".md-typeset pre > code")) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "copy", textContent: zh ? "复制" : "Copy" });
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.innerText);
    button.textContent = zh ? "已复制" : "Copied";
    setTimeout(() => { button.textContent = zh ? "复制" : "Copy"; }, 1500);
  });
  block.parentElement.append(button);
}

if (document.querySelector(".table")) import("./tables.js");
