// الإرسال: the confirmation as a dialog, and a send that is looked at each second.
const form = document.getElementById("going"), box = document.getElementById("confirm"), live = document.querySelector("[data-live]");

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await fetch(`${form.action}?${new URLSearchParams(new FormData(form))}`, { headers: { "x-part": "1" } }).catch(() => null);
  if (!answer || ![200, 422].includes(answer.status)) return form.submit();
  box.innerHTML = await answer.text();
  box.showModal();
});
box?.addEventListener("click", (event) => {
  if (!event.target.closest("[data-close]")) return;
  event.preventDefault();
  box.close();
});

async function look() {
  const answer = await fetch(live.dataset.live).catch(() => null);
  if (answer?.ok) {
    if (answer.headers.get("x-state") !== live.dataset.state) return location.reload();
    const words = await answer.text();
    // Whoever has the focus on a link in it keeps it.
    if (words !== live.dataset.words && !live.contains(document.activeElement)) live.innerHTML = words;
  }
  setTimeout(look, document.hidden ? 5000 : 1000);
}
if (live && ["leaving", "scheduled", "running", "paused"].includes(live.dataset.state)) setTimeout(look, 1000);
