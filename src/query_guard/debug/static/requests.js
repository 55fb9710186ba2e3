// All requests, newest first.

import { say } from "./api.js";
import { button, empty, h } from "./dom.js";
import { filters } from "./filters.js";
import { clock, counted, failed, ms, name, outcome } from "./format.js";
import { bar, chips, legend, toRequest } from "./parts.js";
import { windowed } from "./rows.js";
import { changes, clear, known, pinned, reports, togglePin } from "./store.js";

const TITLES = ["Pin", "Time", "Request", "Status", "Total", "Where it went", "Statements", "Shapes", "Connections", "Findings"];
const NONE = "No requests yet. Use the application: each request appears here when it has ended.";
let scrolled = 0; // where the list was left

const attempt = (work) => work().catch((error) => say(error.message, true));

export function showRequests(main, params) {
	document.title = "Requests – query_guard";
	const chosen = filters(params, draw);
	const end = new AbortController();
	const { signal } = end;
	const list = windowed(row, signal);
	const count = h("p", { class: "quiet", role: "status" });
	const head = h("div", { role: "rowgroup", class: "head" }, h("div", { role: "row" }, TITLES.map((title) => h("span", { role: "columnheader" }, title))));
	const grid = h("div", { role: "table", "aria-label": "Requests", class: "requests" }, head, list.body);
	const nothing = h("div");
	main.append(h("h1", { class: "unseen" }, "Requests"),
		h("div", { class: "spread" }, chosen.element, button("Clear", () => attempt(clear), { title: "Forget all reports that are not pinned" })),
		h("div", { class: "spread" }, count, legend()), grid, nothing);

	function draw() {
		const all = reports();
		const matching = all.filter(chosen.matches);
		chosen.offer(all);
		grid.hidden = matching.length === 0;
		grid.ariaRowCount = matching.length + 1;
		list.show(matching);
		count.textContent = `${chosen.isOn() ? `${matching.length} of ` : ""}${counted(all.length, "request")}`;
		nothing.replaceChildren(matching.length || !known.isLoaded ? "" : all.length ? empty("No request matches. ", button("Show all", chosen.clear)) : empty(NONE));
	}

	addEventListener("keydown", (event) => onKey(event, list, chosen.text), { signal });
	changes.addEventListener("change", draw, { signal });
	draw();
	scrollTo(0, scrolled);
	return () => {
		scrolled = scrollY;
		end.abort();
	};
}

function row(report) {
	const { id, kind, method, route, path, started_at: started, change, query_count: count } = report;
	const [what, where] = kind === "block" ? [kind, path] : [method, route || "(no route)"];
	const isPinned = Boolean(pinned(id));
	const pin = button(isPinned ? "★" : "☆", () => attempt(() => togglePin(id)), {
		class: "pin", "aria-pressed": String(isPinned), "aria-label": `Pin ${name(report)}`, title: "Keep it at the top",
	});
	const cells = [
		pin, h("time", { datetime: started }, clock(started)), toRequest(id, h("span", { class: "method" }, what), " ", where), h("span", { class: failed(report) && "error", title: report.exception }, outcome(report)),
		ms(report.duration_ms), bar(report.times), change && change.before !== count ? h("b", { title: change.sentence }, `${change.before} → ${count}`) : count, report.shapes, report.peak_connections, chips(report.findings, report.severities),
	];
	return h("div", { role: "row" }, cells.map((content) => h("span", { role: "cell" }, content)));
}

function onKey(event, list, search) {
	const { key, target } = event;
	if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog")) return;
	if (target === search && key === "ArrowDown") list.move(0);
	else if (target.matches("input, select")) return;
	else if (key === "/") search.focus();
	else if (key === "j" || key === "ArrowDown") list.move(1);
	else if (key === "k" || key === "ArrowUp") list.move(-1);
	else if (key === "p" && list.focused()) attempt(() => togglePin(list.focused().id));
	else return;
	event.preventDefault();
}
