// The living letter alone: told by the server that the file changed, it takes the new parts, and keeps where one was.
const main = document.getElementById("main"), live = document.getElementById("live");
let mark = "";
new EventSource("/events").addEventListener("file", async (event) => {
  const now = JSON.parse(event.data).mark, first = !mark;
  if (now === mark) return;
  mark = now;
  if (first) return;
  const answer = await (await fetch("/parts")).json();
  for (const [id, html] of Object.entries(answer.fragments)) document.getElementById(id).outerHTML = html;
  const frame = document.getElementById("frame"), next = frame.cloneNode();
  const at = frame.contentWindow.scrollY;
  next.addEventListener("load", () => { next.contentWindow.scrollTo(0, at); frame.remove(); next.classList.remove("next"); }, { once: true });
  next.classList.add("next");
  frame.before(next);
  main.dataset.mark = answer.mark;
  live.textContent = live.dataset.said;
});
