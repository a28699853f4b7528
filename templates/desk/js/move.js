// Stories are moved by the grip: dragged by mouse or finger, or lifted with space and moved with arrows. Esc restores.
import { $, all, fill, focus, line, make, near, on, one, rect, send, tell, words } from "./desk.js";

const column = $("middle"), place = make("div", { className: "place" }), { classList } = document.body;
let story, from, home, drag, wait, turn;

const name = () => one(".opens", story).textContent.trim(), stories = box => all(":scope > .story", box).filter(it => it !== story), sections = () => all(".section", column), behind = it => place.compareDocumentPosition(it) & 4;
const told = text => {
  const box = place.parentElement, list = stories(box), at = list.filter(it => !behind(it)).length;
  return fill(text, { headline: name(), section: box.dataset.title || words.unnamed, place: words.places[at] || at + 1, count: words.counts[list.length] || list.length + 1 });
};
const put = (box, before) => {
  box.insertBefore(place, before || one(":scope > .adds", box));
  const text = told(words.here);
  if (place.textContent !== text) tell(place.textContent = text);
};
const lift = grip => {
  story = grip.closest(".story");
  from = story.parentElement;
  home = story.nextSibling;
  classList.add("lifting");
  story.classList.add("lifted");
  put(from, story);
};
const settle = moved => {
  cancelAnimationFrame(turn);
  classList.remove("lifting");
  const it = story, box = place.parentElement, next = all(":scope > [data-line]", box).find(other => other !== it && behind(other)), text = told(words.there);
  it.classList.remove("lifted", "flying");
  it.removeAttribute("style");
  if (moved) place.before(it); else from.insertBefore(it, home?.isConnected ? home : null);
  place.remove();
  story = drag = null;
  focus(one(".grip", it));
  near(it);
  if (!moved) return tell(words.back);
  if (box === from && it.nextSibling === home) return;
  tell(text);
  send(() => ({ op: "move", line: line(it), section: line(box), before: next?.isConnected ? line(next) : 0 }));
};
// By keys the place and the lifted story behind it go together, over the ends of sections.
const step = by => {
  const boxes = sections(), box = place.parentElement, list = stories(box), at = list.findIndex(behind), to = (at < 0 ? list.length : at) + by, other = boxes[boxes.indexOf(box) + by];
  if (to >= 0 && to <= list.length) put(box, list[to]);
  else if (other) put(other, by > 0 && stories(other)[0]);
  follow();
};
const follow = () => {
  place.after(story);
  focus(one(".grip", story));
  near(story, "center");
};

on("keydown", event => {
  const grip = event.target.closest(".grip"), { key } = event, start = () => { lift(grip); follow(); tell(fill(words.lifted, { headline: name() })); }, [does, how] = (drag?.on ? { Escape: [settle] } : !grip ? {} : story
    ? { ArrowUp: [step, -1], ArrowDown: [step, 1], Enter: [settle, 1], " ": [settle, 1], Escape: [settle], Tab: [settle] }
    : { " ": [start], Enter: [start] })[key] || [];
  if (!does) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  does(how);
}, true);

const fly = () => {
  const { top, bottom } = rect(column), { x, y, dx, dy } = drag, edge = Math.min(0, y - top - 56) + Math.max(0, y - bottom + 56), boxes = sections();
  column.scrollBy(0, Math.max(-18, Math.min(18, edge / 3)));
  story.style.top = `${y-dy}px`;
  story.style.left = `${x-dx}px`;
  const box = boxes.find(it => y < rect(it).bottom) || boxes.at(-1);
  put(box, stories(box).find(it => y < rect(it).top + rect(it).height / 2));
  turn = requestAnimationFrame(fly);
};
const begin = () => {
  const it = drag.grip.closest(".story"), { left, top, width } = rect(it);
  Object.assign(drag, { dx: drag.x - left, dy: drag.y - top, on: 1 });
  lift(drag.grip);
  it.style.width = `${width}px`;
  it.classList.add("flying");
  fly();
};
on("pointerdown", event => {
  const grip = event.target.closest(".grip"), { clientX: x, clientY: y, pointerId } = event;
  if (!grip || event.button || story) return;
  drag = { grip, x, y, x0: x, y0: y };
  grip.setPointerCapture(pointerId);
  if (event.pointerType === "touch") wait = setTimeout(() => drag && begin(), 250);
});
on("pointermove", ({ clientX: x, clientY: y, pointerType }) => {
  if (!drag) return;
  Object.assign(drag, { x, y });
  if (drag.on || Math.hypot(x - drag.x0, y - drag.y0) < 6) return;
  if (pointerType === "touch") end()(); else begin();
});
const end = moved => () => {
  clearTimeout(wait);
  if (drag?.on) settle(moved);
  drag = null;
};
on("pointerup", end(1));
on("pointercancel", end(0));
