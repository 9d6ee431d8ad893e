// A text field with a list to choose from, after the pattern of the ARIA authoring guide: the list narrows as one types,
// arrows move, Enter chooses, Escape closes. Choices are {id, name, note, search, first, since}: what is shown first comes first, then
// the newest. Nothing is put into the page as HTML.
"use strict";

globalThis.combobox = (() => {
  const plain = (text) => text.normalize("NFKC").toLowerCase();
  const bare = (text) => plain(text).replace(/[^\p{L}\p{N}]+/gu, "");

  // Choices, brought into the form that is searched when somebody first searches.
  class Choices {
    constructor(make) {
      this.make = make;
    }
    get made() {
      return (this.records ??= this.make());
    }
    get all() {
      this.kept ??= [...this.made]
        .sort((a, b) => Boolean(b.first) - Boolean(a.first) || (b.since ?? "").localeCompare(a.since ?? "") || order().compare(a.name, b.name))
        .map((choice) => ({
          ...choice,
          bareName: bare(choice.name),
          bareSearch: bare(`${choice.name} ${choice.id} ${choice.note ?? ""} ${choice.search ?? ""}`),
        }));
      return this.kept;
    }
    // Every word of the query must occur, whatever stands between letters and digits.
    matching(query) {
      const words = plain(query).split(/\s+/).map(bare).filter(Boolean);
      const whole = bare(query);
      // "p40" is the Tesla P40 before the Quadro P4000.
      const isWord = (name) => { const own = plain(name).split(/[^\p{L}\p{N}.]+/u); return words.every((word) => own.includes(word)); };
      const rank = ({ name, bareName }) => (bareName === whole ? 0 : bareName.startsWith(whole) ? 1 : isWord(name) ? 2 : bareName.includes(whole) ? 3 : 4);
      const found = this.all.filter((choice) => words.every((word) => choice.bareSearch.includes(word)));
      return found.map((choice) => [rank(choice), choice]).sort((a, b) => a[0] - b[0]).map(([, choice]) => choice);
    }
    // What a typed text means: one choice, or the ones that it could be.
    resolve(text) {
      const typed = text.trim();
      if (!bare(typed)) return { choice: null, near: [] };
      const exact = this.made.find((choice) => choice.name === typed || choice.id === typed) ?? this.all.find((choice) => choice.bareName === bare(typed));
      if (exact) return { choice: exact, near: [] };
      const near = this.matching(typed);
      return near.length === 1 ? { choice: near[0], near } : { choice: null, near };
    }
  }
  // A browser takes its time to make one: not while the page opens.
  let collator;
  const order = () => (collator ??= new Intl.Collator("en", { numeric: true }));

  function attach(input, choices, chosen) {
    const list = input.parentElement.querySelector("[role=listbox]");
    let shown = [];
    let active = -1;

    function close() {
      list.hidden = true;
      active = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }

    function mark(index) {
      list.children[active]?.setAttribute("aria-selected", "false");
      active = index;
      const option = list.children[active];
      if (!option) return input.removeAttribute("aria-activedescendant");
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", option.id);
    }

    function open(query) {
      shown = choices.matching(query);
      list.replaceChildren(
        ...shown.map((choice, index) => {
          const option = document.createElement("li");
          option.id = `${list.id}-${index}`;
          option.setAttribute("role", "option");
          option.setAttribute("aria-selected", "false");
          const name = document.createElement("span");
          name.textContent = choice.name;
          option.append(name);
          if (choice.note) {
            const note = document.createElement("small");
            note.textContent = choice.note;
            option.append(" ", note);
          }
          return option;
        }),
      );
      active = -1;
      list.hidden = shown.length === 0;
      input.setAttribute("aria-expanded", String(shown.length > 0));
      input.removeAttribute("aria-activedescendant");
      if (!list.hidden) list.scrollTop = 0;
    }

    function choose(choice) {
      input.value = choice.name;
      close();
      chosen();
    }

    input.addEventListener("focus", () => input.select());
    input.addEventListener("click", () => list.hidden && open(""));
    input.addEventListener("input", () => open(input.value));
    input.addEventListener("blur", () => {
      if (!list.hidden) close();
      chosen();
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) open(input.value === input.dataset.settled ? "" : input.value);
        const step = event.key === "ArrowDown" ? 1 : -1;
        if (shown.length) mark((active + step + shown.length + (active < 0 && step < 0 ? 1 : 0)) % shown.length);
      } else if (event.key === "Enter") {
        event.preventDefault();
        if (!list.hidden && shown.length) choose(shown[Math.max(active, 0)]);
        else chosen();
      } else if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        close();
      }
    });
    list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) choose(shown[[...list.children].indexOf(option)]);
    });
  }

  return { attach, Choices };
})();
