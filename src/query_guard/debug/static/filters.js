// The filters of the list, kept in the address.

import { h } from "./dom.js";
import { failed, name } from "./format.js";

const FIELDS = {
	text: ["input", "Text", { type: "search", placeholder: "Text  ( / )" }],
	route: ["select", "Route"],
	kind: ["select", "Finding"],
	status: ["select", "Status"],
	slower: ["input", "Slower than, in ms", { type: "number", min: 0, placeholder: "Slower, in ms" }],
};

// `params` are those of the address; `changed` is called after each change.
export function filters(params, changed) {
	const values = {};
	const moved = () => {
		history.replaceState(null, "", `#/?${new URLSearchParams(Object.entries(values).filter(([, value]) => value))}`);
		changed();
	};
	const inputs = {};
	for (const [field, [tag, label, more]] of Object.entries(FIELDS)) {
		values[field] = params.get(field) || "";
		const input = ({ target }) => { values[field] = target.value; moved(); };
		inputs[field] = h(tag, { "aria-label": label, value: values[field], input, ...more });
	}
	return {
		element: h("search", { class: "filters" }, Object.values(inputs)),
		text: inputs.text,
		matches: (report) => matches(values, report),
		isOn: () => Object.values(values).some(Boolean),
		offer(reports) {
			fill(inputs.route, "All routes", reports.map(name), values.route);
			fill(inputs.kind, "All findings", ["any finding", ...reports.flatMap((report) => report.findings)], values.kind);
			fill(inputs.status, "All statuses", ["failed", ...reports.map(({ status }) => status && String(status))], values.status);
		},
		clear() {
			for (const field in inputs) values[field] = inputs[field].value = "";
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
