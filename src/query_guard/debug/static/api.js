// The JSON API, and looking at it again and again while the page is visible.

export class Refused extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

export async function send(method, path) {
  let response;
  try {
    response = await fetch(`api/${path}`, { method, headers: { accept: "application/json" } });
  } catch {
    throw new Refused(0, "The application does not answer; it may be restarting.");
  }
  const data = await response.json().catch(() => null);
  if (response.ok) return data;
  throw new Refused(response.status, (data && data.error) || unnamed(response.status));
}

const unnamed = (status) =>
  status === 404
    ? "The application no longer shows its reports here: the cookie has ended, or debug is off. Type “query-guard open” again."
    : `The application answers ${status}; its log says why.`;

export const get = (path) => send("GET", path);

// Call `look` now and then every `pause` milliseconds while the page is visible; returns what stops it.
export function watch(look, pause) {
  let timer = 0;
  let stopped = false;
  const again = async () => {
    clearTimeout(timer);
    if (stopped || document.hidden) return;
    await look();
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(again, pause);
  };
  document.addEventListener("visibilitychange", again);
  again();
  return () => {
    stopped = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", again);
  };
}

export function say(sentence, isError) {
  const state = document.getElementById("state");
  if (state.textContent !== sentence) state.textContent = sentence;
  state.className = isError ? "error" : "";
}
