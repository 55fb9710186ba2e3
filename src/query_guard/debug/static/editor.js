// Lines of code as links that open the editor. What is chosen is kept in this browser alone.

import { h } from "./dom.js";
import { place } from "./store.js";

const SCHEMES = {
  vscode: (file, line) => `vscode://file${file}:${line}`,
  cursor: (file, line) => `cursor://file${file}:${line}`,
  pycharm: (file, line) => `pycharm://open?file=${file}&line=${line}`,
};
export const EDITORS = ["none", ...Object.keys(SCHEMES)];
const STORED = "query_guard editor";

export function settings() {
  const chosen = { editor: "vscode", from: "", to: "" };
  try {
    return { ...chosen, ...JSON.parse(localStorage.getItem(STORED) || "{}") };
  } catch {
    return chosen;
  }
}

export const keep = (chosen) => localStorage.setItem(STORED, JSON.stringify(chosen));

// The path on this machine: below the folder of the application, its beginning replaced as the settings say.
export function localPath(file) {
  const isWhole = file.startsWith("/") || /^[A-Za-z]:/.test(file);
  const path = isWhole || !place.folder ? file : `${place.folder}/${file}`;
  const { from, to } = settings();
  const mapped = from && path.startsWith(from) ? to + path.slice(from.length) : path;
  return mapped.startsWith("/") ? mapped : `/${mapped}`;
}

export function link({ file, line, function: name }) {
  const label = [h("span", { class: "file" }, `${file}:${line}`), name ? h("span", { class: "quiet" }, ` ${name}`) : null];
  const scheme = Object.hasOwn(SCHEMES, settings().editor) ? SCHEMES[settings().editor] : null;
  if (!scheme) return h("span", { class: "place" }, label);
  const path = localPath(file.replaceAll("\\", "/")).split("/").map(encodeURIComponent).join("/");
  return h("a", { class: "place", href: scheme(path, Number(line)), title: `Open ${file}:${line} in ${settings().editor}` }, label);
}
