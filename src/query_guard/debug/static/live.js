// A view of one path of the API, drawn again when its answer has changed.

import { get, say, watch } from "./api.js";
import { empty, h } from "./dom.js";

// `draw(answer)` returns the nodes below the heading.
export const live = (title, path, pause, draw) => (main) => {
	document.title = `${title} – query_guard`;
	const body = h("div");
	main.append(h("h1", {}, title), body);
	let shown = "";
	return watch(async () => {
		try {
			const answer = await get(path);
			if (JSON.stringify(answer) === shown || body.contains(document.activeElement)) return;
			shown = JSON.stringify(answer);
			body.replaceChildren(...draw(answer));
		} catch (error) {
			say(error.message, true);
			if (!shown) body.replaceChildren(empty(error.message));
		}
	}, pause);
};
