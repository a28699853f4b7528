// Single keys, outside of fields only; they can be switched off.
import { close, open, send, show } from "./desk.js";

const $ = id => document.getElementById(id), one = where => document.querySelector(where), off = "desk:keys";
$("keys-on").checked = !localStorage.getItem(off);
$("keys-on").addEventListener("change", event => event.target.checked ? localStorage.removeItem(off) : localStorage.setItem(off, "1"));
one("[data-keys]").addEventListener("click", () => $("keys").showModal());

const to = (name, where) => { show(name); (one(where) || $(where))?.focus(); };
const next = by => {
  const all = [...document.querySelectorAll(".story .opens")].filter(button => button.offsetParent), at = all.indexOf(document.activeElement);
  all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + by))]?.focus();
};
const problem = () => {
  const all = [...document.querySelectorAll("#issue .strip")], at = all.indexOf(document.activeElement.closest(".strip")), it = all[(at + 1) % all.length];
  if (!it) return;
  it.tabIndex = -1;
  (it.querySelector("button") || it).focus();
};
const shift = (by, far) => {
  const story = document.activeElement.closest(".story") || one(".story.open");
  if (!story) return;
  if (!far) return story.querySelector(by < 0 ? "[data-up]" : "[data-down]")?.click();
  const all = [...document.querySelectorAll(".section")], there = all[all.indexOf(story.parentElement) + by];
  if (there) send(() => ({ op: "move", line: +story.dataset.line, section: +there.dataset.line, before: 0 }));
};
const single = {
  "/": () => to("articles", "#articles input"), 1: () => to("articles", "#articles input"), 2: () => to("issue", "#middle"), 3: () => to("letter", "#letter"),
  j: () => next(1), k: () => next(-1), n: problem, ".": () => one(".strip:focus-within [data-mend], .open [data-mend]")?.click(),
  t: () => one(".test").click(), "?": () => $("keys").showModal(),
};

document.addEventListener("keydown", event => {
  const { key, code, target: at } = event, command = event.ctrlKey || event.metaKey, field = at.matches("input, textarea, select");
  const does = action => { event.preventDefault(); action(); };
  if (event.isComposing || event.defaultPrevented) return;
  if (command && key === "Enter") does(() => one(".review").click());
  else if (command && code === "KeyZ" && !field) does(() => one(event.shiftKey ? "[data-redo]" : "[data-undo]").click());
  else if (event.altKey && /^Arrow(Up|Down)$/.test(key)) does(() => shift(key === "ArrowUp" ? -1 : 1, event.shiftKey));
  else if (key === "Escape") {
    const menu = one("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); } else if (!at.closest("dialog, [popover]")) close(true);
  } else if (!command && !event.altKey && !field && $("keys-on").checked && single[key] && !(at.closest("#articles") && /[jk]/.test(key))) does(single[key]);
});
