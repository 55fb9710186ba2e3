// The reports that the page knows: those of the application, and those that are pinned here.

import { get, say, send } from "./api.js";

const pins = new Map(); // id -> the whole report, kept by this page even when the application has dropped it
let rows = [];
let loaded = false;
const listeners = new Set();
export const place = { folder: null };

export const isLoaded = () => loaded;
export const pinned = (id) => pins.has(id);
export const kept = (id) => pins.get(id);

export function onChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const changed = () => listeners.forEach((listener) => listener());

// Newest first; pinned ones before all others.
export function reports() {
  return [...[...pins.values()].reverse(), ...rows.filter((row) => !pins.has(row.id))];
}

export async function refresh() {
  try {
    const answer = await get(rows.length ? `requests?after=${encodeURIComponent(rows[0].id)}` : "requests");
    place.folder = answer.folder;
    const next = answer.after == null ? answer.requests : [...answer.requests, ...rows].slice(0, answer.kept);
    const isNew = !loaded || next.length !== rows.length || (next.length > 0 && next[0].id !== rows[0].id);
    loaded = true;
    rows = next;
    say("Live", false);
    if (isNew) changed();
  } catch (error) {
    say(error.message, true);
  }
}

export async function togglePin(id) {
  if (pins.has(id)) pins.delete(id);
  else pins.set(id, summaryOf(await get(`requests/${encodeURIComponent(id)}`)));
  changed();
}

// A report with the fields of a list, beside its own.
const summaryOf = (report) => ({
  ...report,
  report,
  findings: report.findings.map((finding) => finding.kind),
  severities: report.findings.map((finding) => finding.severity),
});

export async function clear() {
  await send("DELETE", "requests");
  rows = [];
  changed();
}
