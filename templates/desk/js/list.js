// The articles: sixty rows at a time, a search 120 ms after the last key, one stop for Tab, and what is in the issue.
const $ = id => document.getElementById(id), rows = $("rows"), form = $("search"), box = $("articles"), slug = rows.dataset.slug;
let timer = 0, asked = {};

const wanted = () => {
  const found = new URLSearchParams([...new FormData(form)].filter(([, value]) => value.trim()));
  if (!$("unsent").checked) found.set("sent", "all");
  return found;
};
const ask = async (after = "") => {
  if (after && asked.busy) return;
  asked.stop?.abort();
  const mine = asked = { stop: new AbortController(), busy: true }, query = wanted();
  const slow = setTimeout(() => { rows.ariaBusy = true; }, 300);
  query.set("after", after);
  query.set("slug", slug);
  const html = await fetch(`/articles?${query}`, { signal: mine.stop.signal }).then(got => got.ok && got.text(), () => "");
  clearTimeout(slow);
  mine.busy = false;
  if (asked !== mine || !html) return;
  rows.ariaBusy = false;
  const made = document.createRange().createContextualFragment(html), told = made.querySelector("[data-told]")?.dataset.told;
  if (after) rows.querySelector(".more").replaceWith(made);
  else { rows.replaceChildren(made); box.scrollTop = 0; }
  if (told) {
    $("found").textContent = told;
    if (form.contains(document.activeElement)) $("live").textContent = told;
  }
  ready();
};
const seen = new IntersectionObserver(all => all.some(one => one.isIntersecting) && ask(all[0].target.dataset.after), { root: box, rootMargin: "900px" });
const ready = () => {
  const more = rows.querySelector(".more");
  seen.disconnect();
  if (more) seen.observe(more);
  stop(rows.querySelector(".round[tabindex='0']") || rows.querySelector(".round"));
};
const start = () => {
  for (const one of form.querySelectorAll("[data-title]")) {
    const chosen = one.closest("details").querySelector(":checked");
    one.parentElement.classList.toggle("on", !!chosen.value);
    one.textContent = chosen.value ? chosen.nextSibling.textContent : one.dataset.title;
  }
  history.replaceState(null, "", `?${wanted()}`);
  ask();
};
const stop = (next, focus) => {
  for (const old of rows.querySelectorAll(".round[tabindex='0']")) old.tabIndex = -1;
  if (!next) return;
  next.tabIndex = 0;
  if (focus) next.focus();
};
const mark = async () => {
  const { lines } = await fetch(`/articles/held?slug=${encodeURIComponent(slug)}`).then(got => got.json());
  for (const one of rows.querySelectorAll(".round")) {
    const article = +one.dataset.article, line = lines[article];
    one.dataset.op = JSON.stringify(line ? { op: "drop", line } : { op: "add", article });
    one.ariaPressed = !!line;
    one.closest("li").classList.toggle("in", !!line);
  }
};

form.addEventListener("submit", event => { event.preventDefault(); start(); });
form.addEventListener("input", event => {
  clearTimeout(timer);
  timer = setTimeout(start, event.target.id === "seek" ? 120 : 0);
});
rows.addEventListener("click", event => event.target.closest("[data-sent]") && $("unsent").click());
rows.addEventListener("focusin", event => event.target.matches(".round") && stop(event.target));
// A picture that was not there in time is asked for once more.
rows.addEventListener("error", ({ target: at }) => at.src.includes("#") ? at.remove() : setTimeout(() => { at.src += "&again#"; }, 3000), true);
box.addEventListener("keydown", event => {
  const { key, target: at } = event, all = [...rows.querySelectorAll(".round")].filter(one => one.checkVisibility());
  const here = all.indexOf(at), by = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[key], field = at === $("seek");
  if (event.altKey || event.ctrlKey || event.metaKey || (here < 0 && !(field && key === "ArrowDown"))) return;
  const next = { Home: 0, End: all.length - 1 }[key] ?? Math.min(here + by, all.length - 1), twins = at.closest(".article")?.querySelector("details");
  if (next < 0) $("seek").focus();
  else if (next >= 0) stop(all[next], true);
  else if (key === "+") at.ariaPressed === "true" || at.click();
  else if (twins && /^Arrow/.test(key)) twins.open = !twins.open;
  else return;
  event.preventDefault();
});
form.parentElement.addEventListener("click", async event => {
  const button = event.target.closest("[data-collect]");
  if (!button) return;
  button.disabled = true;
  const said = await fetch("/collect", { method: "POST", headers: { accept: "application/json", "X-CSRF": document.querySelector("meta[name=csrf]").content } }).then(got => got.json(), () => ({}));
  button.disabled = false;
  await ask();
  $("live").textContent = $("found").textContent = said.live || said.error?.what || "";
});
document.addEventListener("desk:edited", mark);
if (rows.ariaBusy === "true") ask(); else ready();
