// What the guard itself costs.

import { facts } from "./dom.js";
import { live } from "./live.js";

export const showGuard = live("The guard itself", "self", 3000, (own) => [facts("own", ...pairs(own, ""))]);

// Names of the JSON as words; what stands in an object, behind the name of that.
const pairs = (data, before) => Object.entries(data).flatMap(([key, value]) => {
	const label = `${before}${key.replace(/_ms$/, " in ms").replaceAll("_", " ")}`;
	if (value === null || typeof value !== "object") return [[label, value]];
	return Object.keys(value).length ? pairs(value, `${label}: `) : [[label, "none"]];
});
