// Stories are moved by the grip: dragged by mouse or finger, or lifted with space and moved with arrows. Esc restores.
import { fill, send, tell, words } from "./desk.js";

const column = document.getElementById("middle"), place = Object.assign(document.createElement("div"), { className: "place" });
let story = null, from = null, home = null, drag = null, wait = 0, frame = 0;

const stories = box => [...box.querySelectorAll(":scope > .story")].filter(one => one !== story);
const sections = () => [...column.querySelectorAll(".section")];

const told = text => {
  const box = place.parentElement, before = place.compareDocumentPosition.bind(place);
  const all = stories(box), at = all.filter(one => before(one) & Node.DOCUMENT_POSITION_PRECEDING).length;
  return fill(text, {
    headline: story.querySelector(".opens").textContent.trim(), section: box.dataset.title || words.unnamed,
    place: words.places[at] || at + 1, count: words.counts[all.length] || all.length + 1,
  });
};

const put = (box, before) => {
  box.insertBefore(place, before || box.querySelector(":scope > .adds"));
  const text = told(words.here);
  if (place.textContent === text) return;
  place.textContent = text;
  tell(text);
};

const lift = grip => {
  story = grip.closest(".story");
  from = story.parentElement;
  home = story.nextSibling;
  document.body.classList.add("lifting");
  story.classList.add("lifted");
  put(story.parentElement, story);
};

const settle = moved => {
  cancelAnimationFrame(frame);
  document.body.classList.remove("lifting");
  const it = story, box = place.parentElement, grip = it.querySelector(".grip");
  it.classList.remove("lifted", "flying");
  it.removeAttribute("style");
  const next = [...box.children].slice([...box.children].indexOf(place) + 1).find(one => one !== it && one.matches(".story, .words"));
  const text = told(words.there), after = home;
  if (moved) place.replaceWith(it);
  else from.insertBefore(it, after?.isConnected ? after : null);
  place.remove();
  place.textContent = "";
  story = drag = null;
  grip.focus({ preventScroll: true });
  if (!moved) return tell(words.back);
  it.scrollIntoView({ block: "nearest" });
  if (it.parentElement === from && it.nextSibling === after) return;
  tell(text);
  send(() => ({ op: "move", line: +it.dataset.line, section: +box.dataset.line, before: next?.isConnected ? +next.dataset.line : 0 }));
};

// By keys: the place and the lifted story behind it go up and down together, over the ends of sections.
const step = by => {
  const all = sections(), box = place.parentElement, list = stories(box), at = list.findIndex(one => place.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING);
  const here = at < 0 ? list.length : at, to = here + by, other = all[all.indexOf(box) + by];
  if (to >= 0 && to <= list.length) put(box, list[to]);
  else if (other) put(other, by > 0 ? stories(other)[0] : null);
  place.after(story);
  story.querySelector(".grip").focus({ preventScroll: true });
  place.scrollIntoView({ block: "nearest" });
};

document.addEventListener("keydown", event => {
  const grip = event.target.closest?.(".grip"), { key } = event;
  if (drag && key === "Escape") { event.preventDefault(); event.stopImmediatePropagation(); return settle(false); }
  if (!grip) return;
  if (!story && (key === " " || key === "Enter")) { event.preventDefault(); lift(grip); place.after(story); tell(fill(words.lifted, { headline: grip.closest(".story").querySelector(".opens").textContent.trim() })); grip.focus(); return; }
  if (!story || drag) return;
  const does = { ArrowUp: () => step(-1), ArrowDown: () => step(1), Enter: () => settle(true), " ": () => settle(true), Escape: () => settle(false), Tab: () => settle(false) }[key];
  if (!does) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  does();
}, true);

const over = y => {
  const all = sections(), box = all.find(one => y < one.getBoundingClientRect().bottom) || all.at(-1);
  put(box, stories(box).find(one => { const { top, height } = one.getBoundingClientRect(); return y < top + height / 2; }));
};

const fly = () => {
  const { top, bottom } = column.getBoundingClientRect(), near = Math.min(0, drag.y - top - 56) + Math.max(0, drag.y - bottom + 56);
  if (near) column.scrollBy(0, Math.max(-18, Math.min(18, near / 3)));
  story.style.top = `${drag.y - drag.dy}px`;
  story.style.left = `${drag.x - drag.dx}px`;
  over(drag.y);
  frame = requestAnimationFrame(fly);
};

const begin = event => {
  if (story) return;
  const it = drag.grip.closest(".story"), { left, top, width } = it.getBoundingClientRect();
  Object.assign(drag, { dx: event.clientX - left, dy: event.clientY - top, on: true });
  lift(drag.grip);
  it.style.width = `${width}px`;
  it.classList.add("flying");
  fly();
};

document.addEventListener("pointerdown", event => {
  const grip = event.target.closest(".grip");
  if (!grip || event.button || story) return;
  drag = { grip, x: event.clientX, y: event.clientY, x0: event.clientX, y0: event.clientY };
  grip.setPointerCapture(event.pointerId);
  if (event.pointerType === "touch") wait = setTimeout(() => drag && begin(event), 250);
});
document.addEventListener("pointermove", event => {
  if (!drag) return;
  Object.assign(drag, { x: event.clientX, y: event.clientY });
  const far = Math.hypot(drag.x - drag.x0, drag.y - drag.y0) > 5;
  if (!drag.on && far && event.pointerType !== "touch") begin(event);
});
const end = moved => () => {
  clearTimeout(wait);
  if (drag?.on) settle(moved); else drag = null;
};
document.addEventListener("pointerup", end(true));
document.addEventListener("pointercancel", end(false));
