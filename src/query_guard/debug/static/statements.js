// Each shape of statement over the reports that are kept, the one that took most time first.

import { empty, expandable, table } from "./dom.js";
import { ms } from "./format.js";
import { live } from "./live.js";
import { copy } from "./parts.js";
import { formatted, forPsql } from "./sql.js";

const MOST = 300;
const opened = new Set();

export const showStatements = (main) => live(main, "Statements", "statements", 3000, ({ statements }) => [
	statements.length ? table("Statements, that with most time first", "Statement|+Count|+Total|+Median|+Max|Routes", statements.slice(0, MOST).flatMap(row))
		: empty("No statements yet: they appear here when a request has sent some."),
]);

function row({ fingerprint, sql, count, total_ms, median_ms, max_ms, routes }) {
	const [toggle, below] = expandable(sql.slice(0, 160), () => [formatted(sql), copy("Copy for psql", () => forPsql(sql))], 6, opened, fingerprint);
	return [[toggle, count, ms(total_ms), ms(median_ms), ms(max_ms), routes.join(", ")], below];
}
