// Numbers and times as people read them.

export function ms(value) {
	if (value == null) return "–";
	if (value >= 10000) return `${(value / 1000).toFixed(1)} s`;
	if (value >= 100) return `${value.toFixed(0)} ms`;
	return `${value.toFixed(value >= 10 ? 1 : 2)} ms`;
}

export const sum = (numbers) => numbers.reduce((all, each) => all + each, 0);
export const share = (part, whole) => (whole > 0 ? `${Math.round((100 * part) / whole)} %` : "–");
export const counted = (count, singular) => `${count} ${singular}${count === 1 ? "" : "s"}`;
export const clock = (iso) => new Date(iso).toLocaleTimeString([], { hour12: false });
export const name = (report) => (report.kind === "block" ? report.path || "block" : `${report.method} ${report.route || "(no route)"}`);

// A status, or what took its place.
export const outcome = ({ status, cancelled, exception }) => status ?? (cancelled ? "cancelled" : exception || "–");

export const failed = (report) => report.exception != null || report.status >= 500;

// What came of a fix that was tried.
export const result = ({ before, after, outcome, why }) => `${before} → ${after} statements, ${outcome}${why ? `: ${why}` : ""}`;
