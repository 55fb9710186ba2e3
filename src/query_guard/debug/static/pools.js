// The connection pools as they are now, and who holds their connections.

import { holders } from "./connections.js";
import { empty, facts, h, quiet, section } from "./dom.js";
import { ms } from "./format.js";
import { live } from "./live.js";

const MOST = 60; // connections that are drawn

export const showPools = live("Pools", "pools", 1000, ({ pools }) =>
	pools.length ? pools.map(pool) : [empty("No pool was used yet: a pool appears here with its first checkout.")]);

function pool(row) {
	const count = Math.min(MOST, row.capacity || row.size || 0);
	const seats = Array.from({ length: count }, (_, index) => h("i", { class: index < row.checked_out ? "database" : index < row.size ? "application" : "beyond" }));
	return section(`${row.engine}, ${row.kind}`,
		count > 0 && h("div", { class: "seats", role: "img", "aria-label": `${row.checked_out} of ${row.capacity || row.size} connections are out` }, seats),
		facts("facts", ["In use", row.checked_out], ["Waiting", row.waiting], ["Size", row.size], ["Overflow", row.overflow], ["At most", row.capacity], ["Peak", row.peak],
			["Checkouts that waited", row.waits], ["Waited", ms(row.wait_ms)], ["Connects", row.connects], ["Connecting", ms(row.connect_ms)]),
		holders(row.holders) || quiet("Nobody holds a connection."), row.unseen > 0 && quiet(` ${row.unseen} more were taken where nothing is recorded.`));
}
