// The filters of the list, kept in the address, so that a link and the back button bring them back.

import { h } from "./dom.js";
import { failed, name } from "./format.js";

const FIELDS = ["text", "route", "kind", "status", "slower"];

// `params` are those of the address; `changed` is called after each change.
export function filters(params, changed) {
  const values = Object.fromEntries(FIELDS.map((field) => [field, params.get(field) || ""]));
  const apply = (field) => (event) => {
    values[field] = event.target.value;
    history.replaceState(null, "", address(values));
    changed();
  };
  const text = h("input", { type: "search", id: "filter-text", value: values.text, placeholder: "Text  ( / )", input: apply("text") });
  const slower = h("input", { type: "number", id: "filter-slower", min: 0, value: values.slower, placeholder: "Slower than … ms", input: apply("slower") });
  const selects = Object.fromEntries(["route", "kind", "status"].map((field) => [field, h("select", { id: `filter-${field}`, change: apply(field) })]));
  const offer = (reports) => {
    fill(selects.route, "All routes", unique(reports.map(name)), values.route);
    fill(selects.kind, "All findings", ["any finding", ...unique(reports.flatMap((report) => report.findings))], values.kind);
    fill(selects.status, "All statuses", ["failed", ...unique(reports.map((report) => report.status).filter(Boolean).map(String))], values.status);
  };
  const clear = () => {
    for (const field of FIELDS) values[field] = "";
    for (const input of [text, slower, ...Object.values(selects)]) input.value = "";
    history.replaceState(null, "", address(values));
    changed();
  };
  const element = h("search", { class: "filters" },
    labelled("Text", text), labelled("Route", selects.route), labelled("Finding", selects.kind),
    labelled("Status", selects.status), labelled("Slower than, in ms", slower));
  return { element, text, offer, clear, matches: (report) => matches(values, report), isOn: () => FIELDS.some((field) => values[field]) };
}

function matches({ text, route, kind, status, slower }, report) {
  if (route && name(report) !== route) return false;
  if (kind && !(kind === "any finding" ? report.findings.length : report.findings.includes(kind))) return false;
  if (status && !(status === "failed" ? failed(report) : String(report.status) === status)) return false;
  if (slower && !(report.duration_ms > Number(slower))) return false;
  const words = [name(report), report.path, report.status, report.id, report.exception, ...report.findings];
  return !text || words.join(" ").toLowerCase().includes(text.toLowerCase());
}

function address(values) {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value)).toString();
  return query ? `#/?${query}` : "#/";
}

const unique = (values) => [...new Set(values)].sort();
const labelled = (label, input) => [h("label", { for: input.id, class: "unseen" }, label), input];

// Offer what there is; what is chosen stays, also where no report has it.
function fill(select, all, options, chosen) {
  const wanted = ["", ...(chosen && !options.includes(chosen) ? [chosen] : []), ...options];
  if (wanted.length === select.options.length && wanted.every((value, index) => select.options[index].value === value)) return;
  select.replaceChildren(...wanted.map((value) => h("option", { value }, value || all)));
  select.value = chosen;
}
