"use strict";
// The page is whole without this: it adds sorting, downloads, hover values and the
// switches of variants.
(() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const made = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const save = (name, text, type) => {
    const link = made("a", {
      href: URL.createObjectURL(new Blob([text], { type })), download: name,
    });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  const words = (cell) => cell.textContent.replace(/\s+/g, " ").trim();

  // Tables: a column sorts by its first number, or else by its words.
  const value = (row, column) => {
    const text = words(row.cells[column]);
    const number = text.replace("−", "-").match(/^[[<≥]?\s*([+-]?\d+(\.\d+)?(e-?\d+)?)/);
    return number ? Number(number[1]) : text;
  };
  const order = (a, b) => {
    const numbers = [a, b].map((one) => typeof one === "number");
    if (numbers[0] && numbers[1]) return a - b;
    if (numbers[0] !== numbers[1]) return numbers[0] ? -1 : 1;
    return a.localeCompare(b, undefined, { numeric: true });
  };
  for (const table of all("table.sortable")) {
    const body = table.tBodies[0], first = [...body.rows];
    const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
    heads.forEach((head, column) => {
      if (!words(head) || first.length < 2) return;
      const button = made("button", { type: "button" });
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const next = { ascending: "descending", descending: null }[
          head.getAttribute("aria-sort")];
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        const to = next === undefined ? "ascending" : next;
        if (to) head.setAttribute("aria-sort", to);
        const sign = to === "descending" ? -1 : 1;
        body.append(...(to ? [...first].sort(
          (a, b) => sign * order(value(a, column), value(b, column))) : first));
      });
    });
  }
  // One number a cell: what a column shows together stands apart in its file.
  const NUMBER = /[+-]?\d+(\.\d+)?(e-?\d+)?/g;
  const numbers = (cell) => words(cell).replaceAll("−", "-").match(NUMBER) || [];
  const asTsv = (table) => {
    const shown = [...table.rows].filter((row) => row.getClientRects().length);
    const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
    const parts = heads.map((head, column) => {
      if (!head.dataset.parts) return [words(head)];
      const named = head.dataset.parts.split("|");
      const body = shown.filter((row) => row.parentElement === table.tBodies[0]);
      const most = Math.max(1, ...body.map((row) =>
        row.cells[column] ? numbers(row.cells[column]).length : 0));
      return named.slice(0, most);
    });
    const line = (row) => {
      let column = 0;
      return [...row.cells].flatMap((cell) => {
        const own = parts.slice(column, column += cell.colSpan).flat();
        const split = own.length > 1 && cell.colSpan === 1;
        if (split && cell.tagName === "TH") return own;
        const told = split ? numbers(cell) : [words(cell) === "–" ? "" : words(cell)];
        return [...told, ...Array(own.length).fill("")].slice(0, own.length);
      }).join("\t");
    };
    return `${shown.map(line).join("\n")}\n`;
  };
  for (const table of all("table")) {
    const button = made("button", { type: "button", textContent: "TSV" });
    button.setAttribute("aria-label", `Download as TSV: ${table.caption.textContent}`);
    button.addEventListener("click", () => {
      save(`${table.dataset.name}.tsv`, asTsv(table), "text/tab-separated-values");
    });
    table.caption.append(button);
  }
  // Where a table goes on to the right, it says so.
  for (const scroll of all(".scroll, figure.wide")) {
    scroll.before(made("p", { className: "more", textContent: "goes on to the right →" }));
    const look = () => scroll.classList.toggle("goes-on",
      scroll.scrollLeft + scroll.clientWidth < scroll.scrollWidth - 2);
    scroll.addEventListener("scroll", look, { passive: true });
    new ResizeObserver(look).observe(scroll);
  }

  // Figures: as files from the page itself, in colours for paper; values under the pointer.
  const paper = JSON.parse(document.getElementById("paper").textContent);
  for (const figure of all("figure[data-name]")) {
    const link = figure.querySelector(".files a");
    link.addEventListener("click", (event) => {
      const svg = new XMLSerializer().serializeToString(figure.querySelector("svg"));
      save(`${figure.dataset.name}.svg`,
        svg.replace(/var\(--(\w+)\)/g, (_, name) => paper[name]), "image/svg+xml");
      event.preventDefault();
    });
  }
  const tip = made("div", { id: "tip", hidden: true });
  tip.setAttribute("role", "tooltip");
  document.body.append(tip);
  const show = (text, x, y) => {
    tip.textContent = text;
    tip.hidden = false;
    const wide = tip.offsetWidth, high = tip.offsetHeight;
    tip.style.left = `${Math.max(4, Math.min(x + 12, innerWidth - wide - 8))}px`;
    tip.style.top = `${y + 18 + high > innerHeight ? y - high - 10 : y + 18}px`;
  };
  for (const mark of all("svg .mark")) {
    const title = mark.querySelector("title");
    if (!title) continue;
    const text = title.textContent;
    mark.dataset.tip = text;
    title.remove();
    mark.addEventListener("pointermove", (e) => show(text, e.clientX, e.clientY));
    mark.addEventListener("pointerleave", () => { tip.hidden = true; });
  }
  // Explanations of words: by pointer, touch and keyboard.
  const told = new Set();
  for (const word of all("main abbr[title]")) {
    const text = word.title;
    const at = () => {
      const box = word.getBoundingClientRect();
      show(text, box.left, box.bottom - 14);
    };
    // In the head of a column its button has the focus; a word that every row has is
    // reached once.
    const button = word.closest("button");
    const again = word.closest("tbody") && told.has(text);
    told.add(text);
    if (!button && !again) word.tabIndex = 0;
    // The browser's own, which comes late, would cover it.
    const open = () => { word.removeAttribute("title"); at(); };
    const close = () => { word.title = text; tip.hidden = true; };
    word.addEventListener("pointerenter", open);
    word.addEventListener("pointerleave", close);
    (button || word).addEventListener("focus", open);
    (button || word).addEventListener("blur", close);
  }
  addEventListener("keydown", (e) => { if (e.key === "Escape") tip.hidden = true; });

  // Variants on and off, in every table and figure.
  const box = document.getElementById("variants");
  // The summary has none.
  const { variants, best } = box ? { variants: JSON.parse(box.dataset.variants),
    best: JSON.parse(box.dataset.best) } : { variants: [], best: [] };
  if (variants.length > 1) {
    const switches = new Map();
    const apply = () => {
      for (const part of all("[data-variant]")) {
        const own = switches.get(part.dataset.variant);
        part.classList.toggle("hidden", own !== undefined && !own.checked);
      }
    };
    const field = made("fieldset", {});
    field.setAttribute("aria-label", "Variants shown");
    const set = (label, on) => {
      const button = made("button", { type: "button", textContent: label });
      button.addEventListener("click", () => {
        for (const [name, own] of switches) own.checked = on(name);
        apply();
      });
      return button;
    };
    const list = made("div", { className: "list", tabIndex: 0 });
    list.setAttribute("role", "group");
    list.setAttribute("aria-label", "Variants shown");
    for (const name of variants) {
      const own = made("input", { type: "checkbox", checked: true, value: name });
      own.addEventListener("change", apply);
      switches.set(name, own);
      list.append(made("label", {}, own, ` ${name}`));
    }
    const untuned = made("input", { type: "checkbox", checked: true });
    untuned.addEventListener("change", () =>
      document.body.classList.toggle("tuned-alone", !untuned.checked));
    field.append(made("label", {}, untuned, " rows at 0.5"));
    field.append(set("all", () => true), " ",
      set("the best", (name) => best.includes(name)), list);
    box.append(made("details", { open: innerWidth >= 1180 },
      made("summary", { textContent: "Variants shown" }), field));
  }

  // Texts to paste.
  for (const text of all(".copied")) {
    const button = made("button", { type: "button", textContent: "copy" });
    button.setAttribute("aria-label", `Copy ${text.id.replace("-", " ")}`);
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text.textContent.trim());
      button.textContent = "copied";
      setTimeout(() => { button.textContent = "copy"; }, 1500);
    });
    text.before(button);
  }

  // The section that is read is marked in the contents.
  const links = new Map(all("nav li a").map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const link of links.values()) link.removeAttribute("aria-current");
      links.get(entry.target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "0px 0px -75% 0px" });
  for (const id of links.keys()) {
    const target = document.getElementById(id);
    if (target) seen.observe(target);
  }

  // Paper shows what is folded away.
  addEventListener("beforeprint", () => {
    for (const part of all("details")) part.open = true;
  });
})();
