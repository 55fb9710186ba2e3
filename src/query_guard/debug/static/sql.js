// SQL cut into tokens, laid out in lines and coloured, always as texts; and as psql takes it.

import { h } from "./dom.js";

const TOKEN = /(--[^\n]*|\/\*[^]*?\*\/)|('(?:[^']|'')*'?)|("[^"]*"?|`[^`]*`?|\[[^\]]*\]?)|(\?|\$\d+|%\(\w+\)s|%s)|(\d[\w.]*)|([\p{L}_][\p{L}\p{N}_$]*)|(\s+)|([^])/gu;
const KINDS = [, "comment", "string", "quoted", "bind", "number", "word", "space", "sign"];
const BREAKS = "FROM WHERE GROUP ORDER HAVING LIMIT OFFSET UNION EXCEPT INTERSECT VALUES SET RETURNING".split(" ");
const JOINS = "JOIN LEFT RIGHT FULL INNER CROSS".split(" ");
const KEYWORDS = new Set([...BREAKS, ...JOINS, ...("SELECT AND OR NOT NULL IS IN AS ON OUTER LATERAL BY ALL DISTINCT INSERT INTO UPDATE DELETE WITH RECURSIVE CASE WHEN THEN ELSE END " +
	"EXISTS BETWEEN LIKE ILIKE ASC DESC FOR SHARE SKIP LOCKED OVER PARTITION CONFLICT DO NOTHING USING").split(" ")]);
const WIDTH = 96;
const LONGEST = 20000; // longer SQL stays in its line

function tokens(sql) {
	return [...sql.matchAll(TOKEN)].map((match) => {
		const kind = KINDS[match.findIndex((group, index) => index && group !== undefined)];
		const word = kind === "word" && KEYWORDS.has(match[0].toUpperCase()) ? match[0].toUpperCase() : "";
		return { text: match[0], kind: word ? "keyword" : kind, word };
	});
}

// The tokens with other spaces: each clause on its line, and long lists broken.
function laidOut(sql) {
	const given = tokens(sql);
	if (sql.length > LONGEST) return given;
	const selects = []; // of each open parenthesis, whether a SELECT stands in it
	const lines = [];
	let column = 0;
	let last = {};
	const space = (text) => {
		lines.push({ text, kind: "space" });
		column = text === " " ? column + 1 : text.length;
	};
	const indent = (more) => space(`\n${"  ".repeat(selects.filter(Boolean).length + more)}`);
	given.forEach((token, index) => {
		const { word, text } = given[index + 1] || {};
		if (token.kind === "space") {
			const isOpen = selects.every(Boolean);
			const breaks = (BREAKS.includes(word) && !["DELETE", "DO"].includes(last.word)) || (JOINS.includes(word) && ![...JOINS, "OUTER"].includes(last.word));
			if (isOpen && breaks) indent(0);
			else if ((isOpen && ["AND", "OR"].includes(word)) || (column > WIDTH && last.text === ",")) indent(1);
			else space(" ");
			return;
		}
		if (token.text === ")") selects.pop();
		lines.push(token);
		column += token.text.length;
		last = token;
		if (token.text !== "(") return;
		selects.push(/^(select|with)$/i.test(text));
		if (selects.at(-1)) indent(0);
	});
	return lines;
}

export function formatted(sql) {
	const texts = laidOut(sql).map(({ text, kind }) => (["space", "sign", "word"].includes(kind) ? text : h("span", { class: `sql-${kind}` }, text)));
	return h("pre", { class: "sql", tabindex: 0 }, texts);
}

// A script for psql: a variable for each bind, filled with the values where they are known.
export function forPsql(sql, parameters = []) {
	const pieces = laidOut(sql);
	const binds = pieces.filter((piece) => piece.kind === "bind");
	const values = binds.map((_, index) => (parameters.length === binds.length ? literal(parameters[index]) : ""));
	const text = pieces.map((piece) => {
		const index = binds.indexOf(piece);
		return index < 0 ? piece.text : values[index] === null ? "NULL" : `:'p${index + 1}'`;
	});
	return `${values.map((value, index) => (value === null ? "" : `\\set p${index + 1} '${quoted(value)}'\n`)).join("")}${text.join("").trim()};\n`;
}

// What a value is in SQL, from how Python writes it; null is NULL.
function literal(python) {
	const written = /^(?:\w+(?:\.\w+)*\()?(['"])(.*)\1\)?$/s.exec(python);
	if (written) return written[2].replace(/\\(['"\\])/g, "$1");
	const date = /^datetime\.date(?:time)?\(([\d, ]+)/.exec(python);
	if (!date) return python === "None" ? null : python;
	const [year, month, day, ...time] = date[1].split(",").map((part) => part.trim().padStart(2, "0"));
	return [[year, month, day].join("-"), ...(time.length ? [[...time, "00"].slice(0, 3).join(":")] : [])].join(" ");
}

const quoted = (value) => value.replaceAll("\\", "\\\\").replaceAll("'", "''").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
