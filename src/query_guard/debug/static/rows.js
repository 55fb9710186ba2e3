// A long list of rows of one height, of which only those in sight are in the document.

import { h } from "./dom.js";

const AROUND = 12;

// `make(item)` returns the row of an item; each item has an `id`. Rows in sight are kept as they are.
export function windowed(make) {
  const body = h("div", { role: "rowgroup", class: "rows" });
  const shown = new Map();
  let items = [];
  let frame = 0;
  const height = () => parseFloat(getComputedStyle(body).getPropertyValue("--row")) || 34;

  function draw() {
    frame = 0;
    const row = height();
    const top = -body.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(top / row) - AROUND);
    const wanted = items.slice(first, Math.ceil((top + innerHeight) / row) + AROUND);
    const ids = new Set(wanted.map((item) => item.id));
    for (const [id, { element }] of shown) {
      if (ids.has(id) || element.contains(document.activeElement)) continue;
      element.remove();
      shown.delete(id);
    }
    wanted.forEach((item, index) => draw_one(item, first + index, row));
    body.style.setProperty("height", `${items.length * row}px`);
  }

  function draw_one(item, index, row) {
    const old = shown.get(item.id);
    const element = old && old.item === item ? old.element : make(item);
    if (old && old.element !== element) old.element.replaceWith(element);
    else if (!old) body.append(element);
    shown.set(item.id, { item, element });
    element.style.setProperty("transform", `translateY(${index * row}px)`);
    element.setAttribute("aria-rowindex", index + 2);
  }

  const soon = () => { frame = frame || requestAnimationFrame(draw); };
  addEventListener("scroll", soon, { passive: true });
  addEventListener("resize", soon);
  return {
    body,
    // Show other items; those that come before the first one in sight do not move it.
    show(next) {
      const row = height();
      const seen = Math.floor(-body.getBoundingClientRect().top / row);
      const anchor = seen > 0 && items[seen] ? next.findIndex((item) => item.id === items[seen].id) : -1;
      const ids = new Set(next.map((item) => item.id));
      for (const [id, { element }] of shown) if (!ids.has(id)) { element.remove(); shown.delete(id); }
      items = next;
      body.style.setProperty("height", `${items.length * row}px`);
      if (anchor > seen) scrollBy(0, (anchor - seen) * row);
      draw();
    },
    // Move the focus by some rows.
    move(step) {
      const current = items.findIndex((item) => shown.has(item.id) && shown.get(item.id).element.contains(document.activeElement));
      const index = Math.min(items.length - 1, Math.max(0, current < 0 ? 0 : current + step));
      if (!items[index]) return;
      draw_one(items[index], index, height());
      const link = shown.get(items[index].id).element.querySelector("a");
      link.focus();
      link.scrollIntoView({ block: "nearest" });
    },
    focused: () => items.find((item) => shown.has(item.id) && shown.get(item.id).element.contains(document.activeElement)),
    stop() {
      cancelAnimationFrame(frame);
      removeEventListener("scroll", soon);
      removeEventListener("resize", soon);
    },
  };
}
