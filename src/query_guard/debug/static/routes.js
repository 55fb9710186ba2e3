// Each route over the reports that are kept.

import { h, quiet, table } from "./dom.js";
import { clock, counted, ms, name } from "./format.js";
import { live } from "./live.js";
import { chip, toRequest } from "./parts.js";

const TITLES = "Route|+Requests|+Statements p50|+p95|+Database p50|+p95|+Pool wait p50|+p95|Findings, first and last seen|Most statements";

export const showRoutes = live("Routes", "routes", 3000, ({ routes }) => [
	table("Routes, that with most time in the database first", TITLES, routes.map(row), "No requests yet: each route appears here with its first request."),
]);

function row(route) {
	const label = name(route).trim();
	const seen = Object.entries(route.seen).map(([kind, { first, last }]) =>
		h("div", {}, chip(kind, "", route.findings[kind]), quiet([...new Set([clock(first), clock(last)])].join(" – "))));
	return [h("a", { href: `#/?${new URLSearchParams({ route: label })}` }, label), route.requests, route.query_count_median, route.query_count_p95, ms(route.query_time_median_ms), ms(route.query_time_p95_ms),
		ms(route.wait_median_ms), ms(route.wait_p95_ms), seen, toRequest(route.worst, counted(route.query_count_max, "statement"))];
}
