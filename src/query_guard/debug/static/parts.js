// Parts that several views show.

import { button, code, h } from "./dom.js";
import { ms } from "./format.js";
import { link } from "./editor.js";

export const PARTS = [
  ["application", "application"],
  ["wait", "pool wait"],
  ["database", "database"],
  ["blocked", "blocked loop"],
];

// Where the time of a report went, as a bar of its four parts.
export function bar(times) {
  const total = PARTS.reduce((sum, [part]) => sum + times[`${part}_ms`], 0) || 1;
  const words = PARTS.map(([part, label]) => `${label} ${ms(times[`${part}_ms`])}`).join(", ");
  const pieces = PARTS.map(([part]) => h("i", { class: part, style: { width: `${(100 * times[`${part}_ms`]) / total}%` } }));
  return h("span", { class: "bar", role: "img", "aria-label": words, title: words }, pieces);
}

export const legend = () =>
  h("ul", { class: "legend" }, PARTS.map(([part, label]) => h("li", {}, h("i", { class: part }), label)));

// Findings as chips, each kind once.
export function chips(kinds, severities) {
  const groups = new Map();
  kinds.forEach((kind, index) => {
    const group = groups.get(kind) || { count: 0, severity: "" };
    group.count += 1;
    if (group.severity !== "error") group.severity = (severities && severities[index]) || "";
    groups.set(kind, group);
  });
  return [...groups].map(([kind, { count, severity }]) =>
    h("span", { class: `chip ${severity}` }, severity === "error" ? `! ${kind}` : kind, count > 1 ? ` ×${count}` : ""));
}

export function place(frame) {
  return frame && frame.file ? link(frame) : h("span", { class: "quiet" }, "no line of the application");
}

export const places = (frames) => frames.map((frame, index) => [index ? ", " : "", place(frame)]).flat();

export const toRequest = (id, ...words) => h("a", { href: `#/requests/${encodeURIComponent(id)}` }, ...words);

// A button that copies what `text()` returns, and says so.
export function copy(label, text) {
  const element = button(label, async () => {
    element.textContent = (await toClipboard(text())) ? "Copied" : "Not allowed to copy";
    setTimeout(() => { element.textContent = label; }, 1500);
  }, { class: "small" });
  return element;
}

async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

export const fact = (label, ...value) => [h("dt", {}, label), h("dd", {}, ...value)];
export const snippet = (text) => h("pre", {}, code(text));
