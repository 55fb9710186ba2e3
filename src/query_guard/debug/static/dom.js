// Elements made of data. Each text becomes a text node: nothing is ever parsed as markup.

export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  set(element, properties || {});
  element.append(...children.flat(2).filter((child) => child != null && child !== false));
  return element;
}

function set(element, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (value == null || value === false) continue;
    if (name === "style") for (const [key, length] of Object.entries(value)) element.style.setProperty(key, length);
    else if (typeof value === "function") element.addEventListener(name, value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
}

export const code = (text) => h("code", {}, text);
export const empty = (...words) => h("p", { class: "empty" }, ...words);

export function button(label, click, properties) {
  return h("button", { type: "button", click, ...properties }, label);
}

// A table with a caption for those who cannot see it; `columns` are [title, is a number, tooltip].
export function table(caption, columns, rows) {
  const head = columns.map(([title, number, hint]) => h("th", { scope: "col", class: number && "number", title: hint }, title));
  return h("div", { class: "wide", tabindex: 0, role: "region", "aria-label": caption },
    h("table", {}, h("caption", { class: "unseen" }, caption), h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows)));
}

export const cell = (...children) => h("td", {}, ...children);
export const number = (text) => h("td", { class: "number" }, text);
