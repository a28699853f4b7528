// The issue: one operation under way at a time, its answer shown in place, no word lost on the way.
const page = document, { body } = page;
export const $ = id => page.getElementById(id), one = (where, from = page) => from.querySelector(where), all = (where, from = page) => [...from.querySelectorAll(where)];
export const on = (type, does, early) => page.addEventListener(type, does, early), line = it => +it.dataset.line, rect = it => it.getBoundingClientRect();
export const focus = it => it?.focus({ preventScroll: true }), near = it => it.scrollIntoView({ block: "nearest" });
const week = $("week"), data = week.dataset, base = `/issue/${encodeURIComponent(data.slug)}`, queue = [], narrow = matchMedia("(max-width:719px)");
// Words that wait: of this tab, and those of a tab that was closed while nobody took them.
const disk = localStorage, store = base + data.by, kept = it => JSON.parse(it[store] || "[]"), waiting = () => busy || held || queue.length || typed.size;
export const words = JSON.parse(data.words), typed = new Map([...kept(disk), ...kept(sessionStorage)]);
export let { etag } = data;
let heard = etag, busy, held, timer, pause, left, mine, frame = $("frame"), next, text = 0, dark = 0;

export const fill = (said, parts) => said.replace(/\{(\w+)\}/g, (whole, name) => parts[name]);
export const tell = said => said && ($("live").textContent = said);
export const keep = () => sessionStorage[store] = JSON.stringify([...typed]);
onpageshow = () => delete disk[store];
onpagehide = () => typed.size && (disk[store] = JSON.stringify([...kept(disk), ...typed]));
onbeforeunload = event => waiting() && event.preventDefault();
export const state = (name, said) => {
  const it = $("saved");
  if (held && name === "saving") return;
  it.dataset.state = name;
  if (said) one("span", it).textContent = said;
};
const json = "application/json";
export const token = { accept: json, "X-CSRF": one("[name=csrf]").content };
// By POST what is sent; without anything to send, what there is now.
const post = (path, sent) => fetch(base + path, {
  method: sent ? "POST" : "GET", headers: { ...token, ...sent?.append ? {} : { "content-type": json } },
  body: sent?.append ? sent : JSON.stringify(sent),
}).then(async got => [got.status, await got.json()]).catch(() => [599, {}]);
// What others wrote is taken once nothing of ours waits: words under the hand are put together with it by the server.
const look = async () => {
  const waits = () => waiting() || heard === etag;
  if (waits()) return;
  const [status, said] = await post("/now");
  if (status > 399) state("bad", why(said)); else if (!waits()) took([status, { live: words.took, ...said }], {});
};
const why = said => said.error ? `${said.error.what} · ${said.error.mend}` : words.gone;

// An operation, or what makes it when its turn has come: lines may have moved until then.
export const send = (op, key) => {
  const same = key && queue.find(it => it.key === key);
  if (same) same.op = op; else queue.push({ op, key });
  state("saving");
  run();
};
const run = async () => {
  clearTimeout(timer);
  if (left && !waiting()) location = left;
  if (busy || held || !queue.length) return look();
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
    if (!queue.some(other => it.key && other.key === it.key)) queue.unshift(it);
    state("bad", why(got[1]));
    timer = setTimeout(run, pause = Math.min(2 * pause || 1e3, 3e4));
  } else { took(got, it, op); run(); }
};
const took = ([status, said], it, op) => {
  const shown = $("conflict");
  shown.hidden = status !== 409;
  held = 0;
  if (status === 409) {
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
  const at = page.activeElement, card = at.closest("[data-card]"), around = [card, card?.nextElementSibling, card?.previousElementSibling];
  for (const id in fragments) {
    const made = page.createElement("template"), old = $(id);
    made.innerHTML = fragments[id];
    if (old) morph(old, made.content.firstElementChild);
  }
  if (page.activeElement !== at) focus(at);
  if (page.activeElement === body) focus(around.map(it => it?.isConnected && one(".opens,textarea", it)).find(it => it?.offsetParent) || $("middle"));
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
    const twin = child.id ? $(child.id) : at && !at.id && at.nodeName === child.nodeName && at;
    if (twin === at && at) at = at.nextSibling; else old.insertBefore(twin || child, at);
    if (twin) morph(twin, child);
  }
  while (at) { const gone = at; at = at.nextSibling; gone.remove(); }
};

const letter = () => {
  next?.remove();
  const made = next = frame.cloneNode();
  made.className = "next";
  made.id = "";
  made.src = `${base}/letter?variant=${$("variant")?.value || 0}&text=${text}&dark=${dark}&v=${etag}`;
  made.onload = async () => {
    await Promise.race([Promise.all([...made.contentDocument.images].map(it => it.decode().catch(() => 0))), new Promise(done => setTimeout(done, 120))]);
    if (next !== made) return;
    made.contentWindow.scrollTo(0, frame.contentWindow.scrollY);
    frame.remove();
    made.className = "";
    made.id = "frame";
    next = null;
    frame = made;
    listen();
  };
  frame.after(made);
};
const listen = () => frame.contentDocument.addEventListener("click", event => {
  const far = it => Math.abs(rect(it).top - event.clientY);
  event.preventDefault();
  go(all("[id^=s-]", frame.contentDocument).sort((a, b) => far(a) - far(b))[0]?.id);
});
frame.onload = listen;
listen();

export const show = name => {
  if (name) data.show = [...data.show.split(" ").filter(it => it !== name), data.one = name].slice(-2).join(" ");
  for (const it of all(".shows button")) it.ariaPressed = narrow.matches ? it.value === data.one : data.show.includes(it.value);
};
narrow.onchange = () => show();
show();
export const close = back => {
  const story = one(".story.open"), button = story && one(".opens", story);
  if (!story) return;
  story.classList.remove("open");
  button.ariaExpanded = false;
  if (back) button.focus();
};
const go = id => {
  const it = $(id), there = frame.contentDocument.getElementById(id);
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

on("click", async event => {
  const at = event.target, button = at.closest("button,a"), { op, go: to, look, section, insert: kind, title, text: inside, choice } = button?.dataset || {}, act = op || (button?.name === "act" && button.value);
  for (const it of all("details.menu[open]")) if (!it.contains(at) || button) it.open = false;
  if (!button) return;
  if (act || to || button.name === "show") event.preventDefault();
  if (act) send(() => button.isConnected && JSON.parse(button.dataset.op || button.value));
  else if (button.matches(".opens")) go(button.closest(".story").id);
  else if (button.name === "show") show(button.value);
  else if (to) { $("problem-list").hidePopover(); go(to); }
  else if (look || button.matches("[data-dark]")) {
    if (look) {
      text = +(($("frames").dataset.look = look) === "text");
      for (const it of all("button[data-look]")) it.ariaPressed = it === button;
    } else button.ariaPressed = !!(dark = 1 - dark);
    letter();
  } else if (section) $("elements").dataset.section = section;
  else if (kind) {
    const box = $("elements"), place = { text: inside, section: +box.dataset.section };
    box.hidePopover();
    send(kind === "section" ? { op: kind, do: "add", title } : kind === "words" ? { op: kind, ...place } : { op: "element", do: "insert", kind, title, ...place });
  } else if (choice && held) {
    const { it, op, etag: now } = held, { etag: base = etag, ...mine } = op, got = await post("/merge", { etag: now, base, mine, choice });
    if (got[0] > 499) return state("bad", why(got[1]));
    took(got, it, op);
    run();
  } else if (button.href && waiting() && !left && !button.target) {
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
  const [status, said] = file.size > 8e6 ? [413, { error: { what: words.large, mend: "" } }] : await post("/picture", sent);
  at.value = "";
  if (status > 399) state("bad", why(said)); else send(() => ({ op: "edit", line: line(card), image: said.image }));
});

const events = new EventSource(`/events?slug=${base.slice(7)}`), hear = (name, does) => events.addEventListener(name, event => does(JSON.parse(event.data)));
hear("hello", said => { mine = said.page; heard = said.etag; run(); });
hear("file", said => { heard = said.etag; run(); });
hear("presence", ({ people }) => {
  for (const it of all(".presence")) it.remove();
  for (const { name, page: other, key } of people) if (other !== mine) $(key)?.append(Object.assign(page.createElement("span"), { className: "initial presence", textContent: name[0], title: name }));
});
