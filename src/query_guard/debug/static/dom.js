// Elements made of data; nothing is ever parsed as markup.

export function h(tag, properties, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(properties || {})) {
		if (value == null || value === false) continue;
		if (name === "style") Object.assign(element.style, value);
		else if (typeof value === "function") element.addEventListener(name, value);
		else element.setAttribute(name, value === true ? "" : value);
	}
	element.append(...children.flat(3).filter((child) => child != null && child !== false));
	return element;
}

export const empty = (...words) => h("p", { class: "empty" }, words);
export const quiet = (...words) => h("span", { class: "quiet" }, words);
export const button = (label, click, properties) => h("button", { type: "button", click, ...properties }, label);

export function section(title, ...content) {
	const id = title.toLowerCase();
	return h("section", { "aria-labelledby": id }, h("h2", { id }, title), content);
}

// Pairs of a label and its value.
export const facts = (kind, ...pairs) => h("dl", { class: kind }, pairs.filter(Boolean).map(([label, ...value]) => h("div", {}, h("dt", {}, label), h("dd", {}, value.map((each) => each ?? "–")))));

// A table with a caption for those who cannot see it; without rows, what `none` says. Titles of columns stand in one text,
// numbers behind a "+". A row is a list of cells, or a whole element.
export function table(caption, titles, rows, none) {
	if (!rows.length) return empty(none);
	const columns = titles.split("|").map((title) => ({ title: title.replace("+", ""), kind: title.startsWith("+") && "number" }));
	const line = (cells) => (cells instanceof Element ? cells : h("tr", {}, columns.map(({ kind }, index) => h("td", { class: kind }, cells[index] ?? "–"))));
	return h("div", { class: "wide", tabindex: 0, role: "region", "aria-label": caption },
		h("table", {}, h("caption", { class: "unseen" }, caption),
			h("thead", {}, h("tr", {}, columns.map(({ title, kind }) => h("th", { scope: "col", class: kind }, title)))), h("tbody", {}, rows.map(line))));
}

// A row of a table, and the one below that it opens: a button shows the beginning of the first cell, a text. `opened` remembers
// the keys of open rows.
export function expandable([text, ...cells], content, opened, key) {
	const below = h("tr", {}, h("td", { colspan: cells.length + 1 }));
	const show = (isOpen) => {
		below.hidden = !isOpen;
		toggle.ariaExpanded = isOpen;
		if (isOpen && !below.firstChild.hasChildNodes()) below.firstChild.append(...content());
		opened[isOpen ? "add" : "delete"](key);
	};
	const toggle = button(text.slice(0, 160), () => show(below.hidden), { class: "expand" });
	show(opened.has(key));
	return [[toggle, ...cells], below];
}
