// Parts that several views show.

import { pathOf } from "./api.js";
import { button, h, quiet } from "./dom.js";
import { link } from "./editor.js";
import { ms, sum } from "./format.js";

const PARTS = [["application", "application"], ["wait", "pool wait"], ["database", "database"], ["blocked", "blocked loop"]];

// Each part with its label and the time it took.
export const parts = (times) => PARTS.map(([part, label]) => [part, label, times[`${part}_ms`]]);

// Where the time of a report went, as a bar of its four parts.
export function bar(times) {
	const pieces = parts(times);
	const total = sum(pieces.map(([, , time]) => time)) || 1;
	const words = pieces.map(([, label, time]) => `${label} ${ms(time)}`).join(", ");
	return h("span", { class: "bar", role: "img", "aria-label": words, title: words },
		pieces.map(([part, , time]) => h("i", { class: part, style: { width: `${(100 * time) / total}%` } })));
}

export const legend = () => h("div", { class: "legend" }, PARTS.map(([part, label]) => h("span", {}, h("i", { class: part }), label)));

export const chip = (kind, severity, count = 1) =>
	h("span", { class: `chip ${severity}` }, severity === "error" ? "! " : "", kind, count > 1 ? ` ×${count}` : "");

// Findings as chips, each kind once.
export const chips = (kinds, severities) => Object.entries(Object.groupBy(severities, (_, index) => kinds[index]))
	.map(([kind, all]) => chip(kind, all.includes("error") ? "error" : all[0], all.length));

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
