// Single keys, outside of fields only; they can be switched off.
import { $, all, close, here, line, on, one, send, show } from "./desk.js";

const off = "desk:keys", box = $("keys-on"), table = () => $("keys").showModal();
box.checked = !localStorage[off];
box.onchange = () => localStorage[off] = box.checked ? "" : 1;
one("[data-keys]").onclick = table;

const to = (name, where) => () => { show(name); one(where)?.focus(); }, press = (where, from) => () => one(where, from)?.click();
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
  if (!far) press(by < 0 ? "[data-up]" : "[data-down]", story)();
  else if (there) send(() => ({ op: "move", line: line(story), section: line(there), before: 0 }));
};
const search = to("articles", "#articles input"), single = {
  "/": search, 1: search, 2: to("issue", "#middle"), 3: to("letter", "#letter"), j: next(1), k: next(-1), n: problem, "?": table,
  ".": press(".strip:focus-within [data-mend],.open [data-mend]"), t: press(".test")
};

on("keydown", event => {
  const { key, code, altKey, shiftKey, target: at } = event, command = event.ctrlKey || event.metaKey, field = at.matches("input,textarea,select"), menu = one("details.menu[open]");
  if (event.isComposing || event.defaultPrevented || one("dialog[open]")) return;
  const does = command && key === "Enter" ? press(".review")
    : command && code === "KeyZ" && !field ? press(shiftKey ? "[data-redo]" : "[data-undo]")
    : altKey && /^Arrow(Up|Down)$/.test(key) ? () => shift(key === "ArrowUp" ? -1 : 1, shiftKey)
    : key === "Escape" && !one(":popover-open") ? menu ? () => { menu.open = 0; one("summary", menu).focus(); } : () => close(1)
    : !command && !altKey && !field && box.checked && !(at.closest("#articles") && /[jk]/.test(key)) && single[key];
  if (!does) return;
  event.preventDefault();
  does();
});
