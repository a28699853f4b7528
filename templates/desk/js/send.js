// الإرسال: the confirmation as a dialog, and a send that is looked at each second.
const form = document.getElementById("going"), box = document.getElementById("confirm");
let live = document.querySelector("[data-live]"), last;
// To load the page anew would keep what a button was pressed for from being shown.
document.addEventListener("submit", () => { live = 0; });
if (form) {
  form.onsubmit = async (event) => {
    event.preventDefault();
    const answer = await fetch(`${form.action}?${new URLSearchParams(new FormData(form))}`, { headers: { "x-part": "1" } }).catch(() => 0);
    if (!(answer.status < 423)) return form.submit();
    box.innerHTML = await answer.text();
    box.showModal();
  };
  box.onclick = (event) => {
    if (!event.target.closest("[data-close]")) return;
    event.preventDefault();
    box.close();
  };
}
const look = async () => {
  const answer = live && await fetch(live.dataset.live).catch(() => 0);
  if (!live) return;
  if (answer.ok) {
    if (answer.headers.get("x-state") !== live.dataset.state) return location.reload();
    const words = await answer.text();
    // Whoever has the focus on a link in it keeps it.
    if (words !== last && !live.contains(document.activeElement)) live.innerHTML = last = words;
  }
  setTimeout(look, 1000);
};
if (live && !/finished|cancelled/.test(live.dataset.state)) setTimeout(look, 1000);
