// Readers: search as one types, more rows, the card in a dialog, a file dropped. Without it all of it works as pages.
const seek = document.querySelector("[data-seek]");
const found = document.getElementById("found");
const card = document.getElementById("card");
const csrf = document.querySelector("meta[name=csrf]").content;
let last = 0, wait;

async function part(url, more) {
  const answer = await fetch(url, { credentials: "same-origin", ...more });
  if (answer.ok || answer.status === 422) return answer.text();
  location.reload();
  return "";
}

async function search() {
  const query = new URLSearchParams(new FormData(seek));
  for (const [name, value] of [...query]) if (!value) query.delete(name);
  const mine = ++last, html = await part(`${seek.dataset.seek}?${query}`);
  if (mine !== last || !html) return;
  found.innerHTML = html;
  history.replaceState(null, "", `/readers${query.size ? "?" + query : ""}`);
  document.getElementById("live").textContent = `${found.querySelectorAll("tbody tr").length}`;
}

async function open(url, more) {
  const html = await part(url + "?part=1", more);
  if (!html) return;
  card.innerHTML = `<form method="dialog" class="ends"><button class="small">${card.dataset.close}</button></form><div class="fields">${html}</div>`;
  if (!card.open) card.showModal();
}

document.addEventListener("input", (event) => {
  if (event.target.name === "q") { clearTimeout(wait); wait = setTimeout(search, 200); }
});
document.addEventListener("click", async (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  if (event.target === card) card.close();
  const link = event.target.closest("[data-card], [data-more]");
  if (!link) return;
  event.preventDefault();
  if ("card" in link.dataset) return open(link.getAttribute("href"));
  const more = document.createElement("div"), address = new URL(link.href);
  more.innerHTML = await part("/readers/rows" + address.search);
  found.querySelector("tbody").append(...more.querySelectorAll("tbody tr"));
  const next = more.querySelector("[data-more]");
  if (next) link.replaceWith(next); else link.remove();
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form === seek) { event.preventDefault(); search(); }
  if (!("inside" in form.dataset) || !card?.contains(form)) return;
  event.preventDefault();
  open(form.getAttribute("action"), { method: "POST", body: new FormData(form), headers: { "X-CSRF": csrf } });
});
document.addEventListener("change", (event) => {
  if ("count" in event.target.dataset) event.target.form.requestSubmit(document.querySelector("[data-again]"));
  if (event.target.type === "file" && event.target.files.length) event.target.form.requestSubmit();
});
const drop = document.querySelector("[data-drop]");
for (const kind of drop ? ["dragover", "drop"] : []) document.addEventListener(kind, (event) => {
  event.preventDefault();
  if (kind === "drop" && event.dataTransfer.files.length) {
    const input = drop.querySelector("[type=file]");
    input.files = event.dataTransfer.files;
    drop.requestSubmit();
  }
});
