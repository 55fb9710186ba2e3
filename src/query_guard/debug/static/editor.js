// Lines of code as links that open the editor, with settings kept in this browser.

import { button, h } from "./dom.js";
import { known } from "./store.js";

// What stands before the file and before the line.
const SCHEMES = { vscode: ["file", ":"], cursor: ["file", ":"], pycharm: ["open?file=", "&line="] };
const STORED = "query_guard editor";

function settings() {
	const chosen = { editor: "vscode", from: "", to: "" };
	try {
		return { ...chosen, ...JSON.parse(localStorage.getItem(STORED)) };
	} catch {
		return chosen;
	}
}

// The path on this machine: below the folder of the application, its beginning replaced as the settings say.
function localPath(file, { from, to }) {
	const isWhole = file.startsWith("/") || /^[A-Za-z]:/.test(file);
	const path = isWhole || !known.folder ? file : `${known.folder}/${file}`;
	const mapped = from && path.startsWith(from) ? to + path.slice(from.length) : path;
	return `/${mapped.replaceAll("\\", "/").replace(/^\//, "")}`.split("/").map(encodeURIComponent).join("/");
}

export function link({ file, line, function: name }) {
	const chosen = settings();
	const { editor } = chosen;
	const label = [h("span", { class: "file" }, `${file}:${line}`), name && h("span", { class: "quiet" }, ` ${name}`)];
	if (!Object.hasOwn(SCHEMES, editor)) return h("span", { class: "place" }, label);
	const [before, between] = SCHEMES[editor];
	return h("a", { class: "place", href: `${editor}://${before}${localPath(file, chosen)}${between}${Number(line)}`, title: `Open in ${editor}` }, label);
}

export function openSettings(done) {
	const chosen = settings();
	const input = (name, placeholder) => h("input", { value: chosen[name], placeholder });
	const fields = {
		editor: h("select", {}, ["none", ...Object.keys(SCHEMES)].map((name) => h("option", { selected: name === chosen.editor }, name))),
		from: input("from", known.folder || "/app"),
		to: input("to", "/home/me/shop"),
	};
	const field = (label, name) => h("label", { class: "field" }, label, fields[name]);
	const save = () => {
		localStorage.setItem(STORED, JSON.stringify(Object.fromEntries(Object.entries(fields).map(([name, input]) => [name, input.value.trim()]))));
		dialog.close();
	};
	const dialog = h("dialog", { "aria-labelledby": "settings-title", close: () => { dialog.remove(); done(); } }, h("h2", { id: "settings-title" }, "Settings"), field("Open lines in", "editor"),
		h("p", { class: "quiet" }, "In a container the application has other paths; their beginning is replaced:"), field("Path there", "from"), field("Path here", "to"),
		h("p", {}, button("Save", save), " ", button("Cancel", () => dialog.close())));
	document.body.append(dialog);
	dialog.showModal();
}
