// The diffs of fixes, as `query-guard fix` makes them.

import { get, pathOf } from "./api.js";
import { h, quiet } from "./dom.js";
import { copy } from "./parts.js";

const KINDS = { "+": "added", "-": "removed", "@": "quiet" };

const isOption = (finding) => finding.remedy_suffices && finding.edit;

// A place for the diff of each finding; where several are in one file, the first has it.
export function diffs({ id, findings }) {
	const slots = findings.map((finding) => h("div", {}, isOption(finding) && quiet("Making the diff…")));
	const fill = (place, ...content) => isOption(findings[place]) && slots[place].replaceChildren(...content);
	const refuse = (place, why) => fill(place, quiet(`No diff: ${why}`));
	const show = ({ changes, left }) => {
		for (const { file, diff, findings: [first, ...others] } of changes) {
			fill(first, coloured(diff), h("p", { class: "actions" }, copy("Copy the diff", () => diff)));
			for (const place of others) fill(place, quiet(`The diff of ${file} above has it, too.`));
		}
		for (const { finding, why } of left) refuse(finding, why);
	};
	if (findings.some(isOption)) get(`${pathOf(id)}/fix`).then(show, ({ message }) => slots.forEach((_, place) => refuse(place, message)));
	return slots;
}

function coloured(diff) {
	const lines = diff.match(/[^\n]*\n/g).map((line, index) => h("span", { class: index < 2 ? "quiet" : KINDS[line[0]] }, line));
	return h("pre", { class: "diff", tabindex: 0 }, lines);
}
