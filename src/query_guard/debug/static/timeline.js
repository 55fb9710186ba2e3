// What happened when: a lane for each connection.

import { h, section } from "./dom.js";
import { counted, ms } from "./format.js";

const MERGED = 0.0008; // of the width: nearer statements of one shape are one block
const WORTH_A_LABEL = 0.14;

export function timeline({ duration_ms: duration, ...report }) {
	const spans = (rows) => rows.map((row) => {
		const from = row.start_ms + (row.wait_ms || 0) + (row.connect_ms || 0);
		return { ...row, from, to: from + (row.duration_ms ?? row.held_ms ?? duration - from) };
	});
	const [statements, transactions, blocks, checkouts] = [report.statements, report.transactions, report.loop_blocks, report.checkouts].map(spans);
	const span = Math.max(0.001, duration, ...[...statements, ...checkouts].map((row) => row.to));
	const length = ({ from, to }) => ms(to - from);
	const draw = (kind, { from, to }, words, label) => {
		const width = (to - from) / span;
		return width > 0 && h("span", { class: kind, title: words, style: { left: `${(100 * from) / span}%`, width: `${100 * width}%` } }, width > WORTH_A_LABEL && label);
	};
	const timed = (kind, row, words) => draw(kind, row, `${words} ${length(row)}`, `${words} ${length(row)}`);

	const onConnection = (connection) => {
		const [sent, held, open] = [statements, checkouts, transactions].map((rows) => rows.filter((row) => row.connection === connection));
		return [
			held.map((row) => [
				timed("t-wait", { from: row.start_ms, to: row.start_ms + row.wait_ms }, "wait"),
				timed("t-connect", { from: row.start_ms + row.wait_ms, to: row.from }, "connect"),
				draw(`t-checkout ${row.outcome === "returned" ? "" : "odd"}`, row, `checkout ${row.id}: held ${length(row)}, ${row.outcome}`),
			]),
			open.map((row) => draw(`t-transaction ${row.outcome.replace(" ", "-")}`, row, `transaction ${row.id}: ${row.outcome}, ${length(row)}`, row.outcome)),
			merged(sent, span).map((row) => draw(`t-statement ${row.failed ? "failed" : ""}`, row, `${row.count > 1 ? `${row.count} statements` : `#${row.id}`}, ${length(row)}: ${row.sql.slice(0, 300)}`)),
			held.map((row) => gaps(row, sent).map((gap) => timed("t-gap", gap, meaning(gap, open, blocks)))),
		];
	};
	const connections = [...new Set([...checkouts, ...statements].map((row) => row.connection))].sort((a, b) => a - b);
	const words = `${counted(statements.length, "statement")} on ${counted(connections.length, "connection")} in ${ms(duration)}; the tables below have the same`;
	return section("Timeline", h("div", { class: "timeline", role: "img", "aria-label": words },
		lane("", "axis", ticks(span).map((tick) => draw("tick", tick, null, ms(tick.from)))),
		lane("phase", "band", phases([...statements, ...checkouts.map((row) => ({ ...row, from: row.start_ms, to: row.from }))]).map((row) => draw("t-phase", row, row.phase, row.phase))),
		lane("event loop", "band", blocks.map((row) => timed("blocked", row, "blocked"))),
		connections.map((number) => lane(number ? `connection ${number}` : "no connection", "connection", onConnection(number)))));
}

const lane = (label, kind, blocks) => blocks.length > 0 && h("div", { class: `lane ${kind}` }, h("span", { class: "label" }, label), h("div", { class: "track" }, blocks));

function ticks(span) {
	const step = [1, 2, 5, 10].map((times) => times * 10 ** Math.floor(Math.log10(span / 5))).find((width) => span / width <= 6);
	return Array.from({ length: Math.floor(span / step) + 1 }, (_, index) => ({ from: index * step, to: (index + 1) * step }));
}

// When which part of the request ran, as far as statements and checkouts say so.
const phases = (rows) => joined(rows.filter((row) => row.phase), (last, row) => last.phase === row.phase);

const merged = (statements, span) => joined(statements, (last, row) => last.fingerprint === row.fingerprint && !row.failed && (row.from - last.to) / span < MERGED);

// Rows in the order of their start, each joined with the one before where `belongs` says so.
function joined(rows, belongs) {
	const blocks = [];
	for (const row of rows.toSorted((a, b) => a.from - b.from)) {
		const last = blocks.at(-1);
		if (last && belongs(last, row)) Object.assign(last, { to: Math.max(last.to, row.to), count: last.count + 1 });
		else blocks.push({ ...row, count: 1 });
	}
	return blocks;
}

// The times in which a connection was held and nothing ran on it.
function gaps(held, statements) {
	const inside = statements.filter((row) => row.from >= held.from && row.from < held.to).toSorted((a, b) => a.from - b.from);
	return [...inside, { from: held.to }].map((row, index) => ({ from: index ? inside[index - 1].to : held.from, to: row.from }));
}

function meaning({ from, to }, transactions, blocks) {
	const overlaps = (row) => Math.min(to, row.to) - Math.max(from, row.from) > (to - from) / 2;
	return blocks.some(overlaps) ? "loop blocked" : transactions.some(overlaps) ? "idle in transaction" : "held idle";
}
