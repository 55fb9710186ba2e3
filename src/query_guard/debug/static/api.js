// The JSON API, and looking at it again and again while the page is visible.

const GONE = "The reports are no longer shown here: the cookie has ended, or debug is off. Type “query-guard open” again.";

export const pathOf = (id) => `requests/${encodeURIComponent(id)}`;

// The answer as data. Throws an Error whose message is a sentence for people.
export async function get(path, method = "GET") {
	const response = await fetch(`api/${path}`, { method, headers: { accept: "application/json" } }).catch(() => null);
	if (!response) throw new Error("The application does not answer; it may be restarting.");
	const data = await response.json().catch(() => null);
	if (response.ok) return data;
	throw new Error(data?.error || (response.status === 404 ? GONE : `The application answers ${response.status}; its log says why.`));
}

// Call `look` now and then every `pause` milliseconds while the page is visible; returns what stops it.
export function watch(look, pause) {
	const end = new AbortController();
	const { signal } = end;
	let timer = 0;
	const again = async () => {
		clearTimeout(timer);
		if (signal.aborted || document.hidden) return;
		await look();
		clearTimeout(timer);
		timer = setTimeout(again, pause);
	};
	document.addEventListener("visibilitychange", again, { signal });
	again();
	return () => end.abort();
}

export function say(sentence, isError) {
	const state = document.getElementById("state");
	if (state.textContent !== sentence) state.textContent = sentence;
	state.className = isError ? "error" : "";
}
