// The transactions and the checkouts of a request.

import { h, section, table } from "./dom.js";
import { ms } from "./format.js";
import { place } from "./parts.js";

const BAD = ["failed", "leaked", "timeout", "collected"];

export const connections = ({ transactions, checkouts }) => h("div", {},
	section("Transactions", table("Transactions", "+#|+Connection|+Start|+Time|Outcome|+Statements|+Writes|+Rows written|Ended by|Phase|Ended at", transactions.map((row) => [
		row.id, row.connection, ms(row.start_ms), ms(row.duration_ms), ended(row), row.statements, row.writes, row.rows_written, row.ended_by, row.phase, place(row),
	]), "It had no transaction.")),
	section("Checkouts", table("Checkouts", "+#|+Connection|+Start|+Wait|+Connect|+Held|+Busy|+Idle in transaction|Outcome|+Out then|Where", checkouts.map((row) => [
		row.id, row.connection, ms(row.start_ms), ms(row.wait_ms), ms(row.connect_ms), ms(row.held_ms), ms(row.busy_ms), ms(row.idle_in_transaction_ms), ended(row), row.held_in_pool, [place(row), holders(row.holders)],
	]), "It took no connection.")));

const ended = ({ outcome, autocommit }) => h("span", { class: BAD.includes(outcome) && "error" }, outcome, autocommit && " (autocommit)");

export const holders = (rows) => rows.length > 0 && h("ul", { class: "holders" }, rows.map((row) => h("li", { class: row.suspected && "error" },
	`${row.suspected ? "suspected leak: " : "held by "}${row.name}, ${ms(row.held_ms)}, ${row.doing} `, place(row))));
