// Single keys, outside of fields only; they can be switched off.
import { $, all, close, line, on, one, send, show } from "./desk.js";

const off = "desk:keys", box = $("keys-on"), table = () => $("keys").showModal(), here = () => document.activeElement;
box.checked = !localStorage[off];
box.onchange = () => localStorage[off] = box.checked ? "" : 1;
one("[data-keys]").onclick = table;

const to = (name, where) => () => { show(name); one(where)?.focus(); };
const next = by => () => {
  const list = all(".story .opens").filter(it => it.offsetParent), at = list.indexOf(here());
  list[at < 0 ? 0 : at + by]?.focus();
};
const problem = () => {
  const list = all("#issue .strip"), it = list[(list.indexOf(here().closest(".strip")) + 1) % list.length];
  if (!it) return;
  it.tabIndex = -1;
  (one("button", it) || it).focus();
};
const shift = (by, far) => {
  const story = here().closest(".story") || one(".story.open"), list = all(".section"), there = list[list.indexOf(story?.parentElement) + by];
  if (!story) return;
  if (!far) one(by < 0 ? "[data-up]" : "[data-down]", story)?.click();
  else if (there) send(() => ({ op: "move", line: line(story), section: line(there), before: 0 }));
};
const search = to("articles", "#articles input"), single = {
  "/": search, 1: search, 2: to("issue", "#middle"), 3: to("letter", "#letter"), j: next(1), k: next(-1), n: problem, "?": table,
  ".": () => one(".strip:focus-within [data-mend],.open [data-mend]")?.click(), t: () => one(".test").click(),
};

on("keydown", event => {
  const { key, code, altKey, target: at } = event, command = event.ctrlKey || event.metaKey, field = at.matches("input,textarea,select"), menu = one("details.menu[open]");
  let does;
  if (event.isComposing || event.defaultPrevented || one("dialog[open]")) return;
  if (command && key === "Enter") does = () => one(".review").click();
  else if (command && code === "KeyZ" && !field) does = () => one(event.shiftKey ? "[data-redo]" : "[data-undo]").click();
  else if (altKey && /^Arrow(Up|Down)$/.test(key)) does = () => shift(key === "ArrowUp" ? -1 : 1, event.shiftKey);
  else if (key === "Escape" && menu) does = () => { menu.open = 0; one("summary", menu).focus(); };
  else if (key === "Escape" && !at.closest("[popover]")) does = () => close(1);
  else if (!command && !altKey && !field && box.checked && !(at.closest("#articles") && /[jk]/.test(key))) does = single[key];
  if (!does) return;
  event.preventDefault();
  does();
});
