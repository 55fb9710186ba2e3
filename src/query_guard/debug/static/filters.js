// The filters of the list, kept in the address.

import { h } from "./dom.js";
import { failed, name } from "./format.js";

const LABELS = { text: "Text", route: "Route", kind: "Finding", status: "Status", slower: "Slower than, in ms" };
const FIELDS = Object.keys(LABELS);

// `params` are those of the address; `changed` is called after each change.
export function filters(params, changed) {
	const values = Object.fromEntries(FIELDS.map((field) => [field, params.get(field) || ""]));
	const moved = () => {
		history.replaceState(null, "", `#/?${new URLSearchParams(Object.entries(values).filter(([, value]) => value))}`);
		changed();
	};
	const input = (tag, field, more) => h(tag, { id: `filter-${field}`, value: values[field], input: ({ target }) => { values[field] = target.value; moved(); }, ...more });
	const inputs = {
		text: input("input", "text", { type: "search", placeholder: "Text  ( / )" }), route: input("select", "route"), kind: input("select", "kind"), status: input("select", "status"),
		slower: input("input", "slower", { type: "number", min: 0, placeholder: "Slower, in ms" }),
	};
	return {
		element: h("search", { class: "filters" }, FIELDS.map((field) => [h("label", { for: `filter-${field}`, class: "unseen" }, LABELS[field]), inputs[field]])),
		text: inputs.text,
		matches: (report) => matches(values, report),
		isOn: () => FIELDS.some((field) => values[field]),
		offer(reports) {
			fill(inputs.route, "All routes", reports.map(name), values.route);
			fill(inputs.kind, "All findings", ["any finding", ...reports.flatMap((report) => report.findings)], values.kind);
			fill(inputs.status, "All statuses", ["failed", ...reports.filter((report) => report.status).map((report) => String(report.status))], values.status);
		},
		clear() {
			for (const field of FIELDS) values[field] = inputs[field].value = "";
			moved();
		},
	};
}

function matches({ text, route, kind, status, slower }, report) {
	if (route && name(report) !== route) return false;
	if (kind && !(kind === "any finding" ? report.findings.length : report.findings.includes(kind))) return false;
	if (status && !(status === "failed" ? failed(report) : String(report.status) === status)) return false;
	if (slower && !(report.duration_ms > Number(slower))) return false;
	const words = [name(report), report.path, report.status, report.id, report.exception, ...report.findings];
	return words.join(" ").toLowerCase().includes(text.toLowerCase());
}

// Offer what there is; what is chosen stays, also where no report has it.
function fill(select, all, options, chosen) {
	const wanted = ["", ...new Set([chosen, ...options].filter(Boolean).sort())];
	if (wanted.join("\n") === [...select.options].map((option) => option.value).join("\n")) return;
	select.replaceChildren(...wanted.map((value) => h("option", { value }, value || all)));
	select.value = chosen;
}
