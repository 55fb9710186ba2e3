// The settings of the page, in a dialog.

import { button, h } from "./dom.js";
import { EDITORS, keep, settings } from "./editor.js";
import { place } from "./store.js";

export function openSettings(done) {
  const chosen = settings();
  const editor = h("select", { id: "editor" }, EDITORS.map((name) => h("option", { value: name, selected: name === chosen.editor }, name)));
  const from = h("input", { id: "from", value: chosen.from, placeholder: place.folder || "/app" });
  const to = h("input", { id: "to", value: chosen.to, placeholder: "/home/me/shop" });
  const close = (save) => {
    if (save) keep({ editor: editor.value, from: from.value.trim(), to: to.value.trim() });
    dialog.close();
  };
  const dialog = h("dialog", { "aria-labelledby": "settings-title", close: () => { dialog.remove(); done(); } },
    h("h2", { id: "settings-title" }, "Settings"),
    field("Open lines in", editor),
    h("p", { class: "quiet" }, "Where the application runs in a container or on another machine, the beginning of each path is replaced:"),
    field("Path there", from),
    field("Path here", to),
    h("p", {}, button("Save", () => close(true), { class: "main" }), " ", button("Cancel", () => close(false))));
  document.body.append(dialog);
  dialog.showModal();
}

const field = (label, input) => h("p", { class: "field" }, h("label", { for: input.id }, label), input);
