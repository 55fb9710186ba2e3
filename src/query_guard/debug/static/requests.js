// All requests, newest first.

import { say } from "./api.js";
import { button, empty, h } from "./dom.js";
import { filters } from "./filters.js";
import { clock, counted, failed, ms, name, outcome } from "./format.js";
import { bar, chips, legend, toRequest } from "./parts.js";
import { windowed } from "./rows.js";
import { clear, isLoaded, onChange, pinned, reports, togglePin } from "./store.js";

let scrolled = 0; // where the list was left

const COLUMNS = ["Pin", "Time", "Request", "Status", "Total", "Where it went", "Statements", "Shapes", "Connections", "Findings"];

export function showRequests(main, params) {
  document.title = "Requests – query_guard";
  const chosen = filters(params, draw);
  const list = windowed(row);
  const count = h("p", { class: "quiet", role: "status" });
  const wipe = button("Clear", () => attempt(clear), { title: "Forget all reports that are not pinned" });
  const head = h("div", { role: "rowgroup", class: "head" },
    h("div", { role: "row" }, COLUMNS.map((title) => h("span", { role: "columnheader" }, title))));
  const grid = h("div", { role: "table", "aria-label": "Requests", class: "requests" }, head, list.body);
  const nothing = h("div");
  main.append(h("h1", { class: "unseen" }, "Requests"), h("div", { class: "bar-of-filters" }, chosen.element, wipe),
    h("div", { class: "under-filters" }, count, legend()), grid, nothing);

  function draw() {
    const all = reports();
    const matching = all.filter(chosen.matches);
    chosen.offer(all);
    list.show(matching);
    grid.setAttribute("aria-rowcount", matching.length + 1);
    grid.hidden = matching.length === 0;
    count.textContent = chosen.isOn() ? `${matching.length} of ${counted(all.length, "request")}` : counted(all.length, "request");
    nothing.replaceChildren(...(matching.length || !isLoaded() ? [] : [why(all, chosen)]));
  }

  const keys = (event) => onKey(event, list, chosen.text);
  addEventListener("keydown", keys);
  const forget = onChange(draw);
  draw();
  scrollTo(0, scrolled);
  return () => {
    scrolled = scrollY;
    forget();
    list.stop();
    removeEventListener("keydown", keys);
  };
}

function why(all, chosen) {
  if (all.length) return empty("No request matches. ", button("Show all", chosen.clear));
  return empty("No requests yet. Use the application in another window, run its tests against the server, or send a request with curl: each appears here when it has ended.");
}

function row(report) {
  const isPinned = pinned(report.id);
  const pin = button(isPinned ? "★" : "☆", () => attempt(() => togglePin(report.id)), {
    class: "pin", "aria-pressed": String(isPinned), "aria-label": `Pin ${name(report)}`, title: "Keep it here and at the top",
  });
  const cells = [
    [pin], [h("time", { datetime: report.started_at }, clock(report.started_at))],
    [toRequest(report.id, h("span", { class: "method" }, report.kind === "block" ? "block" : report.method), " ", report.kind === "block" ? report.path : report.route || "(no route)")],
    [h("span", { class: failed(report) ? "error" : "", title: report.exception }, outcome(report))],
    [ms(report.duration_ms)], [bar(report.times)], [String(report.query_count)], [String(report.shapes)],
    [String(report.peak_connections)], chips(report.findings, report.severities),
  ];
  return h("div", { role: "row", class: isPinned ? "pinned" : "" }, cells.map((content) => h("span", { role: "cell" }, content)));
}

async function attempt(work) {
  try {
    await work();
  } catch (error) {
    say(error.message, true);
  }
}

function onKey(event, list, search) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog")) return;
  if (event.target === search && event.key === "ArrowDown") list.move(0);
  else if (event.target.matches("input, select")) return;
  else if (event.key === "/") search.focus();
  else if (event.key === "j" || event.key === "ArrowDown") list.move(1);
  else if (event.key === "k" || event.key === "ArrowUp") list.move(-1);
  else if (event.key === "p" && list.focused()) attempt(() => togglePin(list.focused().id));
  else return;
  event.preventDefault();
}
