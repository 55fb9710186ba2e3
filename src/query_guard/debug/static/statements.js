// Each shape of statement over the reports that are kept, the one that took most time first.

import { expandable, table } from "./dom.js";
import { ms } from "./format.js";
import { live } from "./live.js";
import { copy } from "./parts.js";
import { formatted, forPsql } from "./sql.js";

const MOST = 300;
const opened = new Set();

export const showStatements = live("Statements", "statements", 3000, ({ statements }) => [
	table("Statements, that with most time first", "Statement|+Count|+Total|+Median|+Max|Routes", statements.slice(0, MOST).flatMap(row), "No statements yet: they appear here when a request has sent some."),
]);

function row({ fingerprint, sql, count, total_ms, median_ms, max_ms, routes }) {
	const cells = [sql, count, ms(total_ms), ms(median_ms), ms(max_ms), routes.join(", ")];
	return expandable(cells, () => [formatted(sql), copy("Copy for psql", () => forPsql(sql))], opened, fingerprint);
}
