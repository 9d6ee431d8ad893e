// A text field with a list to choose from, after the pattern of the ARIA authoring guide: the list narrows as one types,
// arrows move, Enter chooses, Escape closes. Choices are {id, name, note, search}; nothing is put into the page as HTML.
"use strict";

globalThis.combobox = (() => {
  const plain = (text) => text.normalize("NFKC").toLowerCase();
  const bare = (text) => plain(text).replace(/[^\p{L}\p{N}]+/gu, "");

  // Every word of the query must occur, whatever stands between letters and digits.
  function matches(choices, query) {
    const words = plain(query).split(/\s+/).map(bare).filter(Boolean);
    const all = bare(query);
    const rank = (choice) => (choice.bareName === all ? 0 : choice.bareName.startsWith(all) ? 1 : choice.bareName.includes(all) ? 2 : 3);
    return choices
      .filter((choice) => words.every((word) => choice.bareSearch.includes(word)))
      .map((choice, index) => ({ choice, index, rank: rank(choice) }))
      .sort((a, b) => a.rank - b.rank || a.index - b.index)
      .map(({ choice }) => choice);
  }

  const prepared = (choices) =>
    choices.map((choice) => ({
      ...choice,
      bareName: bare(choice.name),
      bareSearch: bare(`${choice.name} ${choice.id} ${choice.note ?? ""} ${choice.search ?? ""}`),
    }));

  // What a typed text means: one choice, or the ones that it could be.
  function resolve(choices, text) {
    const exact = choices.find((choice) => choice.id === text.trim() || choice.bareName === bare(text));
    if (exact) return { choice: exact, near: [] };
    const near = bare(text) ? matches(choices, text) : [];
    return near.length === 1 ? { choice: near[0], near } : { choice: null, near };
  }

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
      shown = matches(choices, query);
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

  return { attach, prepared, resolve, matches };
})();
