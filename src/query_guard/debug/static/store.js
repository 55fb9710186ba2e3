// The reports of the application, and those pinned here.

import { get, pathOf, say } from "./api.js";

const pins = new Map(); // id -> the whole report
let rows = [];
export const changes = new EventTarget();
export const known = { folder: null, isLoaded: false };

export const pinned = (id) => pins.get(id);
const changed = () => changes.dispatchEvent(new Event("change"));

// Newest first; pinned ones before all others.
export const reports = () => [...[...pins.values()].reverse(), ...rows.filter((row) => !pins.has(row.id))];

export async function refresh() {
	try {
		const { requests, after, kept, folder } = await get(rows.length ? `requests?after=${encodeURIComponent(rows[0].id)}` : "requests");
		const next = after == null ? requests : [...requests, ...rows].slice(0, kept);
		const isNew = !known.isLoaded || next.length !== rows.length || next[0]?.id !== rows[0]?.id;
		Object.assign(known, { folder, isLoaded: true });
		rows = next;
		say("Live", false);
		if (isNew) changed();
	} catch (error) {
		say(error.message, true);
	}
}

export async function togglePin(id) {
	if (!pins.delete(id)) {
		const report = await get(pathOf(id));
		const [findings, severities] = ["kind", "severity"].map((field) => report.findings.map((finding) => finding[field]));
		pins.set(id, { ...report, findings, severities, report });
	}
	changed();
}

export async function clear() {
	await get("requests", "DELETE");
	rows = [];
	changed();
}
