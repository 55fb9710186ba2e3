// What the guard itself costs.

import { facts } from "./dom.js";
import { live } from "./live.js";

export const showGuard = (main) => live(main, "The guard itself", "self", 3000, (own) => [facts("own", ...pairs(own, ""))]);

// Names of the JSON as words; what stands in an object, behind the name of that.
const pairs = (data, before) => Object.entries(data).flatMap(([key, value]) => {
	const label = `${before}${key.replace(/_(ms|us|bytes)$/, " in $1").replaceAll("_", " ")}`;
	if (value !== null && typeof value === "object" && !Array.isArray(value)) return pairs(value, `${label}: `);
	return [[label, Array.isArray(value) ? value.map((each) => (typeof each === "object" ? JSON.stringify(each) : each)).join("; ") || "none" : String(value ?? "–")]];
});
