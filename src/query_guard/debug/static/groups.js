// The statements of a request, grouped by shape and place, each group with its executions.

import { expandable, h, quiet, section, table } from "./dom.js";
import { counted, ms, share, sum } from "./format.js";
import { chips, copy, place } from "./parts.js";
import { formatted, forPsql } from "./sql.js";

const MOST = 200; // executions that are shown of a group
const TITLES = "Statement|+Similar|+Duplicates|+Total|+Share|+Mean|+Max|+Rows|Phase|Where|What it is";

export function statements(report) {
	const groups = Object.values(Object.groupBy(report.statements, (row) => JSON.stringify([row.fingerprint, row.file, row.line, row.relationship, row.engine])));
	const total = time(report.statements);
	const rows = groups.sort((a, b) => time(b) - time(a)).flatMap((group) => lines(group, total, report));
	return section("Statements", rows.length > 0 && quiet("Similar: of one shape, from one place. Duplicates: with the same values as an earlier one."),
		table("Statements by shape and place", TITLES, rows, report.query_count ? "Their details were not kept." : "It sent no statements."));
}

const time = (rows) => sum(rows.map((row) => row.duration_ms));

function lines(rows, total, report) {
	const [first] = rows;
	const known = rows.map((row) => row.rows).filter((count) => count != null);
	return expandable([
		first.sql, rows.length, rows.filter((row) => row.duplicate_of).length || null, ms(time(rows)), share(time(rows), total), ms(time(rows) / rows.length),
		ms(Math.max(...rows.map((row) => row.duration_ms))), known.length ? sum(known) : null,
		[...new Set(rows.map((row) => row.phase || "–"))].join(", "), [place(first), first.relationship && h("div", { class: "quiet" }, first.relationship)], meaning(rows, report),
	], () => executions(rows), new Set());
}

// The findings that a group is in, or why its repetition is none.
function meaning(rows, report) {
	const ids = new Set(rows.map((row) => row.id));
	const about = (each) => each.statement_ids.some((id) => ids.has(id));
	const found = report.findings.filter(about);
	if (found.length) return chips(found.map((each) => each.kind), found.map((each) => each.severity));
	const silent = report.silences.find(about);
	return [rows.some((row) => row.failed) && h("span", { class: "error" }, "failed "), silent && quiet(`no ${silent.kind}: ${silent.reason}`)];
}

function executions(rows) {
	const [first] = rows;
	const titles = `+#|+Start|+Time|+Rows|+Connection|+Transaction|+Duplicate of|Outcome${rows.some((row) => row.parameters) ? "|Values" : ""}`;
	const cells = rows.slice(0, MOST).map((row) => [
		row.id, ms(row.start_ms), ms(row.duration_ms), row.rows, row.connection, row.transaction, row.duplicate_of && `#${row.duplicate_of}`,
		row.failed ? h("span", { class: "error" }, "failed") : "ok", (row.parameters || []).join(", ")]);
	return [
		formatted(first.sql),
		h("p", { class: "actions" }, copy("Copy SQL", () => formatted(first.sql).textContent), copy("Copy for psql", () => forPsql(first.sql, first.parameters)), quiet(`${first.operation} on ${first.engine}, shape ${first.fingerprint}`)),
		table("Executions", titles, cells),
		rows.length > MOST ? quiet(`and ${counted(rows.length - MOST, "execution")} more; the JSON has them all`) : "",
	];
}
