// A long list of rows of one height, of which only those in sight are in the document.

import { h } from "./dom.js";

const AROUND = 12;

// `make(item)` returns the row of an item, which has an `id`; `signal` ends it.
export function windowed(make, signal) {
	const body = h("div", { role: "rowgroup", class: "rows" });
	const shown = new Map(); // id -> the item and its element
	let items = [];
	const height = () => parseFloat(getComputedStyle(body).getPropertyValue("--row"));
	const top = () => -body.getBoundingClientRect().top;
	const hasFocus = (item) => shown.get(item.id)?.element.contains(document.activeElement);

	function put(index) {
		const item = items[index];
		const old = shown.get(item.id);
		const element = old?.item === item ? old.element : make(item);
		if (old?.element !== element) old ? old.element.replaceWith(element) : body.append(element);
		shown.set(item.id, { item, element });
		element.style.transform = `translateY(${index * height()}px)`;
		element.ariaRowIndex = index + 2;
		return element;
	}

	function draw() {
		const first = Math.max(0, Math.floor(top() / height()) - AROUND);
		const last = Math.min(items.length, Math.ceil((top() + innerHeight) / height()) + AROUND);
		const wanted = new Set(items.slice(first, last).map((item) => item.id));
		const known = new Set(items.map((item) => item.id));
		for (const [id, { item, element }] of shown) {
			if (wanted.has(id) || (known.has(id) && hasFocus(item))) continue;
			element.remove();
			shown.delete(id);
		}
		for (let index = first; index < last; index += 1) put(index);
	}

	const soon = () => requestAnimationFrame(draw);
	addEventListener("scroll", soon, { passive: true, signal });
	addEventListener("resize", soon, { signal });
	return {
		body,
		// Show other items; those that come before the first one in sight do not move it.
		show(next) {
			const seen = Math.floor(top() / height());
			const anchor = next.findIndex((item) => item.id === items[seen]?.id);
			items = next;
			body.style.height = `${items.length * height()}px`;
			if (seen > 0 && anchor > seen) scrollBy(0, (anchor - seen) * height());
			draw();
		},
		// Move the focus by some rows.
		move(step) {
			const index = Math.min(items.length - 1, Math.max(0, items.findIndex(hasFocus) + step));
			if (!items[index]) return;
			const link = put(index).querySelector("a");
			link.focus();
			link.scrollIntoView({ block: "nearest" });
		},
		focused: () => items.find(hasFocus),
	};
}
