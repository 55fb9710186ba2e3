// Which view the address names, and the header around it.

import { watch } from "./api.js";
import { h } from "./dom.js";
import { openSettings } from "./editor.js";
import { showGuard } from "./guard.js";
import { showPools } from "./pools.js";
import { showRequest } from "./request.js";
import { showRequests } from "./requests.js";
import { showRoutes } from "./routes.js";
import { showStatements } from "./statements.js";
import { refresh } from "./store.js";

const VIEWS = { "": showRequests, requests: showRequest, routes: showRoutes, statements: showStatements, pools: showPools, guard: showGuard };
const main = document.getElementById("main");
let stop = () => {};

function show(focus) {
	const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
	const [first, ...rest] = path.split("/");
	const key = first === "requests" && !rest[0] ? "" : first;
	const view = Object.hasOwn(VIEWS, key) ? VIEWS[key] : showNothing;
	stop();
	main.replaceChildren();
	mark(key === "requests" ? "" : key);
	stop = view(main, new URLSearchParams(query), decoded(rest.join("/"))) || (() => {});
	if (focus) main.focus({ preventScroll: true });
}

function decoded(text) {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

function showNothing(element) {
	element.append(h("h1", {}, "No such view"), h("p", {}, h("a", { href: "#/" }, "All requests")));
}

function mark(key) {
	for (const link of document.querySelectorAll("nav a")) link.ariaCurrent = link.hash === `#/${key}` ? "page" : null;
}

document.querySelector(".skip").addEventListener("click", (event) => {
	event.preventDefault(); // the address names a view
	main.focus();
});
document.getElementById("settings").addEventListener("click", () => openSettings(() => show(false)));
addEventListener("hashchange", () => show(true));
watch(refresh, 1500);
show(false);
