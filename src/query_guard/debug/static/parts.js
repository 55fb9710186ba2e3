// Parts that several views show.

import { pathOf } from "./api.js";
import { button, h, quiet } from "./dom.js";
import { link } from "./editor.js";
import { ms } from "./format.js";

export const PARTS = [["application", "application"], ["wait", "pool wait"], ["database", "database"], ["blocked", "blocked loop"]];

// Where the time of a report went, as a bar of its four parts.
export function bar(times) {
	const total = PARTS.reduce((sum, [part]) => sum + times[`${part}_ms`], 0) || 1;
	const words = PARTS.map(([part, label]) => `${label} ${ms(times[`${part}_ms`])}`).join(", ");
	const pieces = PARTS.map(([part]) => h("i", { class: part, style: { width: `${(100 * times[`${part}_ms`]) / total}%` } }));
	return h("span", { class: "bar", role: "img", "aria-label": words, title: words }, pieces);
}

export const legend = () => h("div", { class: "legend" }, PARTS.map(([part, label]) => h("span", {}, h("i", { class: part }), label)));

export const chip = (kind, severity, count = 1) =>
	h("span", { class: `chip ${severity}` }, severity === "error" ? "! " : "", kind, count > 1 ? ` ×${count}` : "");

// Findings as chips, each kind once.
export function chips(kinds, severities) {
	const groups = new Map();
	kinds.forEach((kind, index) => {
		const { count, severity } = groups.get(kind) || { count: 0, severity: "" };
		groups.set(kind, { count: count + 1, severity: severity === "error" ? severity : severities[index] });
	});
	return [...groups].map(([kind, { count, severity }]) => chip(kind, severity, count));
}

export const place = (frame) => (frame && frame.file ? link(frame) : quiet("no line of the application"));
export const places = (frames) => frames.map((frame, index) => [index ? ", " : "", place(frame)]);
export const toRequest = (id, ...words) => h("a", { href: `#/${pathOf(id)}` }, words);

// A button that copies what `text()` returns, and says so.
export function copy(label, text) {
	const said = (words) => {
		element.textContent = words;
		setTimeout(() => { element.textContent = label; }, 1500);
	};
	const work = async () => navigator.clipboard.writeText(text());
	const element = button(label, () => work().then(() => said("Copied"), () => said("Not allowed to copy")), { class: "small" });
	return element;
}
