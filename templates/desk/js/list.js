// The articles: sixty rows at a time, a search 120 ms after the last key, one stop for Tab, and what is in the issue.
import { $, all, here as focused, html, make, on, one as first, tell, token } from "./desk.js";

const rows = $("rows"), form = $("search"), box = $("articles"), one = what => first(what, rows), rounds = () => all(".round", rows);
let timer, busy, asked = 0;

const wanted = () => {
  const found = new URLSearchParams([...new FormData(form)].filter(([, value]) => value.trim()));
  if (!$("unsent").checked) found.set("sent", "all");
  return found;
};
const ask = async (after = "") => {
  if (after && busy) return;
  const mine = ++asked, query = wanted(), slow = setTimeout(() => rows.ariaBusy = true, 300);
  busy = 1;
  query.set("after", after);
  query.set("slug", rows.dataset.slug);
  const got = await html(`/articles?${query}`);
  clearTimeout(slow);
  if (asked !== mine) return;
  rows.ariaBusy = busy = false;
  if (!got) return timer = setTimeout(ask, 3e3, after);
  const made = make("template", { innerHTML: got }).content, told = made.querySelector("[data-told]")?.dataset.told, at = focused(), lost = rows.contains(at);
  if (after) one(".more").replaceWith(made);
  else {
    rows.replaceChildren(made);
    box.scrollTop = 0;
    if (lost) $("seek").focus();
  }
  if (told) {
    $("found").textContent = told;
    if (form.contains(at)) tell(told);
  }
  ready();
};
const seen = new IntersectionObserver(was => was.at(-1).isIntersecting && ask(one(".more").dataset.after), { root: box, rootMargin: "900px" });
const ready = () => {
  seen.disconnect();
  if (one(".more")) seen.observe(one(".more"));
  stop(one(".round[tabindex='0']") || one(".round"));
};
const start = () => {
  for (const name of all("[data-title]", form)) {
    const chosen = name.closest("details").querySelector(":checked");
    name.parentElement.classList.toggle("on", !!chosen.value);
    name.textContent = chosen.value ? chosen.nextSibling.textContent : name.dataset.title;
  }
  history.replaceState(null, "", `?${wanted()}`);
  ask();
};
const stop = (next, focus) => {
  rounds().map(each => each.tabIndex = each === next ? 0 : -1);
  if (focus) next.focus();
};
on("desk:edited", ({ detail: { lines } }) => {
  for (const each of rounds()) {
    const article = +each.dataset.article, line = lines[article];
    each.dataset.op = JSON.stringify(line ? { op: "drop", line } : { op: "add", article });
    each.closest("li").classList.toggle("in", each.ariaPressed = !!line);
  }
});

form.onsubmit = event => { event.preventDefault(); start(); };
form.oninput = event => {
  clearTimeout(timer);
  timer = setTimeout(start, event.target === $("seek") ? 120 : 0);
};
rows.addEventListener("focusin", event => event.target.matches(".round") && stop(event.target));
// A picture that was not there in time is asked for once more.
rows.addEventListener("error", ({ target: at }) => at.src.includes("#") ? at.remove() : setTimeout(() => at.src += "&a#", 3e3), true);
box.onkeydown = event => {
  const { key, target: at } = event, shown = rounds().filter(each => each.checkVisibility()),
    here = shown.indexOf(at), by = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[key];
  if (event.altKey || event.ctrlKey || event.metaKey || (here < 0 && !(at === $("seek") && key === "ArrowDown"))) return;
  const next = { Home: 0, End: shown.length - 1 }[key] ?? Math.min(here + by, shown.length - 1), twins = at.closest(".article")?.querySelector("details");
  if (next < 0) $("seek").focus();
  else if (next >= 0) stop(shown[next], true);
  else if (key === "+") at.ariaPressed === "true" || at.click();
  else if (twins && /^Arrow/.test(key)) twins.open = !twins.open;
  else return;
  event.preventDefault();
};
box.onclick = async event => {
  const button = event.target.closest("[data-collect],[data-sent]");
  if (!button) return;
  if ("sent" in button.dataset) return $("unsent").click();
  const said = await fetch("/collect", { method: "POST", headers: token }).then(got => got.json(), () => 0);
  await ask();
  tell($("found").textContent = said.live || said.error?.what);
};
if (rows.ariaBusy === "true") ask(); else ready();
