// Readers: search while typing, and the card in a dialog. Without it all of it works as pages.
const seek = document.querySelector("[data-seek]"), found = document.getElementById("found");
const card = document.getElementById("card");
let last = 0, wait;

async function part(url, form) {
  const headers = { "X-CSRF": document.querySelector("meta[name=csrf]").content };
  const answer = await fetch(url, form ? { method: "POST", body: new FormData(form), headers } : {});
  return answer.ok ? answer.text() : location.assign(url.split("?part")[0]);
}

async function search() {
  const mine = ++last, query = new URLSearchParams(new FormData(seek));
  const html = await part(`${seek.dataset.seek}?${query}`);
  if (mine !== last || !html) return;
  found.innerHTML = html;
  history.replaceState(null, "", "?" + query);
}

async function show(url, form) {
  const html = await part(url + "?part=1", form);
  if (!html) return;
  card.firstElementChild.innerHTML = html;
  if (!card.open) card.showModal();
}

document.addEventListener("input", ({ target }) => {
  clearTimeout(wait);
  if (target.name === "q") wait = setTimeout(search, 200);
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-card]");
  if (event.target === card) card.close();
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(link.getAttribute("href"));
});
document.addEventListener("submit", (event) => {
  const form = event.target, inside = card?.contains(form) && "inside" in form.dataset;
  if (form !== seek && !inside) return;
  event.preventDefault();
  inside ? show(form.getAttribute("action"), form) : search();
});
document.addEventListener("change", ({ target }) => {
  if ("count" in target.dataset) target.form.requestSubmit(document.querySelector("[data-again]"));
});
