// Findings: evidence, fix, trial of a fix.

import { get, pathOf, watch } from "./api.js";
import { diffs } from "./diff.js";
import { button, empty, facts, h, quiet, section } from "./dom.js";
import { clock, counted, ms, result } from "./format.js";
import { chip, copy, place, places } from "./parts.js";
import { formatted } from "./sql.js";

const ONLY_SQL = /: (SELECT|INSERT|UPDATE|DELETE|WITH)\b[^]*/; // the evidence has it, too
let stopTrial = () => {};

// `reload` reads the report again.
export function findings(report, reload) {
	stopTrial();
	const slots = diffs(report);
	const list = report.findings.map((finding, place) => article(finding, report.statements, slots[place]));
	return section("Findings", list.length ? [trial(report, reload), list] : empty("Nothing to fix here."));
}

function article(finding, statements, diff) {
	const { kind, severity, phase, callers, remedy, edit, tried } = finding;
	const saves = finding.saved_statements > 0 && `saves ${counted(finding.saved_statements, "statement")} and about ${ms(finding.saving_ms)}`;
	return h("article", { class: `finding ${severity}` },
		h("h3", {}, h("a", { href: `kinds/${kind}` }, chip(kind, severity)), " ", finding.summary.replace(ONLY_SQL, "")),
		h("p", {}, place(finding), phase && quiet(` during ${phase}`), callers.length > 0 && [" called from ", places(callers)]),
		h("p", {}, finding.fix),
		remedy && [h("pre", { class: "remedy" }, remedy), h("p", { class: "actions" }, copy("Copy", () => remedy), edit && place(edit), saves && quiet(saves))],
		tried && h("p", { class: `note ${tried.outcome === "fails" ? "error" : ""}` }, `Tried: ${result(tried)}`),
		diff,
		evidence(finding, statements));
}

function evidence(finding, statements) {
	const ids = new Set(finding.statement_ids);
	const rows = statements.filter((row) => ids.has(row.id));
	const groups = Object.values(Object.groupBy(rows, (row) => row.fingerprint));
	const pairs = [
		...loaders(finding, rows, statements).slice(0, 3).map((row) => ["Loaded by", described(row)]),
		...groups.slice(0, 5).map((group) => [group.length > 1 ? `Sent ${group.length} times` : "Statement", described(group[0])]),
		finding.places.length && ["The same at", places(finding.places)],
		...finding.details.map((line) => ["Seen", line]),
		...finding.effects.map((effect) => ["Also fixes", `${effect.kind}: ${effect.summary} `, place(effect)]),
	].filter(Boolean);
	return pairs.length > 0 && h("details", { open: true }, h("summary", {}, "Evidence"), facts("evidence", ...pairs));
}

// What loaded the objects for which they were sent.
function loaders({ edit }, rows, statements) {
	const ids = new Set(rows.map((row) => row.loaded_by));
	const isEdited = (row) => edit && row.file === edit.file && row.line === edit.line;
	return statements.filter((row) => !rows.includes(row) && (ids.has(row.id) || isEdited(row)));
}

const described = (row) => [
	formatted(row.sql), quiet(`#${row.id}, ${ms(row.duration_ms)}${row.rows == null ? "" : `, ${counted(row.rows, "row")}`} at `), place(row),
];

// Arm the trial of the fixes; people repeat the request themselves.
function trial(report, reload) {
	if (report.trial || !report.findings.some((finding) => finding.edit)) return null;
	const said = h("p", { role: "status" });
	const start = button("Try the fixes", async () => {
		try {
			const { route, until, options } = await get(`${pathOf(report.id)}/try`, "POST");
			const named = options.map(({ remedy, file, line }) => `${remedy} at ${file}:${line}`).join(", ");
			said.textContent = `Send ${route} again, until ${clock(until)}: it runs with ${named}. What that saves appears here.`;
			stopTrial();
			stopTrial = watch(reload, 2000);
			setTimeout(stopTrial, Math.max(0, new Date(until) - Date.now()));
		} catch (error) {
			said.textContent = error.message;
		}
	});
	return h("div", { class: "actions" }, start, copy("Copy the command for a patch", () => `query-guard fix ${report.id}`), said);
}
