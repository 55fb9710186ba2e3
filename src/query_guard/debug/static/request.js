// One request: its sentence, what to do, and what happened when.

import { get, pathOf, say } from "./api.js";
import { assertion } from "./assertion.js";
import { connections } from "./connections.js";
import { empty, facts, h } from "./dom.js";
import { findings } from "./findings.js";
import { failed, ms, outcome, result } from "./format.js";
import { statements } from "./groups.js";
import { bar, copy, legend, parts, toRequest } from "./parts.js";
import { pinned, refresh } from "./store.js";
import { timeline } from "./timeline.js";

export function showRequest(main, params, id) {
	let shown = "";
	let isStopped = false;
	const back = () => h("p", {}, h("a", { href: "#/" }, "← Requests"));

	async function load() {
		try {
			const report = pinned(id)?.report || (await get(`${pathOf(id)}?${params}`));
			if (isStopped || JSON.stringify(report) === shown) return;
			shown = JSON.stringify(report);
			if (id !== report.id) history.replaceState(null, "", `#/${pathOf(report.id)}`);
			document.title = `${report.sentence} – query_guard`;
			main.replaceChildren(back(), heading(report), findings(report, load), timeline(report), statements(report), connections(report));
		} catch (error) {
			if (isStopped) return;
			say(error.message, true);
			if (!shown) main.replaceChildren(back(), h("h1", {}, "This report is not kept"), empty(error.message, ". A pinned report stays as long as this page is open."));
		}
	}

	refresh().finally(load); // it knows the folder of the files
	return () => { isStopped = true; };
}

function heading(report) {
	const status = h("span", { class: failed(report) && "error" }, outcome(report), report.exception && ` ${report.exception}`);
	return h("section", {}, h("h1", {}, report.sentence),
		facts("facts", ["Status", status], ["Started", new Date(report.started_at).toLocaleString()], ["Total", ms(report.duration_ms)], ...parts(report.times).map(([, label, time]) => time > 0 && [label, ms(time)]),
			["Statements", report.query_count], ["Shapes", report.shapes], ["Connections", report.peak_connections], report.pid && ["Process", report.pid], ["Report", report.id]),
		h("div", { class: "large" }, bar(report.times)), legend(),
		h("p", { class: "actions" }, copy("Copy as a pytest assertion", () => assertion(report)), copy("Copy link", () => location.href),
			h("a", { href: `api/${pathOf(report.id)}` }, "JSON")),
		notes(report).map((words) => h("p", { class: "note" }, words)));
}

// What has changed, what a trial has shown, and what is missing.
function notes(report) {
	const { change, trial } = report;
	const missing = [[report.dropped, "statements"], [report.dropped_checkouts, "checkouts"], [report.dropped_transactions, "transactions"]];
	return [
		change && [change.sentence],
		trial && ["This request ran with the options of ", toRequest(trial.of, "an earlier report"), `: ${result(trial)}`],
		...missing.map(([count, what]) => count && [`${count} more ${what} were counted without details.`]),
		report.sampled === false && ["This request was not in the sample: its statements were only counted."],
		report.late_count && [`${report.late_count} statements came after the report was finished.`],
	].filter(Boolean);
}
