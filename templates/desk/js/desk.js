// The issue: one operation under way at a time, its answer shown in place, no word lost on the way.
const page = document, { body } = page;
export const $ = id => page.getElementById(id), one = (where, from = page) => from.querySelector(where), all = (where, from = page) => [...from.querySelectorAll(where)],
  make = (tag, parts) => Object.assign(page.createElement(tag), parts), html = path => fetch(path).then(got => got.ok && got.text(), () => 0),
  on = (type, does, early) => page.addEventListener(type, does, early), line = it => +it.dataset.line, rect = it => it.getBoundingClientRect(),
  here = () => page.activeElement, focus = it => it?.focus({ preventScroll: true }), near = (it, block = "nearest") => it.scrollIntoView({ block });
const data = $("week").dataset, base = `/issue/${encodeURIComponent(data.slug)}`, queue = [], narrow = matchMedia("(max-width:719px)"), json = "application/json", frame = $("frame"), inside = () => frame.contentDocument;
// Words that wait: of this tab, and those of a tab that was closed while nobody took them.
const disk = localStorage, tab = sessionStorage, store = base + data.by, kept = it => JSON.parse(it[store] || "[]"), wait = () => busy || held || queue.length || typed.size;
export const words = JSON.parse(data.words), typed = new Map([...kept(disk), ...kept(tab)]), token = { accept: json, "X-CSRF": one("[name=csrf]").content },
  fill = (said, parts) => said.replace(/\{(\w+)\}/g, (whole, name) => parts[name]), tell = said => said && ($("live").textContent = said),
  keep = () => tab[store] = JSON.stringify([...typed]);
onpageshow = () => delete disk[store];
onpagehide = () => typed.size && (disk[store] = JSON.stringify([...kept(disk), ...typed]));
onbeforeunload = event => wait() && event.preventDefault();
export let { etag } = data;
let heard = etag, opener, busy, held, timer, pause, left, mine, loads, text = 0, dark = 0;

const state = (name, said) => {
  const it = $("saved");
  if (held && name === "saving") return;
  it.dataset.state = name;
  if (said) one("span", it).textContent = said;
};
// By POST what is sent; without anything to send, what there is now.
const post = (path, sent) => fetch(base + path, {
  method: sent ? "POST" : "GET", headers: { ...token, ...!sent?.append && { "content-type": json } },
  body: sent?.append ? sent : JSON.stringify(sent)
}).then(async got => [got.status, await got.json()]).catch(() => [599, {}]);
// What others wrote is taken once nothing of ours waits: words under the hand are put together with it by the server.
const look = async () => {
  const waits = () => wait() || heard === etag;
  if (waits()) return;
  const [status, said] = await post("/now");
  if (status > 399) state("bad", why(said)); else if (!waits()) took([status, { live: words.took, ...said }], {});
};
const why = ({ error }) => error ? error.what + (error.mend && ` · ${error.mend}`) : words.gone;

// An operation, or what makes it when its turn has come: lines may have moved until then. What is typed goes at once, and
// while the one before it is under way, or its letter, only the last of it waits.
const queued = key => key && queue.find(it => it.key === key);
export const send = (op, key) => {
  const same = key && held && held.it.key === key ? held.it : queued(key);
  if (same) same.op = op; else queue.push({ op, key });
  state("saving");
  run();
};
const run = async () => {
  clearTimeout(timer);
  if (left && !wait()) location = left;
  if (busy || held || !queue.length || (loads && queue[0].key)) return look();
  const it = queue.shift(), op = it.op.call ? it.op() : it.op;
  if (!op) {
    typed.delete(it.key);
    state("saved");
    return run();
  }
  busy = 1;
  it.value = it.key && $(it.key)?.value;
  const got = await post("/op", { etag, ...op }), status = got[0];
  busy = 0;
  if (status > 499 || status === 401) {
    if (!queued(it.key)) queue.unshift(it);
    state("bad", why(got[1]));
    timer = setTimeout(run, pause = Math.min(2 * pause || 1e3, 3e4));
  } else { took(got, it, op); run(); }
};
const took = ([status, said], it, op) => {
  const shown = $("conflict");
  shown.hidden = status !== 409;
  held = 0;
  if (status === 409) {
    // What was typed since is decided with it: else it would go over what is chosen.
    it.op = (queue.splice(queue.indexOf(queued(it.key)) >>> 0, 1)[0] || it).op;
    held = { it, op, etag: said.etag };
    shown.innerHTML = said.conflict;
    return state("wait", words.merging);
  }
  if (status > 399) {
    state("bad", `${words.unsaved}. ${why(said)}`);
    return tell(why(said));
  }
  etag = said.etag;
  pause = 0;
  if (it.key && ($(it.key)?.value ?? it.value) === it.value) typed.delete(it.key);
  keep();
  apply(said.fragments);
  queue.length || typed.size || state("saved", words.saved);
  tell(said.live);
  letter();
  page.dispatchEvent(new CustomEvent("desk:edited", { detail: said }));
};

const apply = fragments => {
  const at = here(), card = at.closest("[data-card]"), around = [card, card?.nextElementSibling, card?.previousElementSibling];
  for (const id in fragments) {
    const old = $(id);
    if (old) morph(old, make("template", { innerHTML: fragments[id] }).content.firstElementChild);
  }
  if (here() !== at) focus(at);
  if (here() === body) focus(around.map(it => it?.isConnected && one(".opens,textarea", it)).find(it => it?.offsetParent) || $("middle"));
};
// Changes what differs and nothing else: focus, carets, open menus and words not saved yet stay.
const morph = (old, fresh) => {
  if (old.data !== fresh.data) old.data = fresh.data;
  if (!old.matches) return;
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  if (old.matches(".open")) fresh.classList.add("open");
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value && name !== "aria-expanded") old.setAttribute(name, value);
  if (old.matches("textarea,input")) {
    if (!typed.has(old.id) && old.value !== fresh.value) old.value = fresh.value;
    return;
  }
  let at = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const twin = child.id ? old.ownerDocument.getElementById(child.id) : at && !at.id && at.nodeName === child.nodeName && at;
    if (twin === at && at) at = at.nextSibling; else old.insertBefore(twin || child, at);
    if (twin) morph(twin, child);
  }
  while (at) { const gone = at; at = at.nextSibling; gone.remove(); }
};

// The letter changes in its frame as the issue does in its column: what stays the same keeps its place, nothing flashes.
const letter = async () => {
  const mine = loads = {}, got = await html(`${base}/letter?variant=${$("variant")?.value||0}&text=${text}&dark=${dark}&v=${etag}`);
  if (loads !== mine) return;
  loads = 0;
  // By a parser of the frame, whose policy lets letters have styles of their own.
  if (got) morph(inside().documentElement, new frame.contentWindow.DOMParser().parseFromString(got, "text/html").documentElement);
  run();
};
const listen = () => inside().onclick = event => {
  const far = it => Math.abs(rect(it).top - event.clientY);
  event.preventDefault();
  go(all("[id^=s-]", inside()).sort((a, b) => far(a) - far(b))[0]?.id);
};
(frame.onload = () => { listen(); if (etag !== data.etag) letter(); })();

export const show = name => {
  if (name) data.show = [...data.show.split(" ").filter(it => it !== name), data.one = name].slice(-2).join(" ");
  all(".shows button").map(it => it.ariaPressed = narrow.matches ? it.value === data.one : data.show.includes(it.value));
};
(narrow.onchange = () => show())();
export const close = back => {
  const button = one(".story.open .opens");
  if (!button) return;
  button.closest(".story").classList.remove("open");
  button.ariaExpanded = false;
  if (back) button.focus();
};
const go = id => {
  const it = $(id), there = inside().getElementById(id);
  if (!it) return;
  show("issue");
  if (it.matches(".story")) {
    close();
    it.classList.add("open");
    one(".opens", it).ariaExpanded = true;
    if (mine) post("/presence", { page: mine, key: id });
  }
  focus(one(".opened textarea,textarea,input", it));
  near(it);
  if (there) frame.contentWindow.scrollBy(0, rect(there).top - 24);
};

const under = it => +(it.closest(".section")?.dataset.line || 0);
on("click", async event => {
  const at = event.target, button = at.closest("button,a"), { op, go: to, look, into, insert, choice } = button?.dataset || {}, act = op || (button?.name === "act" && button.value), from = opener;
  for (const it of all("details.menu[open]")) if (!it.contains(at) || (button && !button.popoverTargetElement)) it.open = false;
  if (!button) return;
  if (button.popoverTargetElement) {
    opener = button;
    all("[data-into]").map(it => it.hidden = +it.dataset.into === under(button));
  } else if (button.name !== "act") button.closest("[popover]")?.hidePopover();
  if (act || to || button.name === "show") event.preventDefault();
  if (act) send(() => button.isConnected && JSON.parse(button.dataset.op || button.value));
  else if (button.matches(".opens")) go(button.closest(".story").id);
  else if (button.name === "show") show(button.value);
  else if (to) go(to);
  else if (look || button.matches("[data-dark]")) {
    if (look) {
      text = +(($("frames").dataset.look = look) === "text");
      all("button[data-look]").map(it => it.ariaPressed = it === button);
    } else button.ariaPressed = !!(dark = 1 - dark);
    letter();
  } else if (insert) send(() => ({ ...JSON.parse(insert), section: under(from) }));
  else if (into) send(() => {
    const card = from.closest("[data-card]"), to = +button.dataset.into;
    return card?.isConnected && button.isConnected && { line: line(card), ...card.matches(".story") ? { op: "move", section: to, before: 0 } : { op: "section", do: "join", into: to } };
  });
  else if (choice && held) {
    const { it, etag: now } = held, op = it.op.call && it.op() || held.op, { etag: base = etag, ...mine } = op;
    it.value = $(it.key)?.value;
    const got = await post("/merge", { etag: now, base, mine, choice });
    if (got[0] > 499) return state("bad", why(got[1]));
    took(got, it, op);
    run();
  } else if (button.href && !button.target && !left && wait()) {
    // First what waits goes; who cannot wait presses again.
    event.preventDefault();
    left = button.href;
  }
});
on("change", async ({ target: at }) => {
  const file = at.matches("[data-upload]") && at.files[0], sent = new FormData(), card = at.closest(".story");
  if (at.id === "variant") letter();
  if (!file) return;
  sent.append("picture", file);
  at.value = "";
  if (file.size > 8e6) return state("bad", words.large);
  const [status, said] = await post("/picture", sent);
  if (status > 399) state("bad", why(said)); else send(() => ({ op: "edit", line: line(card), image: said.image }));
});

const events = new EventSource(`/events?slug=${base.slice(7)}`), hear = (name, does) => events.addEventListener(name, event => does(JSON.parse(event.data)));
const changed = said => { heard = said.etag; run(); };
hear("hello", said => { mine = said.page; changed(said); });
hear("file", changed);
hear("presence", ({ people }) => {
  all(".presence").map(it => it.remove());
  for (const { name, page: other, key } of people) if (other !== mine) $(key)?.append(make("span", { className: "initial presence", textContent: name[0], title: name }));
});
